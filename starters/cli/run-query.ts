/** Asking a run itself. A worker must answer, so the answer may not come. */
import { QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { isLate, isUnavailable, within } from '../temporal-connection.ts';
import { callMs, type Session } from './session.ts';

export type Answered<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Milliseconds that a worker has to answer a query. */
const queryMs = 3_000;

/** Asks for `status`. */
export async function readStatus(session: Session, run: RunId): Promise<Answered<RunStatus>> {
  return await ask<RunStatus>(session, run, 'status');
}

/** Asks for the markdown that Temporal Web UI shows as current details. */
export async function readCurrentDetails(session: Session, run: RunId): Promise<Answered<string>> {
  const answered = await ask<{ currentDetails?: string }>(session, run, '__temporal_workflow_metadata');
  return answered.ok ? { ok: true, value: answered.value.currentDetails ?? '' } : answered;
}

/** Whether any worker has asked for runbooks lately. Temporal forgets a worker only minutes after it has gone. */
export async function hasRunbookWorker({ client }: Session): Promise<boolean> {
  const { pollers } = await within(client, callMs, () =>
    client.workflowService.describeTaskQueue({ namespace: client.options.namespace, taskQueue: { name: TaskQueue.Runbooks }, taskQueueType: 1 }), // workflow tasks
  );
  return (pollers ?? []).length > 0;
}

/** The sentence that explains why a run does not answer, and what to do. */
export async function silenceAdvice(session: Session): Promise<string> {
  const hasWorker = await hasRunbookWorker(session).catch(() => true);
  return hasWorker
    ? 'A worker serves the runbooks, or did until minutes ago, but does not answer for this one: look at the log of the worker, and at the run in Temporal Web UI.'
    : `No worker serves the runbooks (task queue ${TaskQueue.Runbooks}): start one with \`npm run worker\`, or everything with \`npm run up\`.`;
}

interface RunId {
  workflowId: string;
  runId: string;
}

async function ask<T>({ client }: Session, { workflowId, runId }: RunId, query: string): Promise<Answered<T>> {
  try {
    return { ok: true, value: await within(client, queryMs, () => client.workflow.getHandle(workflowId, runId).query<T>(query)) };
  } catch (error) {
    if (isUnavailable(error)) throw error;
    if (isLate(error)) return { ok: false, reason: `no worker answered within ${queryMs / 1000} s` };
    if (error instanceof ServiceError || error instanceof QueryNotRegisteredError) return { ok: false, reason: error.cause instanceof Error ? error.cause.message : error.message };
    throw error;
  }
}
