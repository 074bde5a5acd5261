import type { Run } from '../blocks/run.ts';
import type { RefusedFile } from '../domain/circuit-config.ts';
import { refusalsComment } from '../domain/release-summary.ts';
import { closeDuplicateComments, commentOnPullRequest } from './release-activities.ts';

interface PullRequestRef {
  repositoryId: string;
  pullRequestId: number;
}

/** One comment on the pull request that tells its author which files were refused, where and why. A comment that cannot be made keeps no valid circuit from its release. */
export async function tellAuthor(run: Run, pullRequest: PullRequestRef, refused: readonly RefusedFile[], settleMs: number): Promise<void> {
  await run.attempt('The author could not be told about refused files', () => commentOnce(run, pullRequest, refused, settleMs));
}

async function commentOnce(run: Run, pullRequest: PullRequestRef, refused: readonly RefusedFile[], settleMs: number): Promise<void> {
  const key = run.key('refusals');
  const { threadId, uncertain } = await commentOnPullRequest({ ...pullRequest, key, markdown: refusalsComment(refused) });
  if (uncertain) run.beforeClosing('late twins of the comment', () => closeDuplicateComments({ ...pullRequest, key, keep: threadId, settleMs }));
}
