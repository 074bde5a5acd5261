import { CancellationScope, condition } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { StopHold } from '../domain/emergency-stop.ts';
import type { Target } from '../domain/vocabulary.ts';
import { awaitNoStop } from './incident-activities.ts';

/** One target, or those of a wave, as the activities ask whether they are stopped. */
export function stopped(where: Target | Target[]): { target: Target } | { targets: Target[] } {
  return Array.isArray(where) ? { targets: where } : { target: where };
}

/**
 * Immediately before a write to production, to one target or to those of a wave: waits for as long as somebody holds their releases back, or until there is nothing to wait for any more, and
 * the run says who and why, on its card and on record. A rollback does not ask.
 *
 * @param over says what ended the wait; null for as long as it goes on
 */
export async function waitOutStop(run: Run, target: Target | Target[], holds: readonly StopHold[], over: () => string | null): Promise<void> {
  const since = now().toISOString();
  run.progress(holds.map(({ by, reason }) => `Stopped before production by ${by}: ${reason}`));
  const waiting = new CancellationScope();
  try {
    await waiting.run(() => Promise.race([awaitNoStop(stopped(target)), condition(() => over() !== null)]));
  } finally {
    waiting.cancel();
    run.progress([]);
  }
  const ended = over();
  const by = holds.map((hold) => `${hold.by} (${hold.reason})`).join(', ');
  run.record.add({ kind: 'finding', what: 'held by an emergency stop', detail: `${by}: from ${since} until ${now().toISOString()}${ended === null ? '' : `; ${ended}`}` });
}
