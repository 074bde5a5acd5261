/**
 * The activities of a check before a pipeline's stage, with their time budgets.
 *
 * Budgets bound the whole step by scheduleToClose, never by attempts: each redeploy of a worker costs an attempt. Heartbeats of 5 s let a killed worker's step go on elsewhere.
 */
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { createCheckActivities } from '../../activities/azure-devops/check-activities.ts';
import type { createStagePolicyActivities } from '../../activities/estate/stage-policy-activities.ts';
import { TaskQueue } from '../domain/queues.ts';

type Checks = ReturnType<typeof createCheckActivities>;
type Estate = ReturnType<typeof createStagePolicyActivities>;

/** A look: seconds when the platform answers; one that is away for half a day is waited for. */
const brief: ActivityOptions = {
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '12h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** The decision must reach Azure DevOps even if a person first has to repair a permission over a weekend. */
const answer: ActivityOptions = { ...brief, scheduleToCloseTimeout: '3d', cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };

/** What is done while a run closes: its platform has an hour. */
const last: ActivityOptions = { ...brief, scheduleToCloseTimeout: '1h' };

/** The longest that Azure DevOps lets a check wait, and a day: 31 days. */
const longestWait = '31d';

const on = <A extends object>(taskQueue: TaskQueue, options: ActivityOptions, summary: string) => proxyActivities<A>({ ...options, taskQueue, summary });

export const { loadStagePolicy } = on<Estate>(TaskQueue.Estate, brief, 'Load the policy of the environment');
export const { readStageEvidence } = on<Checks>(TaskQueue.AzureDevOps, brief, 'Read the run, its change, its tests and the deployment before');
export const { completeStageCheck } = on<Checks>(TaskQueue.AzureDevOps, answer, 'Answer the check');
export const { completeStageCheck: failStageCheck } = on<Checks>(TaskQueue.AzureDevOps, last, 'Fail the check, for nobody will decide any more');
export const { writeCheckLog } = on<Checks>(TaskQueue.AzureDevOps, last, "Write to the check's log");
export const { forgetCheckSecret } = on<Checks>(TaskQueue.AzureDevOps, last, 'Remove the token of the check');

/** Looks every so often whether the stage still waits; held by no worker in between. */
export function watchStage(input: Parameters<Checks['watchStage']>[0]): ReturnType<Checks['watchStage']> {
  const { intervalMs } = input;
  const options: ActivityOptions = { ...brief, scheduleToCloseTimeout: longestWait, retry: { initialInterval: intervalMs, backoffCoefficient: 1, maximumInterval: intervalMs } };
  return on<Checks>(TaskQueue.AzureDevOps, options, 'Look whether the stage still waits').watchStage(input);
}
