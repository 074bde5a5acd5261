/** The activities of a release, each on its platform's queue, with its time budget and the line that Temporal Web UI shows beside it. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createAzureMonitorActivities } from '../../activities/azure-monitor/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createMlflowActivities } from '../../activities/mlflow/index.ts';
import type { createNotificationActivities } from '../../activities/notifications/index.ts';
import type { createRecordActivities } from '../../activities/record/index.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, looking, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type AzureMl = ReturnType<typeof createAzureMlActivities>;
type AzureMonitor = ReturnType<typeof createAzureMonitorActivities>;
type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;
type Estate = ReturnType<typeof createEstateActivities>;
type Mlflow = ReturnType<typeof createMlflowActivities>;
type Notifications = ReturnType<typeof createNotificationActivities>;
type Record = ReturnType<typeof createRecordActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

const write = undoable({ ...brief, startToCloseTimeout: '1h' });

/** Messages to people: useless after an hour, and nobody waits for them. */
const message: ActivityOptions = { ...brief, startToCloseTimeout: '30s', scheduleToCloseTimeout: '1h' };

/** Looks at other runs that this one can go on without. */
const tending: ActivityOptions = { ...brief, startToCloseTimeout: '30s', scheduleToCloseTimeout: '10m' };

/** A note that the run goes on without when it cannot be written: a platform that is away must not keep the lock taken for hours. */
const noting: ActivityOptions = { ...write, scheduleToCloseTimeout: '10m' };

export const { loadPolicy } = on<Estate>(TaskQueue.Estate, brief, 'Load the policy of the target');
export const { loadReleaseRules } = on<Estate>(TaskQueue.Estate, brief, 'Load the rules of releases');

export const { readChange } = on<AzureDevOps>(TaskQueue.AzureDevOps, brief, 'Read the merged pull request and its configuration files');
export const { commentOnPullRequest } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Tell the author which files were refused');
export const { closeDuplicateComments } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Close late twins of the comment');
export const { createWorkItem } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Create the work item for the data scientist');
export const { closeDuplicateWorkItems } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Close late twins of the work item');

/** Follows the builds of a commit to their end, one look per attempt, for so many milliseconds at most. */
export function awaitBuilds(input: Parameters<AzureDevOps['awaitBuilds']>[0], boundMs: number): ReturnType<AzureDevOps['awaitBuilds']> {
  return on<AzureDevOps>(TaskQueue.AzureDevOps, polling(input.intervalMs, boundMs), `Follow the build of ${input.commit.slice(0, 8)}`).awaitBuilds(input);
}

/** Looks for the change of a build, one look per attempt, for so many milliseconds at most. */
export function awaitBuildOrigin(input: Parameters<AzureDevOps['awaitBuildOrigin']>[0], boundMs: number): ReturnType<AzureDevOps['awaitBuildOrigin']> {
  return on<AzureDevOps>(TaskQueue.AzureDevOps, polling(input.intervalMs, boundMs), `Look for the change of build ${input.buildId}`).awaitBuildOrigin(input);
}

