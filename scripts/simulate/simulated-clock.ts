/**
 * The clock of Temporal's time-skipping server, shared by everybody who acts in a simulation.
 *
 * The server skips to the next timer whenever nobody holds its time and neither a workflow task nor an activity is at work; otherwise its time runs at the machine's pace. Each
 * actor holds the time except while it waits, so nothing of the simulated world happens between the instant that an actor waited for and what it does then.
 */
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** Holding and releasing the time while somebody of the story waits or acts. Whoever opened the server holds it too. */
export class SimulatedClock {
  readonly #connection: TestWorkflowEnvironment['connection'];
  readonly #service: NonNullable<TestWorkflowEnvironment['connection']['testService']>;
  readonly #stopping = new AbortController();
  /** Whoever opened the server is the first. */
  #holders = 1;

  constructor({ connection }: TestWorkflowEnvironment) {
    this.#connection = connection;
    this.#service = connection.testService!; // every connection to a test server has one
  }

  /** Nobody waits any more: before the server goes, for a call that it leaves without an answer is tried again. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Milliseconds since the epoch. */
  async nowMs(): Promise<number> {
    const { time } = await this.#service.getCurrentTime({});
    return Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6);
  }

  /** Whether somebody of the story acts just now. */
  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** From here on the time stands unless the holder waits. */
  async hold(): Promise<void> {
    this.#holders += 1;
    await this.#service.lockTimeSkipping({});
  }

  async release(): Promise<void> {
    await this.#service.unlockTimeSkipping({});
    this.#holders -= 1;
  }

  /** Gives back a hold on the time that the server has lost: `left-locks.ts` tells which. */
  async giveBack(): Promise<void> {
    await this.#service.unlockTimeSkipping({});
  }

  /** A holder waits until this instant; at once if it has passed. */
  async until(instantMs: number): Promise<void> {
    const remainingMs = instantMs - (await this.nowMs());
    if (remainingMs <= 0) return;
    const duration = { seconds: Math.floor(remainingMs / 1000) as never, nanos: (remainingMs % 1000) * 1e6 };
    this.#holders -= 1;
    await this.#connection.withAbortSignal(this.#stopping.signal, () => this.#service.unlockTimeSkippingWithSleep({ duration })).finally(() => (this.#holders += 1));
  }

  /** A holder waits until something has come, however long. */
  async while<T>(comes: () => Promise<T>): Promise<T> {
    await this.release();
    try {
      return await comes();
    } finally {
      await this.hold();
    }
  }
}
