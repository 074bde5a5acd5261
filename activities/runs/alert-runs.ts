/** The runs of alerts: one for each occurrence, and those that they started. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { alertOfRun, followAlertId, type Alert, type AlertNews, type AlertSource, type ActiveAlerts } from '../../workflows/domain/alert.ts';
import { isRunOf } from '../../workflows/domain/ids.ts';
import { ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { perTargetRunbook, perTargetRunbooks } from '../../workflows/domain/schedules.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { recordProgress } from '../heartbeat.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute, describeRun, listRuns, quoted } from './visibility.ts';

const concurrency = 8;

/** Starts the run of an occurrence, or finds that it was started before: Temporal refuses the second one, also after the first has ended, for as long as it keeps that one. Throws the client's own errors. */
export async function startFollowAlert(client: Client, alert: Alert): Promise<{ workflowId: string; started: boolean }> {
  const workflowId = followAlertId(alert);
  try {
    await client.workflow.start('followAlert', {
      workflowId,
      taskQueue: TaskQueue.Runbooks,
      args: [{ alert }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      staticSummary: `Alert ${alert.name}`.slice(0, 200),
      staticDetails: `${alert.source}, ${alert.severity ?? 'severity not known'}, fired at ${alert.firedAt}\n\n${alert.description}`,
    });
    return { workflowId, started: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, started: false };
    throw error;
  }
}

/** Tells the run of an occurrence that its alert has ended; false where there is none that runs. Throws the client's own errors. */
export async function resolveFollowedAlert(client: Client, alert: Extract<AlertNews, { kind: 'resolved' }>['alert'], by: string): Promise<{ workflowId: string; told: boolean }> {
  const workflowId = followAlertId(alert);
  try {
    await client.workflow.getHandle(workflowId).signal('alertResolved', { by });
    return { workflowId, told: true };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { workflowId, told: false };
    throw error;
  }
}

export type FoundRun = { kind: 'release' | 'run'; workflowId: string; runId: string; /** The alert's run that started it. */ leader: string | null } | { kind: 'none' };

/**
 * What an alert about the target should join instead of starting a run: a release that watches the target (unless none is to be told), or a run of the same id that still runs, or that was started by another
 * alert within `joinForMs` and completed.
 *
 * Safe to retry because it only reads.
 */
export async function findAlertRun(client: Client, { target, workflowId, since, tellsRelease = true }: { target: Target; workflowId: string; /** ISO instant. */ since: string; tellsRelease?: boolean }): Promise<FoundRun> {
  const { runs } = !tellsRelease ? { runs: [] } : await listRuns(client, `WorkflowType = 'releaseModel' AND ExecutionStatus = 'Running' AND Plant = ${quoted(target.plant)} AND Circuit = ${quoted(target.circuit)}`);
  for (const { workflowId: release } of runs) {
    const described = await describeRun(client, release); // the list lags behind what the run says of itself
    if (described?.status.name === 'RUNNING' && attribute(described, 'Phase') === ReleaseModelPhase.Monitoring) return { kind: 'release', workflowId: release, runId: described.runId, leader: null };
  }
  const found = (await describeScheduled(client, workflowId, target)) ?? (await describeRun(client, workflowId));
  if (!found) return { kind: 'none' };
  const parent = found.parentExecution?.workflowId ?? null;
  const leader = parent !== null && alertOfRun(parent) !== null ? parent : null;
  const isRecent = found.status.name === 'COMPLETED' && leader !== null && found.startTime.toISOString() >= since;
  return found.closeTime === undefined || isRecent ? { kind: 'run', workflowId: found.workflowId, runId: found.runId, leader } : { kind: 'none' };
}

/** The circuit's run that a schedule has started under an id of its period, while it runs; null where there is none. */
async function describeScheduled(client: Client, workflowId: string, target: Target): Promise<WorkflowExecutionDescription | null> {
  const runbook = perTargetRunbooks.find((name) => perTargetRunbook(name)!.workflowId(target) === workflowId);
  if (runbook === undefined) return null;
  const { runs } = await listRuns(client, `WorkflowType = ${quoted(runbook)} AND ExecutionStatus = 'Running' AND Plant = ${quoted(target.plant)} AND Circuit = ${quoted(target.circuit)}`);
  for (const run of runs.filter((each) => each.workflowId !== workflowId && isRunOf(each.workflowId, workflowId))) {
    const described = await describeRun(client, run.workflowId);
    if (described?.closeTime === undefined) return described;
  }
  return null;
}

/**
 * Cancels a run whose alert has ended, where it has changed nothing in production.
 *
 * Safe to retry because a second cancellation of the same run changes nothing, and one that has ended is left.
 */
export async function cancelUnneededRun(client: Client, { workflowId, runId }: { workflowId: string; runId: string }): Promise<{ state: 'cancelled' | 'ended' | 'production changed' }> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    if ((await handle.describe()).status.name !== 'RUNNING') return { state: 'ended' };
    const { production } = await handle.query<RunStatus>('status');
    if (production !== 'unchanged') return { state: 'production changed' };
    await handle.cancel();
    return { state: 'cancelled' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'ended' };
    throw classifyTemporal(error, workflowId);
  }
}

/**
 * Starts a run for each active alert that has none, and tells the runs of alerts that fire no more. `before`, an ISO instant: a run that was started after it may be about an alert that
 * fired after the source was read.
 *
 * Safe to retry because a run is started once for each occurrence, and a second signal of the same end changes nothing.
 */
export async function takeUpAlerts(client: Client, { source, active, before }: { source: AlertSource; active: ActiveAlerts; before: string }): Promise<{ started: string[]; resolved: string[] }> {
  let done = 0;
  try {
    const taken = await pMap(active.alerts, async (alert) => {
      const { workflowId, started } = await startFollowAlert(client, alert);
      recordProgress({ done: (done += 1), of: active.alerts.length });
      return started ? [workflowId] : [];
    }, { concurrency });
    const resolved: string[] = [];
    const { runs } = active.complete ? await listRuns(client, `WorkflowType = 'followAlert' AND ExecutionStatus = 'Running' AND StartTime < ${quoted(before)}`) : { runs: [] };
    for (const { workflowId } of runs) {
      const alert = alertOfRun(workflowId);
      if (alert?.source !== source || !alert.key.startsWith(active.scope) || active.firing.includes(alert.key)) continue;
      const { told } = await resolveFollowedAlert(client, alert, 'reconciliation');
      if (told) resolved.push(workflowId);
    }
    return { started: taken.flat(), resolved };
  } catch (error) {
    throw classifyTemporal(error, 'the runs of alerts');
  }
}
