/** The day after an environment's update. */
import type { Alerted, Unwatched } from '../blocks/monitoring-window.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { successProblem, type FleetMember } from '../domain/environment.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { readBatchSuccess, watchAlertRates } from './environment-activities.ts';

type Rates = Awaited<ReturnType<typeof watchAlertRates>>;

/** So many times the week before's rate is a breach; a handful of alerts among many deployments is none. */
const [factor, atLeast] = [2, 3];

/**
 * Compares the alerts about all updated deployments since an ISO instant with the rates of the week before, for so many milliseconds from now on; 0: looks once. What was held before
 * the watch counts for both.
 */
export async function watchFleet({ workspaces, monitoring: { everyMs, breachSeverity } }: TargetPolicy, places: readonly FleetMember[], since: string, forMs: number): Promise<Rates> {
  const windowMs = now().getTime() - Date.parse(since) + forMs;
  return await watchAlertRates({ workspace: workspaces.production, places: [...places], since, breachSeverity, intervalMs: everyMs, polls: Math.ceil(forMs / everyMs) + 1, windowMs, factor, atLeast });
}

/** Compares, at the end of the window, how often batch jobs failed with the week before. What cannot be read is noted, and is no breach. */
export async function batchProblem(run: Run, { workspaces }: TargetPolicy, places: readonly FleetMember[], since: string): Promise<string | null> {
  const success = await run.attempt('The success of batch jobs could not be compared', () => readBatchSuccess({ workspace: workspaces.production, places: [...places], since }));
  return success && successProblem(success);
}

/** What the watch saw, in half a sentence. */
export function describeRates(verdict: Rates | Alerted | Unwatched): string {
  if (verdict.kind === 'alerted') return `alert ${verdict.name} came in`;
  if (verdict.kind === 'inconclusive') return `the monitoring window was inconclusive: ${verdict.reason}`;
  const rules = verdict.kind === 'breached' && verdict.rules.length > 0 ? ` (${verdict.rules.join(', ')})` : '';
  return `${verdict.alerts} alerts since the update${rules}, ${verdict.expected} expected by the week before`;
}
