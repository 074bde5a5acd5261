/** Following the review of a pull request, and merging it. */
import type { ReviewStanding, Vote } from '../../workflows/domain/configuration-change.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { standingDigest } from '../../workflows/domain/pull-request-review.ts';
import { vendorAnswer } from '../http/classify.ts';
import type { AuthoredThread, ChangesApi } from './changes-rest.ts';
import type { AzureDevOpsApi, PullRequestBody } from './rest.ts';
import { notYet } from '../not-yet.ts';

interface PullRequestRef {
  repositoryId: string;
  pullRequestId: number;
}

export interface AwaitReviewInput extends PullRequestRef {
  /** Digest of the standing that is known; null: any is news. */
  known: string | null;
  /** Milliseconds between two looks. */
  intervalMs: number;
}

export interface CompletePullRequestInput extends PullRequestRef {
  /** What was reviewed. */
  commit: string;
}

/**
 * Looks at a pull request once; while it stands as it is known, the attempt fails benignly and the next one comes after the interval, so that waiting for days costs neither history nor a
 * worker slot.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching
 */
export async function awaitReview(api: AzureDevOpsApi, changes: ChangesApi, { repositoryId, pullRequestId, known, intervalMs }: AwaitReviewInput): Promise<{ standing: ReviewStanding; digest: string }> {
  const body = await api.pullRequest(repositoryId, pullRequestId);
  const hasSaidNo = body.reviewers?.some(({ vote }) => vote < 0) === true;
  const standing = standingOf(body, hasSaidNo ? await changes.commentsOf(repositoryId, pullRequestId) : []);
  const digest = standingDigest(standing);
  if (digest !== known) return { standing, digest };
  throw notYet(FailureType.StillWatching, `pull request ${pullRequestId} is ${body.status}; nothing new`, intervalMs);
}

/**
 * Asks the platform to merge exactly what was reviewed. `refused`: it does not, for instance by a branch policy, or because the branch has moved; the platform's reason is told.
 *
 * Safe to retry because a pull request that is completed is left as it is, and the platform refuses another commit than the one named.
 */
export async function completePullRequest(api: AzureDevOpsApi, changes: ChangesApi, { repositoryId, pullRequestId, commit }: CompletePullRequestInput): Promise<{ state: 'asked' | 'refused'; reason: string }> {
  const { status } = await api.pullRequest(repositoryId, pullRequestId);
  if (status !== 'active') return { state: 'asked', reason: '' };
  try {
    await changes.completePullRequest(repositoryId, pullRequestId, commit);
    return { state: 'asked', reason: '' };
  } catch (error) {
    const answer = vendorAnswer(error);
    // 403 is a policy's word here: who may not write at all could not have pushed the branch.
    if (answer === undefined || ![400, 403, 409].includes(answer.status ?? 0)) throw error;
    return { state: 'refused', reason: answer.message };
  }
}

/** What a pull request's body and its threads say about it. Groups among the reviewers have no vote of their own. */
export function standingOf({ status, mergeStatus = 'notSet', lastMergeSourceCommit, reviewers = [], closedBy }: PullRequestBody, threads: readonly AuthoredThread[] = []): ReviewStanding {
  const votes = reviewers.flatMap(({ uniqueName, vote, isContainer = false }): Vote[] => (uniqueName === undefined || vote === 0 || isContainer ? [] : [{ by: uniqueName, vote, comment: vote < 0 ? lastComment(threads, uniqueName) : '' }]));
  return { status, mergeStatus, sourceCommit: lastMergeSourceCommit?.commitId ?? null, votes: votes.sort((one, other) => (one.by < other.by ? -1 : 1)), closedBy: closedBy?.uniqueName ?? null };
}

function lastComment(threads: readonly AuthoredThread[], by: string): string {
  const own = threads.flatMap(({ comments, isDeleted }) => (isDeleted ? [] : comments)).filter(({ author, commentType = 'text' }) => commentType === 'text' && author?.uniqueName?.toLowerCase() === by.toLowerCase());
  return own.sort((one, other) => ((one.publishedDate ?? '') < (other.publishedDate ?? '') ? -1 : 1)).at(-1)?.content?.slice(0, 400) ?? '';
}
