/** The counter of a workspace's training failures, as whoever saw one reaches it through a Temporal client. */
import type { Client } from '@temporalio/client';
import { failureCountId, type TrainingFailure } from '../../workflows/domain/failure-count.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { classifyTemporal } from './temporal-failures.ts';

/** How long Temporal has to take a signal, in milliseconds. */
const signalMs = 10_000;

export interface TellFailureCountInput {
  /** Name of the workspace. */
  workspace: string;
  /** Training jobs that failed. */
  failures?: TrainingFailure[];
  /** A run that has dealt with jobs, and ends. */
  ended?: { workflowId: string; runId: string; jobs: string[] };
}

/**
 * Tells the counter of a workspace, starting it where it is told for the first time.
 *
 * Safe to retry because the counter counts a job once, however often it is told, and an end that it knows changes nothing.
 */
export async function tellFailureCount(client: Client, { workspace, failures = [], ended }: TellFailureCountInput): Promise<{ told: number }> {
  const workflowId = failureCountId(workspace);
  const counter = {
    workflowId,
    taskQueue: TaskQueue.Runbooks,
    args: [{ workspace }],
    staticSummary: `Training failures in ${workspace}`,
    staticDetails: `Counts the training jobs that fail in ${workspace}. It never ends; its current details show which ones count.`,
  };
  const signal = (name: string, value: unknown): Promise<unknown> => client.connection.withDeadline(Date.now() + signalMs, () => client.workflow.signalWithStart('countTrainingFailures', { ...counter, signal: name, signalArgs: [value] }));
  try {
    if (failures.length > 0) await signal('trainingFailed', failures);
    if (ended !== undefined) await signal('failuresResolved', ended);
    return { told: failures.length };
  } catch (error) {
    throw classifyTemporal(error, workflowId);
  }
}
