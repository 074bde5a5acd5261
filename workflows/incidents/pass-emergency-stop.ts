import type { Run } from '../blocks/run.ts';
import type { Target } from '../domain/vocabulary.ts';
import { awaitNoStop, readStops } from './incident-activities.ts';

/** Immediately before a write to production, to one target or to those of a wave: waits for as long as somebody holds their releases back, and the run says who and why. A rollback does not ask. */
export async function passEmergencyStop(run: Run, target: Target | Target[]): Promise<void> {
  const concerned = Array.isArray(target) ? { targets: target } : { target };
  const { holds } = await readStops(concerned);
  if (holds.length === 0) return;
  run.progress(holds.map(({ by, reason }) => `Stopped before production by ${by}: ${reason}`));
  await awaitNoStop(concerned);
  run.progress([]);
}
