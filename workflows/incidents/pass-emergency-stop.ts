import type { Run } from '../blocks/run.ts';
import type { Target } from '../domain/vocabulary.ts';
import { awaitNoStop, readStops } from './incident-activities.ts';

/** Immediately before a release's write to production: waits for as long as somebody holds the target's releases back, and the run says who and why. A rollback does not ask. */
export async function passEmergencyStop(run: Run, target: Target): Promise<void> {
  const { holds } = await readStops({ target });
  if (holds.length === 0) return;
  run.progress(holds.map(({ by, reason }) => `Stopped before production by ${by}: ${reason}`));
  await awaitNoStop({ target });
  run.progress([]);
}
