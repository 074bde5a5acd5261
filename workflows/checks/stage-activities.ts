/** The activities of a check before a pipeline's stage, with their time budgets. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createCheckActivities } from '../../activities/azure-devops/check-activities.ts';
import type { createStagePolicyActivities } from '../../activities/estate/stage-policy-activities.ts';
import { brief, looking, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Checks = ReturnType<typeof createCheckActivities>;
type Estate = ReturnType<typeof createStagePolicyActivities>;

/** The decision must reach Azure DevOps even if a person first has to repair a permission over a weekend. */
const answer = undoable({ ...brief, scheduleToCloseTimeout: '3d' });

/** What is done while a run closes: its platform has an hour. */
const last: ActivityOptions = { ...brief, scheduleToCloseTimeout: '1h' };

/** The longest that Azure DevOps lets a check wait, and a day: 31 days. */
const longestWait = '31d';

export const { loadStagePolicy } = on<Estate>(TaskQueue.Estate, brief, 'Load the policy of the environment');
export const { readStageEvidence } = on<Checks>(TaskQueue.AzureDevOps, brief, 'Read the run, its change, its tests and the deployment before');
export const { readStageEvidence: lookAtStage } = on<Checks>(TaskQueue.AzureDevOps, looking, 'Answer an item of the checklist');
export const { completeStageCheck } = on<Checks>(TaskQueue.AzureDevOps, answer, 'Answer the check');
export const { completeStageCheck: failStageCheck } = on<Checks>(TaskQueue.AzureDevOps, last, 'Fail the check, for nobody will decide any more');
export const { writeCheckLog } = on<Checks>(TaskQueue.AzureDevOps, last, "Write to the check's log");
export const { forgetCheckSecret } = on<Checks>(TaskQueue.AzureDevOps, last, 'Remove the token of the check');

/** Looks every so often whether the stage still waits; held by no worker in between. */
export function watchStage(input: Parameters<Checks['watchStage']>[0]): ReturnType<Checks['watchStage']> {
  return on<Checks>(TaskQueue.AzureDevOps, polling(input.intervalMs, longestWait), 'Look whether the stage still waits').watchStage(input);
}
