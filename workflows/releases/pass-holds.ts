/** What holds a write to production back until it ends: emergency stops and freezes. A rollback asks for neither. */
import { BesideWait } from '../blocks/beside-wait.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { FreezePassed, FreezeWait, Held } from '../blocks/freeze-wait.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { StopHold } from '../domain/emergency-stop.ts';
import type { FreezeAction, FreezeStanding } from '../domain/freeze.ts';
import type { Target } from '../domain/vocabulary.ts';
import { readStops } from '../incidents/incident-activities.ts';
import { stopped, waitOutStop } from '../incidents/pass-emergency-stop.ts';
import { freezeChanged } from './freeze-activities.ts';

/** A write that is about to begin, to one target or to those of a wave. */
export interface Write extends Omit<Held, 'look' | 'change' | 'over'> {
  run: Run;
  freeze: FreezeWait;
  where: Target | Target[];
  action: FreezeAction;
  /** The phase that the run shows while it is stopped; without it, the one that it is in. */
  stoppedPhase?: string;
  /** Goes on for as long as it is held, such as a watch over what was written before: why it must not be waited for any more; null lets it wait. */
  beside?: () => Promise<string | null>;
}

/** `closesAt`: ISO instant at which the next freeze begins, as the estate has it. `over`: what came of what went on beside the wait, and ended it while it was held. */
export type HoldsPassed = FreezePassed & { closesAt: string | null; over: string | null };

/** Waits out emergency stops and freezes; at once where there are none. A newer version ends either wait. */
export async function passHolds(write: Write): Promise<HoldsPassed> {
  const { run, freeze } = write;
  let beside: BesideWait | null = null;
  try {
    for (let hasWaited = false; ; hasWaited = true) {
      const { holds, freeze: standing = null } = await lookForHolds(write);
      if (holds.length === 0 && !freeze.holds(standing)) return { hasWaited, superseded: null, closesAt: standing?.closesAt ?? null, over: null };
      beside ??= write.beside === undefined ? null : new BesideWait(write.beside, (error) => run.note(`What is to go on beside the wait failed: ${rootMessage(error)}`));
      const superseded = holds.length > 0 ? await waitOutStops(write, holds, beside) : await waitOutFreeze(write, standing, beside);
      const over = beside?.over ?? null;
      if (superseded !== null || over !== null) return { hasWaited: true, superseded, closesAt: null, over };
    }
  } finally {
    await beside?.end();
  }
}

async function waitOutStops({ run, where, freeze, stoppedPhase }: Write, holds: readonly StopHold[], beside: BesideWait | null): Promise<FreezePassed['superseded']> {
  if (stoppedPhase !== undefined) run.enter(stoppedPhase);
  await waitOutStop(run, where, holds, () => freeze.superseded?.reason ?? beside?.over ?? null);
  return freeze.superseded;
}

async function waitOutFreeze(write: Write, standing: FreezeStanding | null, beside: BesideWait | null): Promise<FreezePassed['superseded']> {
  const question = { targets: targetsOf(write), action: write.action };
  const look: Held['look'] = async () => (await lookForHolds(write)).freeze ?? null;
  return (await write.freeze.pass({ ...write, look, change: (known, boundMs) => freezeChanged(question, known, boundMs), ...(beside && { over: () => beside.over }) }, standing)).superseded;
}

/** Whether something holds it now. */
export async function isHeld(write: Write): Promise<boolean> {
  const { holds, freeze: standing = null } = await lookForHolds(write);
  return holds.length > 0 || write.freeze.holds(standing);
}

function lookForHolds({ where, action }: Write): ReturnType<typeof readStops> {
  return readStops({ ...stopped(where), action, at: now().toISOString() });
}

function targetsOf({ where }: Write): Target[] {
  return Array.isArray(where) ? where : [where];
}
