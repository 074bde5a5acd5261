/** What an alert does: joins what is under way, or starts its runbook; and what its end does to that. */
import { ChildWorkflowCancellationType, getExternalWorkflowHandle, ParentClosePolicy, startChild, workflowInfo, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { alertResolvedSignal } from '../blocks/alert-resolved.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { alertSignal } from '../blocks/monitoring-window.ts';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { Alert, AlertEffect, AlertRouting } from '../domain/alert.ts';
import { cancelUnneededRun, findAlertRun } from './alert-activities.ts';
import { alertJoinedSignal, alertLeftSignal } from './alert-end.ts';

export type Mapped = Extract<AlertRouting, { kind: 'mapped' }>;
/** `leader`: the run of the alert that started what this one joined. */
export type Acted = AlertEffect & { leader: string | null };

/** Of two alerts that come together, one starts the runbook and the other joins it: Temporal takes only one run of an id. */
export async function act(alert: Alert, { target, order, joinForMs }: Mapped): Promise<Acted> {
  const since = new Date(now().getTime() - (order.isLook ? 0 : joinForMs)).toISOString();
  for (;;) {
    const found = await findAlertRun({ target, workflowId: order.workflowId, since, ...(order.isLook && { besideReleases: true }) });
    if (found.kind === 'release' && (await wasSent(() => getExternalWorkflowHandle(found.workflowId, found.runId).signal(alertSignal, { name: alert.name })))) return { kind: 'told', workflowId: found.workflowId, runId: found.runId, leader: null };
    if (found.kind === 'run') return await join(found);
    const started = found.kind === 'none' ? await start(order, target) : null;
    if (started !== null) return started;
  }
}

async function start({ runbook, workflowId, input, summary }: Mapped['order'], { plant, circuit }: Mapped['target']): Promise<Acted | null> {
  try {
    const child = await startChild(runbook, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ Plant: plant, Circuit: circuit }),
      staticSummary: summary,
    });
    return { kind: 'started', workflowId, runId: child.firstExecutionRunId, leader: null };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null; // another one was quicker: look again
    throw error;
  }
}

/** The alert that had started the run closes it, and not before this one has ended too. One that has closed already has nobody to tell. */
async function join({ workflowId, runId, leader }: { workflowId: string; runId: string; leader: string | null }): Promise<Acted> {
  const { workflowId: own } = workflowInfo();
  const isLed = leader !== null && leader !== own && (await wasSent(() => getExternalWorkflowHandle(leader).signal(alertJoinedSignal, own)));
  return { kind: leader === own ? 'started' : 'joined', workflowId, runId, leader: isLed ? leader : null };
}

/** What becomes of the run now that the alert, and all others that joined it, have ended; one sentence. */
export async function close({ kind, workflowId, runId, leader }: Acted, alert: Alert, onResolved: Mapped['onResolved'], isOver: () => boolean): Promise<string> {
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
