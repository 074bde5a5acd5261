/** What an alert does: joins what is under way, or starts its runbook; and what its end does to that. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { alertResolvedSignal } from '../blocks/alert-resolved.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { alertSignal } from '../blocks/monitoring-window.ts';
import { startOwnRun } from '../blocks/own-run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { Run } from '../blocks/run.ts';
import type { Alert, AlertEffect, AlertRouting, FailedJobPlace } from '../domain/alert.ts';
import { recoverBatchJobId, type RecoverBatchJobInput } from '../domain/batch-recovery.ts';
import { targetLabel } from '../domain/ids.ts';
import { reachIncident, wasTold, type Finding } from '../incidents/incident-reports.ts';
import { cancelUnneededRun, findAlertRun, findFailedJob, findIncident } from './alert-activities.ts';
import { alertJoinedSignal, alertLeftSignal } from './alert-end.ts';

export type Mapped = Extract<AlertRouting, { kind: 'mapped' }>;
/** `leader`: the run of the alert that started what this one joined. */
export type Acted = AlertEffect & { leader: string | null; /** What was opened or joined is an incident: people close it. */ isIncident?: true };

/** What an order still needs is not there. */
export type Unfound = { kind: 'unfound'; reason: string };

/** Of two alerts that come together, one starts the runbook and the other joins it: Temporal takes only one run of an id. */
export async function act(run: Run, alert: Alert, { target, order: routed, joinForMs }: Mapped): Promise<Acted | Unfound> {
  if (routed.needs?.kind === 'incident') return await actInIncident(alert, routed);
  const order = routed.needs ? await withFailedJob(run, alert, routed, routed.needs.place) : routed;
  if (order === null) return { kind: 'unfound', reason: `no failed batch job of ${targetLabel(target)} was found that is as old as the alert` };
  const since = new Date(now().getTime() - joinForMs).toISOString();
  for (;;) {
    const found = await findAlertRun({ target, workflowId: order.workflowId, since, ...(order.tellsRelease === false && { tellsRelease: false }) });
    if (found.kind === 'release' && (await wasSent(() => getExternalWorkflowHandle(found.workflowId, found.runId).signal(alertSignal, { name: alert.name })))) return { kind: 'told', workflowId: found.workflowId, runId: found.runId, leader: null };
    if (found.kind === 'run') return await join(found);
    const started = found.kind === 'none' ? await start(order, target) : null;
    if (started !== null) return started;
  }
}

/** The target's incident, which is one whatever opens it. */
async function actInIncident({ name, source }: Alert, { input }: Mapped['order']): Promise<Acted> {
  const finding = input as Finding;
  const { workflowId, runId, isNew } = await reachIncident(finding, { by: workflowInfo().workflowId, text: `alert ${name} of ${source} fires too: ${finding.title}`, severity: finding.severity }, findIncident);
  return { kind: isNew ? 'started' : 'joined', workflowId, runId: runId ?? '', leader: null, isIncident: true };
}

/** The alert does not name the job: the platform tells the newest one that failed. Null where none did. */
async function withFailedJob(run: Run, { firedAt }: Alert, order: Mapped['order'], place: FailedJobPlace): Promise<Mapped['order'] | null> {
  const found = await run.attempt('The failed job was not found', () => findFailedJob({ ...place, before: firedAt, intervalMs: 15_000 }));
  if (found === null) return null;
  const input = { ...(order.input as Omit<RecoverBatchJobInput, 'jobName'>), ...found };
  return { ...order, input, workflowId: recoverBatchJobId(input) };
}

/** Null where another one was quicker: look again. */
async function start(order: Mapped['order'], target: Mapped['target']): Promise<Acted | null> {
  const child = await startOwnRun({ ...order, target });
  return child === null ? null : { kind: 'started', workflowId: order.workflowId, runId: child.firstExecutionRunId, leader: null };
}

/** The alert that had started the run closes it, and not before this one has ended too. One that has closed already has nobody to tell. */
async function join({ workflowId, runId, leader }: { workflowId: string; runId: string; leader: string | null }): Promise<Acted> {
  const { workflowId: own } = workflowInfo();
  const isLed = leader !== null && leader !== own && (await wasSent(() => getExternalWorkflowHandle(leader).signal(alertJoinedSignal, own)));
  return { kind: leader === own ? 'started' : 'joined', workflowId, runId, leader: isLed ? leader : null };
}

/** What becomes of the run now that the alert, and all others that joined it, have ended; one sentence. */
export async function close({ kind, workflowId, runId, leader, isIncident }: Acted, alert: Alert, onResolved: Mapped['onResolved'], isOver: () => boolean): Promise<string> {
  if (isIncident) {
    if (onResolved === 'note') return 'nothing was to be closed';
    return (await wasTold(workflowId, { by: workflowInfo().workflowId, text: `alert ${alert.name} has ended`, severity: null })) ? `${workflowId} was told` : `${workflowId} had ended`;
  }
  if (leader !== null) {
    const { workflowId: own } = workflowInfo();
    return (await wasSent(() => getExternalWorkflowHandle(leader).signal(alertLeftSignal, own))) ? `${leader} was told` : `${leader} had ended`;
  }
  if (kind !== 'started' || onResolved === 'note') return 'nothing was to be closed';
  const told = await wasSent(() => getExternalWorkflowHandle(workflowId, runId).signal(alertResolvedSignal, { name: alert.name, key: alert.key }));
  if (!told) return `${workflowId} had ended`;
  if (onResolved === 'tell') return `${workflowId} was told`;
  // One that joined at the last moment has nobody but this run to rely on.
  if (!isOver()) return `${workflowId} was told, and goes on: another alert has joined`;
  const { state } = await cancelUnneededRun({ workflowId, runId });
  if (state === 'cancelled') return `${workflowId} was cancelled: it had changed nothing`;
  return state === 'ended' ? `${workflowId} had ended` : `${workflowId} was told, and goes on: it has changed production`;
}

/** Whether a signal reached a run; one that has ended takes none. */
async function wasSent(send: () => Promise<void>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (isCancelled(error)) throw error;
    return false;
  }
}
