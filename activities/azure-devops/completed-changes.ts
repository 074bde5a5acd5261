/** Which completed pull requests are releases: the rule, for the receiver and for the reconciliation of missed hooks, and the list of those that were completed lately. */
import type { CompletedChange } from '../../workflows/domain/hook-reconciliation.ts';
import { recordProgress } from '../heartbeat.ts';
import type { AzureDevOpsApi, PullRequestBody } from './rest.ts';

/** Why a pull request, as it was read, is no release; null where it is one. */
export async function releaseProblem({ pullRequestId, status, mergeStatus, targetRefName }: PullRequestBody, releaseBranch: () => Promise<string>): Promise<string | null> {
  if (status !== 'completed') return `pull request ${pullRequestId} is ${status}, not completed`;
  if (mergeStatus !== undefined && mergeStatus !== 'succeeded') return `the merge of pull request ${pullRequestId} is ${mergeStatus}`;
  const branch = await releaseBranch();
  return targetRefName === branch ? null : `pull request ${pullRequestId} was merged into ${targetRefName}; releases come from ${branch}`;
}

export interface FindCompletedChangesInput {
  /** Names or ids. */
  repositories: string[];
  /** Such as `refs/heads/main`. */
  releaseBranch: string;
  /** ISO instant. */
  since: string;
}

/** In one answer, and of one repository altogether: they travel through history. */
const page = 100;
const mostOfRepository = 500;

/**
 * Finds the pull requests that were merged into the release branch since then, the oldest first, so that they are released in their order. `complete`: false where there were more than are
 * read at once.
 *
 * Safe to retry because it only reads.
 */
export async function findCompletedChanges(api: AzureDevOpsApi, { repositories, releaseBranch, since }: FindCompletedChangesInput): Promise<{ changes: CompletedChange[]; complete: boolean }> {
  const found = new Map<string, CompletedChange>();
  let complete = true;
  for (const repository of repositories) {
    for (let skip = 0; ; skip += page) {
      const read = await api.completedPullRequests(repository, { branch: releaseBranch, closedSince: since, skip, top: page });
      recordProgress({ repository, read: skip + read.length });
      for (const body of read) {
        const { closedDate, repository: { id: repositoryId }, pullRequestId } = body;
        // Not by the query alone: an older server may not know how to filter by it.
        if (closedDate === undefined || Date.parse(closedDate) < Date.parse(since) || (await releaseProblem(body, async () => releaseBranch)) !== null) continue;
        found.set(`${repositoryId}:${pullRequestId}`, { repositoryId, pullRequestId, closedAt: new Date(closedDate).toISOString() });
      }
      if (read.length < page) break;
      if (skip + page < mostOfRepository) continue;
      complete = false;
      break;
    }
  }
  return { changes: [...found.values()].sort((one, other) => (one.closedAt < other.closedAt ? -1 : 1)), complete };
}
