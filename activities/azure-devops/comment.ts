/** Comments on pull requests: a POST without a key, made safe by a marker that is searched for first, and by closing a late twin afterwards. */
import { activityInfo } from '@temporalio/activity';
import type { StepKey } from '../../workflows/domain/keys.ts';
import { settle } from '../settle.ts';
import type { AzureDevOpsApi, CommentThread } from './rest.ts';

interface PullRequestRef {
  repositoryId: string;
  pullRequestId: number;
}

export interface CommentOnPullRequestInput extends PullRequestRef {
  key: StepKey;
  markdown: string;
}

export interface CloseDuplicateCommentsInput extends PullRequestRef {
  key: StepKey;
  /** The thread that stays as it is. */
  keep: number;
  /** How long a late twin is waited for, in milliseconds. */
  settleMs: number;
}

/**
 * Opens a thread on a pull request. `uncertain`: an earlier attempt may have opened another one that was not to be seen yet.
 *
 * Safe to retry because the comment carries the step's key in a part that is not displayed, and is searched for by it before it is posted; one that only shows later is closed by
 * `closeDuplicateComments`.
 */
export async function commentOnPullRequest(api: AzureDevOpsApi, { repositoryId, pullRequestId, key, markdown }: CommentOnPullRequestInput): Promise<{ threadId: number; uncertain: boolean }> {
  const uncertain = activityInfo().attempt > 1;
  const [posted] = await threadsOf(api, { repositoryId, pullRequestId }, key);
  const thread = posted ?? (await api.createThread(repositoryId, pullRequestId, `${markdown}\n\n${marker(key)}`));
  return { threadId: thread.id, uncertain };
}

/** Waits for late twins of a comment and closes their threads. Safe to retry because only open threads are closed. */
export async function closeDuplicateComments(api: AzureDevOpsApi, { key, keep, settleMs, ...ref }: CloseDuplicateCommentsInput): Promise<{ closed: number[] }> {
  await settle(settleMs);
  const twins = (await threadsOf(api, ref, key)).filter(({ id, status }) => id !== keep && status !== 'closed');
  for (const { id } of twins) await api.closeThread(ref.repositoryId, ref.pullRequestId, id);
  return { closed: twins.map(({ id }) => id) };
}

async function threadsOf(api: AzureDevOpsApi, { repositoryId, pullRequestId }: PullRequestRef, key: StepKey): Promise<CommentThread[]> {
  const threads = await api.threads(repositoryId, pullRequestId);
  return threads.filter(({ isDeleted, comments }) => !isDeleted && comments.some(({ content }) => content?.includes(marker(key)))).sort((left, right) => left.id - right.id);
}

function marker({ key }: StepKey): string {
  return `<!-- holdpoint:${key} -->`;
}
