import type { Store } from './store.ts';

/** The longest delay that setTimeout takes, in milliseconds (a signed 32-bit number). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

interface Appointment {
  dueMs: number;
  action: () => void;
  timer?: NodeJS.Timeout;
}

/**
 * The stand-in's time: real time plus what `POST /_sandbox/clock` has added. Tokens, time-outs and retries go by it; the
 * advance is kept in the store and so survives a restart.
 */
export class Clock {
  readonly #store: Store;
  readonly #appointments = new Set<Appointment>();
  #advancedMs: number;

  constructor(store: Store) {
    this.#store = store;
    this.#advancedMs = store.get<{ advancedMs: number }>('clock', 'clock')?.advancedMs ?? 0;
  }

  /** Milliseconds since the epoch. */
  nowMs(): number {
    return Date.now() + this.#advancedMs;
  }

  now(): Date {
    return new Date(this.nowMs());
  }

  /** The time as the platforms print it: ISO 8601, UTC. */
  iso(): string {
    return this.now().toISOString();
  }

  /** Moves the time forward and wakes what has become due. */
  advance(ms: number): void {
    this.#advancedMs += ms;
    this.#store.put('clock', 'clock', { advancedMs: this.#advancedMs });
    for (const appointment of [...this.#appointments]) this.#arrange(appointment);
  }

  /**
   * Calls `action` once the stand-in's time has reached `dueMs` (milliseconds since the epoch), also when an advance jumps
   * past it. Appointments live in memory only: their owner makes them anew after a restart.
   * @returns a function that cancels the appointment
   */
  at(dueMs: number, action: () => void): () => void {
    const appointment: Appointment = { dueMs, action };
    this.#appointments.add(appointment);
    this.#arrange(appointment);
    return () => this.#forget(appointment);
  }

  /** Cancels every appointment. */
  close(): void {
    for (const appointment of [...this.#appointments]) this.#forget(appointment);
  }

  #arrange(appointment: Appointment): void {
    clearTimeout(appointment.timer);
    const remainingMs = Math.min(Math.max(0, appointment.dueMs - this.nowMs()), LONGEST_TIMEOUT_MS);
    appointment.timer = setTimeout(() => {
      if (this.nowMs() < appointment.dueMs) return this.#arrange(appointment);
      this.#forget(appointment);
      appointment.action();
    }, remainingMs);
  }

  #forget(appointment: Appointment): void {
    clearTimeout(appointment.timer);
    this.#appointments.delete(appointment);
  }
}
