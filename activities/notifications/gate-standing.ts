/** Whether a gate that people are told of is still open, asked of its run. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { queryGate } from '../runs/waiting-gates.ts';

/** `over`: it has been decided, or its run has ended. `unknown`: neither Temporal nor a worker says. */
export type GateStanding = 'open' | 'over' | 'unknown';

/** How long Temporal has to say whether the run is open, in milliseconds. */
const describeMs = 3_000;

/** Safe to repeat because it only reads. A query answers for terminated runs too, so the run's own state comes first. */
export async function gateStanding(client: Client, { workflowId, runId, gate }: Pick<GateEvent, 'workflowId' | 'runId' | 'gate'>): Promise<GateStanding> {
  try {
    const { status, runId: current } = await client.connection.withDeadline(Date.now() + describeMs, () => client.workflow.getHandle(workflowId).describe());
    if (status.name !== 'RUNNING' && status.name !== 'PAUSED') return 'over';
    const view = await queryGate(client, { workflowId, runId: current });
    if (view !== null && 'unread' in view) return 'unknown'; // no worker answers, or the run is broken
    return view !== null && view.runId === runId && view.gate === gate ? 'open' : 'over';
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? 'over' : 'unknown';
  }
}