export const { fixModelVersion } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Fix the model version');
export const { submitTrainingJob } = on<AzureMl>(TaskQueue.AzureMl, write, 'Submit the training job');
export const { cancelJob } = on<AzureMl>(TaskQueue.AzureMl, write, 'Cancel the job');
export const { readPublishedVersion } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Find the version that the build published');
export const { registerModel } = on<AzureMl>(TaskQueue.AzureMl, write, 'Register the model in the dev workspace');
export const { readModelHistory } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read the metrics of earlier versions');
export const { readTrainingEvidence } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Look for anomalies in the training log');
export const { promoteModel } = on<AzureMl>(TaskQueue.AzureMl, write, 'Promote the model to the registry');
export const { invokeBatchEndpoint } = on<AzureMl>(TaskQueue.AzureMl, write, 'Start the test inference');
export const { cancelDuplicateInvocations } = on<AzureMl>(TaskQueue.AzureMl, write, 'Cancel late twins of the test inference');
export const { checkInference } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Check the log and the output of the test inference');
export const { readBatchDeployment: readProductionDeployment } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read what production serves now');
export const { readBatchDeployment: readTestDeployment } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Read what the test workspace serves now');
export const { deployBatchModel: deployToTest } = on<AzureMl>(TaskQueue.AzureMl, write, 'Deploy to the test workspace');
export const { deployBatchModel: deployToProduction } = on<AzureMl>(TaskQueue.AzureMl, write, 'Deploy to production, read back and compare');
export const { restoreBatchDeployment: restoreProduction } = on<AzureMl>(TaskQueue.AzureMlUrgent, write, 'Put back what production served before');
export const { readBatchDeployment: readDeploymentUrgently } = on<AzureMl>(TaskQueue.AzureMlUrgent, brief, 'Read what production serves');
export const { readRegisteredModels } = on<AzureMl>(TaskQueue.AzureMlUrgent, brief, 'Read which versions there are, and which have proven good');
export const { switchBatchDeployment: switchProduction } = on<AzureMl>(TaskQueue.AzureMlUrgent, write, 'Switch production to the version, read back and compare');
export const { readBatchJobLog } = on<AzureMl>(TaskQueue.AzureMl, tending, 'Read the log of the last batch job');
export const { recordVerdict } = on<AzureMl>(TaskQueue.AzureMl, noting, 'Note in the registry whether the version has proven good');
export const { readRunMetrics } = on<Mlflow>(TaskQueue.Mlflow, brief, 'Read MAE, RMSE and R² of the training run');
// What the machine items of a checklist look at.
export const { readModelVersion, readModelFiles, readBatchDeployment: checkProductionDeployment } = on<AzureMl>(TaskQueue.AzureMl, looking, 'Answer an item of the checklist');
export const { readFiringAlerts: checkFiringAlerts } = on<AzureMonitor>(TaskQueue.AzureMonitor, looking, 'Answer an item of the checklist');
export const { readPullRequest } = on<AzureDevOps>(TaskQueue.AzureDevOps, looking, 'Answer an item of the checklist');

export const { readFiringAlerts } = on<AzureMonitor>(TaskQueue.AzureMonitor, brief, 'Note the alerts that fire already');

export const { notify } = on<Notifications>(TaskQueue.Notifications, message, 'Tell people');

export const { findOlderRuns } = on<Runs>(TaskQueue.Runs, tending, 'Look for older releases of this circuit');
export const { supersedeRun } = on<Runs>(TaskQueue.Runs, tending, 'Retire an older release');

export const { planGateClock } = on<Estate>(TaskQueue.Estate, brief, 'Place working hours in time');
export const { nextOpening } = on<Estate>(TaskQueue.Estate, brief, 'Find the next opening');
export const { appendToRecord } = on<Record>(TaskQueue.Record, brief, 'Put it on record');
export const { verifyAnswers } = on<Record>(TaskQueue.Record, brief, 'Find out whose the answers are');

/** Follows a job to its end: one look per attempt, and between two looks no worker is held. The bound is the estate's time limit, with an hour for the queue and for redeploys. */
export function awaitJob(input: Parameters<AzureMl['awaitJob']>[0], timeoutMs: number, what: string): ReturnType<AzureMl['awaitJob']> {
  return on<AzureMl>(TaskQueue.AzureMl, polling(input.intervalMs, timeoutMs + 3_600_000), `Follow ${what} ${input.jobName}`).awaitJob(input);
}

/** Polls the alerts for the whole window, held by no worker in between; an hour more for redeploys. */
export function watchAlerts(input: Parameters<AzureMonitor['watchAlerts']>[0]): ReturnType<AzureMonitor['watchAlerts']> {
  const measurement: ActivityOptions = { ...brief, startToCloseTimeout: '1m' };
  return on<AzureMonitor>(TaskQueue.AzureMonitor, polling(input.intervalMs, 1.5 * input.intervalMs * input.polls + 3_600_000, measurement), `Watch the alerts of ${input.deployment}`).watchAlerts(input);
}
