/** Starting a run, the same way for the command line and for webhooks: one workflow for each thing that may be done once. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { parseInput, type Runbook, type StartOptions } from './runbooks.ts';

export interface StartedRun {
  workflowId: string;
  runId: string;
}

/** A run of this id exists: it runs, or has ended and may not be repeated without a reason. */
export class AlreadyStarted extends Error {
  readonly workflowId: string;

  constructor(workflowId: string) {
    super(`${workflowId} was started before`);
    this.workflowId = workflowId;
  }
}

/** What was asked for is not done this way; the message says how it is. */
export class StartRefused extends Error {}

/**
 * Starts a runbook; returns once Temporal has it. Temporal itself refuses the second start of an id, so that callers need no memory of their own; with `again` only a running
 * one stands in the way.
 *
 * @throws InputError, StartRefused, AlreadyStarted, and the client's own errors when Temporal does not answer
 */
export async function startRunbook<I extends object>(client: Client, runbook: Runbook<I>, value: unknown, options: StartOptions = {}): Promise<StartedRun> {
  const parsed = parseInput(runbook, value);
  if (options.again && runbook.insteadOfAgain) throw new StartRefused(runbook.insteadOfAgain(parsed, options.again));
  const input = runbook.attribute(parsed, options);
  const workflowId = runbook.workflowId(input);
  try {
    const handle = await client.workflow.start(runbook.name, {
      workflowId,
      taskQueue: TaskQueue.Runbooks,
      args: [input],
      workflowIdReusePolicy: options.again || runbook.isRepeatable ? WorkflowIdReusePolicy.ALLOW_DUPLICATE : WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      staticSummary: runbook.summary(input),
      staticDetails: runbook.details(input),
      typedSearchAttributes: runbook.searchAttributes(input),
    });
    return { workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw new AlreadyStarted(workflowId);
    throw error;
  }
}
