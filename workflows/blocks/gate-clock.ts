/** A gate's clock at work: one durable timer after the other, so that a history holds only the next one. */
import { sleep } from '@temporalio/workflow';
import { elapsedTicks, needsCalendar, type Tick } from '../domain/gate-clock.ts';
import type { GateServices } from './gate-request.ts';
import type { OpenGate } from './open-gate.ts';
import { now } from './workflow-clock.ts';

export interface ClockHands {
  /** Places working hours in time; null where that cannot be done. */
  planClock: (...clock: Parameters<GateServices['planClock']>) => Promise<Tick[] | null>;
  /** The instants are known. */
  planned: (ticks: readonly Tick[]) => void;
  /** Before each tick: takes over a changed policy. */
  reload: () => Promise<void>;
  /** Something is due. */
  tick: (tick: Tick) => void;
}

/** Runs until it is cancelled with the gate, or until the gate has expired. */
export async function runClock(open: OpenGate, { planClock, planned, reload, tick }: ClockHands): Promise<void> {
  const { clock, onSilence } = open.policy;
  const ticks = (needsCalendar(clock) ? await planClock(clock, open.openedAt, open.eligible) : null) ?? elapsedTicks(clock, open.openedAt);
  planned(ticks);
  for (const next of ticks) {
    await sleepUntil(next.at, `${what(next)} ${open.gate}`);
    await reload();
    tick(next);
  }
  // Held: nobody's silence decides, so people are asked again for as long as it takes.
  while (onSilence === 'hold') {
    await sleep(clock.decide.afterMs, { summary: `Held ${open.gate}: ask again` });
    await reload();
    tick({ kind: 'decide', at: now().toISOString() });
  }
}

/** Sleeps until an absolute instant: a worker that is away when a timer fires must not move the next one. */
export async function sleepUntil(instant: string, summary: string): Promise<void> {
  const remaining = Date.parse(instant) - now().getTime();
  if (remaining > 0) await sleep(remaining, { summary });
}

function what(tick: Tick): string {
  if (tick.kind === 'remind') return 'Remind the approvers of';
  if (tick.kind === 'escalate') return `Escalate to ${tick.to}:`;
  return tick.kind === 'widen' ? 'Widen the approvers of' : 'Deadline of';
}
