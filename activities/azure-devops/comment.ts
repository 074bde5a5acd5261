import type { StepKey } from '../../workflows/domain/keys.ts';
import type { AzureDevOpsApi } from './rest.ts';

export interface CommentOnPullRequestInput {
  repositoryId: string;
  pullRequestId: number;
  key: StepKey;
  markdown: string;
}

/**
 * Opens a thread on a pull request.
 *
 * Safe to retry because the comment carries the step's key in a part that is not displayed, and is searched for by it before it is posted.
 */
export async function commentOnPullRequest(api: AzureDevOpsApi, { repositoryId, pullRequestId, key, markdown }: CommentOnPullRequestInput): Promise<{ threadId: number }> {
  const marker = `<!-- holdpoint:${key.key} -->`;
  const threads = await api.threads(repositoryId, pullRequestId);
  const posted = threads.find(({ isDeleted, comments }) => !isDeleted && comments.some(({ content }) => content?.includes(marker)));
  const thread = posted ?? (await api.createThread(repositoryId, pullRequestId, `${markdown}\n\n${marker}`));
  return { threadId: thread.id };
}
