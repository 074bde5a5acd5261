/** The runbooks that an alert may start: how each is called for a target, and what it is given. A runbook that is to be routed to needs its line here, and nothing else. */
import type { Alert, AlertOrder, FailedJobPlace } from './alert.ts';
import { recoverBatchJobId } from './batch-recovery.ts';
import { findTrainingFailuresId } from './failure-count.ts';
import { investigateDegradationId, retrainOnDriftId, rollBackModelId, targetLabel } from './ids.ts';
import type { Severity, Target } from './vocabulary.ts';

/** What the estate adds to an alert. */
export interface RoutedTo {
  target: Target;
  /** The target's own; an alert's goes first. */
  severity: Severity;
  /** Where the target's batch jobs are. */
  place: FailedJobPlace;
  /** The failed job, where the alert names it. */
  jobName: string | null;
}

interface AlertRunbook {
  order: (to: RoutedTo, alert: Alert) => Pick<AlertOrder, 'workflowId' | 'input' | 'needs'>;
  /** False: also while a release watches the target, which would take the alert for a verdict on its version. */
  tellsRelease: boolean;
  /** Whether its run may be cancelled when the alert has ended. */
  isCancellable: boolean;
}

const runbooks: Record<string, AlertRunbook> = {
  rollBackModel: { order: ({ target }, alert) => ({ workflowId: rollBackModelId(target), input: { target, reason: reasonOf(alert), alert: nameAndId(alert) } }), tellsRelease: true, isCancellable: true },
  investigateDegradation: { order: ({ target }, alert) => ({ workflowId: investigateDegradationId(target), input: { target, alert: nameAndId(alert) } }), tellsRelease: true, isCancellable: true },
  retrainOnDrift: { order: ({ target }, alert) => ({ workflowId: retrainOnDriftId(target), input: { target, reason: reasonOf(alert), alert: nameAndId(alert) } }), tellsRelease: true, isCancellable: true },
  recoverBatchJob: {
    order: ({ target, place, jobName }, { key }) => {
      const input = { target, alert: key };
      return jobName === null ? { workflowId: '', input, needs: { kind: 'failed job', place } } : { workflowId: recoverBatchJobId({ target, jobName }), input: { ...input, jobName } };
    },
    tellsRelease: false,
    isCancellable: true,
  },
  // One for each target, not for each alert: its name is found when it is opened.
  coordinateIncident: {
    order: ({ target, severity }, alert) => ({ workflowId: '', input: { target, severity: alert.severity ?? severity, title: reasonOf(alert).slice(0, 200), reportedBy: `alert ${alert.name} of ${alert.source}`.slice(0, 200) }, needs: { kind: 'incident' } }),
    tellsRelease: false,
    isCancellable: false,
  },
  // Not the circuit's own matter: the target only names one that is trained there.
  findTrainingFailures: { order: (_to, alert) => ({ workflowId: findTrainingFailuresId, input: { alert: alert.name } }), tellsRelease: false, isCancellable: true },
};

export const alertRunbooks: readonly string[] = Object.keys(runbooks);

/** Whether `onResolved: cancel` fits: an incident is over when people say so. */
export function isCancellableByAlert(runbook: string): boolean {
  return runbooks[runbook]?.isCancellable ?? true;
}

/** What is started for an alert. */
export function alertOrder(runbook: string, to: RoutedTo, alert: Alert): AlertOrder {
  const { order, tellsRelease } = runbooks[runbook]!;
  return { runbook, ...order(to, alert), ...(!tellsRelease && { tellsRelease }), summary: `${runbook} of ${targetLabel(to.target)}: ${alert.name}`.slice(0, 200) };
}

function nameAndId({ name, key }: Alert): { name: string; id: string } {
  return { name, id: key };
}

function reasonOf({ name, severity, description }: Alert): string {
  return `Alert ${name}${severity === null ? '' : ` (${severity})`}${description === '' ? '' : `: ${description}`}`;
}
