/** The activities that training failures need beside those of a release, each with its time budget and the line that Temporal Web UI shows beside it. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createFailureRuleActivities } from '../../activities/estate/failure-rules.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, looking, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type AzureMl = ReturnType<typeof createAzureMlActivities>;
type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

/** Thousands of jobs are listed page by page. */
const listing: ActivityOptions = { ...brief, startToCloseTimeout: '10m' };

/** What is not told within ten minutes, the next look finds. */
const telling: ActivityOptions = { ...brief, startToCloseTimeout: '30s', scheduleToCloseTimeout: '10m' };

export const { loadFailureRules } = on<ReturnType<typeof createFailureRuleActivities>>(TaskQueue.Estate, looking, 'Load how many failures are too many');
export const { loadFleet } = on<ReturnType<typeof createEstateActivities>>(TaskQueue.Estate, brief, 'Load all circuits of the estate');
export const { findFailedTrainings } = on<AzureMl>(TaskQueue.AzureMl, listing, 'Find the training jobs that failed');
export const { readTrainingFailure } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Review the log of the job');
export const { checkBatchData: checkTrainingData } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Look whether the data are there now');
export const { readComputeQuota } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read usage against limit');
export const { planEnvironmentRebuild } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read the environment that does not work');
export const { registerEnvironment: registerRebuilt } = on<AzureMl>(TaskQueue.AzureMl, undoable(), 'Register the environment anew, and read it back');
export const { retryTrainingJob } = on<AzureMl>(TaskQueue.AzureMl, undoable(), 'Submit the failed job once more');
export const { keepReport: keepTable } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Keep the table of the failures');
export const { locateConfigError } = on<AzureDevOps>(TaskQueue.AzureDevOps, brief, 'Find the line of the configuration, and its author');
export const { findClosedRuns } = on<Runs>(TaskQueue.Runs, looking, 'Look whether the run that was started still goes on');
export const { awaitRunClosed } = on<Runs>(TaskQueue.Runs, polling(1_000, '10m', looking), 'Wait until the run that has ended is closed');
export const { tellFailureCount } = on<Runs>(TaskQueue.Runs, telling, 'Tell the counter of training failures');
