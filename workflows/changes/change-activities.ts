/** The activities of a change by pull request, each on its platform's queue, with its time budget and the line that Temporal Web UI shows beside it. */
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAttachmentActivities } from '../../activities/azure-devops/pull-request-attachment.ts';
import type { createChangeRuleActivities } from '../../activities/estate/change-rules.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Attachments = ReturnType<typeof createAttachmentActivities>;
type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;
type ChangeRules = ReturnType<typeof createChangeRuleActivities>;

/** Taken back when the run is cancelled. */
const write = undoable();

export const { loadChangeRules } = on<ChangeRules>(TaskQueue.Estate, brief, 'Load who reviews changes of the target');
export const { planConfigurationChange } = on<AzureDevOps>(TaskQueue.AzureDevOps, brief, 'Edit the configuration and check it');
export const { pushConfigurationChange } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Make the branch with the change');
export const { openPullRequest } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Open the pull request');
export const { attachPicture } = on<Attachments>(TaskQueue.AzureDevOps, { ...brief, scheduleToCloseTimeout: '1h' }, 'Attach the picture to the pull request');
export const { completePullRequest } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Merge what was reviewed');
export const { withdrawChange } = on<AzureDevOps>(TaskQueue.AzureDevOps, write, 'Take pull request and branch back');

/** Follows a pull request until it stands differently than is known, for so many milliseconds at most. */
export function awaitReview(input: Parameters<AzureDevOps['awaitReview']>[0], boundMs: number): ReturnType<AzureDevOps['awaitReview']> {
  return on<AzureDevOps>(TaskQueue.AzureDevOps, polling(input.intervalMs, boundMs), `Follow pull request ${input.pullRequestId}`).awaitReview(input);
}
