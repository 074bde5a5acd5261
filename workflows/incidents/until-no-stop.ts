import type { Run } from '../blocks/run.ts';
import type { StopHold } from '../domain/emergency-stop.ts';
import type { Target } from '../domain/vocabulary.ts';
import { awaitNoStop } from './incident-activities.ts';

/** Before a release's write to production: waits for as long as somebody holds the target's releases back, and the run says who and why. A rollback does not ask. */
export async function untilNoStop(run: Run, target: Target, holds: readonly StopHold[]): Promise<void> {
  run.progress(holds.map(({ by, reason }) => `Stopped before production by ${by}: ${reason}`));
  await awaitNoStop({ target });
  run.progress([]);
}
