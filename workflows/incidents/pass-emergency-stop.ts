import type { Run } from '../blocks/run.ts';
import type { StopHold } from '../domain/emergency-stop.ts';
import type { Target } from '../domain/vocabulary.ts';
import { awaitNoStop, readStops } from './incident-activities.ts';

/** Immediately before a write to production, to one target or to those of a wave: waits for as long as somebody holds their releases back, and the run says who and why. A rollback does not ask. */
export async function passEmergencyStop(run: Run, target: Target | Target[]): Promise<void> {
  const { holds } = await readStops(Array.isArray(target) ? { targets: target } : { target });
  if (holds.length > 0) await untilNoStop(run, target, holds);
}

/** The wait alone, for who has asked already. */
export async function untilNoStop(run: Run, target: Target | Target[], holds: readonly StopHold[]): Promise<void> {
  run.progress(holds.map(({ by, reason }) => `Stopped before production by ${by}: ${reason}`));
  await awaitNoStop(Array.isArray(target) ? { targets: target } : { target });
  run.progress([]);
}
