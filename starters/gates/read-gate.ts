/** Asking one run what it waits for. A worker must answer, so the answer may not come. */
import { QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { isLate, isUnavailable, within } from '../temporal-connection.ts';

/** Milliseconds that a worker has to answer a query: it may have to replay a long history first. */
const queryMs = 3_000;
/** Milliseconds that Temporal has to say whether a run is open. */
const describeMs = 3_000;

/** No worker answered for the run in time, so it is not known what it waits for. */
export class GateSilent extends Error {
  readonly workflowId: string;

  constructor(workflowId: string, reason: string) {
    super(`${workflowId} does not say what it waits for: ${reason}`);
    this.workflowId = workflowId;
  }
}

/**
 * The gate at which a run waits now; null when it waits at none, or has ended: a query would still answer for a run that was terminated at a gate.
 *
 * @throws WorkflowNotFoundError for an unknown id, GateSilent when no worker answers, and the client's own errors when Temporal is away
 */
export async function readGate(client: Client, workflowId: string): Promise<GateView | null> {
  const { status, runId } = await within(client, describeMs, () => client.workflow.getHandle(workflowId).describe());
  if (status.name !== 'RUNNING' && status.name !== 'PAUSED') return null;
  return await queryGate(client, { workflowId, runId });
}

/** The same for a run that is known to be open. */
export async function queryGate(client: Client, { workflowId, runId }: { workflowId: string; runId?: string }): Promise<GateView | null> {
  try {
    return await within(client, queryMs, () => client.workflow.getHandle(workflowId, runId).query<GateView | null>('gate'));
  } catch (error) {
    if (isUnavailable(error)) throw error;
    if (error instanceof QueryNotRegisteredError) return null; // a runbook without gates
    if (isLate(error)) throw new GateSilent(workflowId, `no worker answered within ${queryMs / 1000} s`);
    if (error instanceof ServiceError) throw new GateSilent(workflowId, error.cause instanceof Error ? error.cause.message : error.message);
    throw error;
  }
}
