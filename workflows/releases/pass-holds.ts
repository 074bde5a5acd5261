/** What holds a write to production back until it ends: emergency stops and freezes. A rollback asks for neither. */
import type { FreezePassed, FreezeWait, Held } from '../blocks/freeze-wait.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { FreezeAction } from '../domain/freeze.ts';
import type { Target } from '../domain/vocabulary.ts';
import { readStops } from '../incidents/incident-activities.ts';
import { waitOutStop } from '../incidents/pass-emergency-stop.ts';
import { freezeChanged } from './freeze-activities.ts';

/** A write that is about to begin, to one target or to those of a wave. */
export interface Write extends Omit<Held, 'look' | 'change'> {
  run: Run;
  freeze: FreezeWait;
  where: Target | Target[];
  action: FreezeAction;
  /** The phase that the run shows while it is stopped; without it, the one that it is in. */
  stoppedPhase?: string;
}

/** Waits out emergency stops and freezes; at once where there are none. A newer version ends either wait. `closesAt`: ISO instant at which the next freeze begins, as the estate has it. */
export async function passHolds(write: Write): Promise<FreezePassed & { closesAt: string | null }> {
  const { run, freeze, where, action, stoppedPhase } = write;
  const question = { targets: targetsOf(write), action };
  for (let hasWaited = false; ; hasWaited = true) {
    const { holds, freeze: standing = null } = await lookForHolds(write);
    if (holds.length > 0) {
      if (stoppedPhase !== undefined) run.enter(stoppedPhase);
      await waitOutStop(run, where, holds, () => freeze.superseded?.reason ?? null);
      if (freeze.superseded) return { hasWaited: true, superseded: freeze.superseded, closesAt: null };
    } else if (freeze.holds(standing)) {
      const look: Held['look'] = async () => (await lookForHolds(write)).freeze ?? null;
      const { superseded } = await freeze.pass({ ...write, look, change: (known, boundMs) => freezeChanged(question, known, boundMs) }, standing);
      if (superseded) return { hasWaited: true, superseded, closesAt: null };
    } else return { hasWaited, superseded: null, closesAt: standing?.closesAt ?? null };
  }
}

/** Whether something holds it now. */
export async function isHeld(write: Write): Promise<boolean> {
  const { holds, freeze: standing = null } = await lookForHolds(write);
  return holds.length > 0 || write.freeze.holds(standing);
}

function lookForHolds({ where, action }: Write): ReturnType<typeof readStops> {
  return readStops({ ...(Array.isArray(where) ? { targets: where } : { target: where }), action, at: now().toISOString() });
}

function targetsOf({ where }: Write): Target[] {
  return Array.isArray(where) ? where : [where];
}
