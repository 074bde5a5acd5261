import { ApplicationFailure } from '@temporalio/workflow';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { reconcilePhase, type AlertSource, type ReconcileAlertsInput, type ReconcileAlertsResult } from '../domain/alert.ts';
import { FailureType } from '../domain/failures.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { loadAlertSources, readActiveAlerts, takeUpAlerts } from './alert-activities.ts';

const defaultGraceMs = 120_000;

/**
 * Reads the active alerts of every source that the estate names, takes up those that no webhook has told of, and closes those that fire no more. Run when the receiver starts and by a
 * schedule, so that an outage of the receiver or of Temporal loses no alert. A source that cannot be read fails the run, but keeps no other from being read.
 */
export async function reconcileAlerts({ graceMs = defaultGraceMs }: ReconcileAlertsInput = {}): Promise<ReconcileAlertsResult> {
  const run = new Run({ phase: reconcilePhase, target: null, appendToRecord });
  const result: ReconcileAlertsResult = { outcome: 'succeeded', reason: '', sources: [] };
  return await run.conclude(async () => {
    const { sources, subscriptionId } = await loadAlertSources({});
    const unread: AlertSource[] = [];
    for (const source of sources) {
      const before = new Date(now().getTime() - graceMs).toISOString();
      const done = await run.attempt(`${source} could not be reconciled`, async () => {
        const active = await readActiveAlerts(source, subscriptionId);
        return { source, firing: active.firing.length, ...(await takeUpAlerts({ source, active, before })) };
      });
      if (done === null) unread.push(source);
      else result.sources.push(done);
    }
    if (unread.length > 0) throw ApplicationFailure.nonRetryable(`the active alerts of ${unread.join(' and ')} could not be reconciled`, FailureType.Unavailable);
    const count = (of: 'started' | 'resolved'): number => result.sources.reduce((sum, source) => sum + source[of].length, 0);
    return { ...result, reason: sources.length === 0 ? 'the estate names no source of alerts' : `${count('started')} alerts taken up, ${count('resolved')} closed` };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}
