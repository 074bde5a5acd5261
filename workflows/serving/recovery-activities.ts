/** The activities of a recovery, each with its time budget and the line that Temporal Web UI shows beside it. What a release does too comes from its own activities. */
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type AzureMl = ReturnType<typeof createAzureMlActivities>;
type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;

const write = undoable({ ...brief, startToCloseTimeout: '1h' });

export const { readBatchJob } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Identify the failed job');
export const { readJobFailure } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Review the log of the job');
export const { findLaterJobs } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Look whether somebody has retried it already');
export const { checkBatchData } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Check the paths of the data');
export const { checkEnvironment } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Check the environment');
export const { readBatchDeployment: readDeployment } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read the deployment as it is now');
export const { deployBatchModel: changeSettings } = on<AzureMl>(TaskQueue.AzureMl, write, 'Change the deployment, read back and compare');
export const { invokeBatchEndpoint: retryJob } = on<AzureMl>(TaskQueue.AzureMl, write, 'Retry the job');
export const { cancelDuplicateInvocations: cancelRetries } = on<AzureMl>(TaskQueue.AzureMl, write, 'Cancel late twins of the retry');
export const { createWorkItem: openWorkItem } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Open a work item for whoever goes on by hand');

/** Waits for the next job that somebody else starts: one look per attempt, no worker held in between; the bound is the estate's. */
export function awaitNextJob(input: Parameters<AzureMl['awaitNextJob']>[0], withinMs: number): ReturnType<AzureMl['awaitNextJob']> {
  return on<AzureMl>(TaskQueue.AzureMl, polling(input.intervalMs, withinMs), `Watch the next job of ${input.deployment}`).awaitNextJob(input);
}
