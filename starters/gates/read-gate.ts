/** Asking one run what it waits for. A worker must answer, so the answer may not come. */
import { ServiceError, type Client } from '@temporalio/client';
import { unreadGate } from '../../activities/runs/unread-gate.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { isUnavailable, within } from '../temporal-connection.ts';

/** Milliseconds that a worker has to answer a query: it may have to replay a long history first. */
const queryMs = 3_000;
/** Milliseconds that Temporal has to say whether a run is open. */
const describeMs = 3_000;

/** It is not known what the run waits for: no worker answered in time, or the run is broken. */
export class GateSilent extends Error {
  readonly workflowId: string;
  readonly reason: string;
  /** Whether somebody answered, and said that the run cannot go on. */
  readonly isBroken: boolean;

  constructor(workflowId: string, reason: string, isBroken = false) {
    super(`${workflowId} does not say what it waits for: ${reason}`);
    this.workflowId = workflowId;
    this.reason = reason;
    this.isBroken = isBroken;
  }
}

/**
 * The gate at which a run waits now; null when it waits at none, or has ended: a query would still answer for a run that was terminated at a gate.
 *
 * @throws WorkflowNotFoundError for an unknown id, GateSilent when no worker answers or the run is broken, and the client's own errors when Temporal is away
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
    const unread = unreadGate(error);
    if (unread?.kind === 'nothing') return null; // a runbook without gates, or a run that is gone meanwhile
    if (unread?.kind === 'silent') throw new GateSilent(workflowId, `no worker answered within ${queryMs / 1000} s`);
    if (unread?.kind === 'broken') throw new GateSilent(workflowId, unread.reason, true);
    if (error instanceof ServiceError) throw new GateSilent(workflowId, error.cause instanceof Error ? error.cause.message : error.message);
    throw error;
  }
}
