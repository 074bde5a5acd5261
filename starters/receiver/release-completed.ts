/** From "look at this pull request" to a release, or to the reason why there is none. */
import { releaseProblem } from '../../activities/azure-devops/completed-changes.ts';
import { standingOf } from '../../activities/azure-devops/pull-request-review.ts';
import { followerOf, standingDigest } from '../../workflows/domain/pull-request-review.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ReleaseChangeInput } from '../../workflows/domain/release.ts';
import type { PullRequestBody } from '../../activities/azure-devops/rest.ts';
import { isFailure } from '../../activities/http/classify.ts';

export interface PullRequestRef {
  repositoryId: string;
  pullRequestId: number;
}

/** What the receiver needs of the world. */
export interface ReleasePorts {
  /** Throws classified failures. */
  readPullRequest: (ref: PullRequestRef) => Promise<PullRequestBody>;
  /** Such as `refs/heads/main`. */
  releaseBranch: () => Promise<string>;
  /** Returns once Temporal has the run, whether this call or an earlier one started it. */
  startRelease: (input: ReleaseChangeInput) => Promise<{ workflowId: string; started: boolean }>;
  /** Tells a run that follows a pull request of its own; false when it has ended. Left out: such runs look by themselves. */
  wakeReview?: (workflowId: string, news: { pullRequestId: number; standing: string }) => Promise<boolean>;
}

/** The body of the answer. */
export type HookOutcome =
  | { workflowId: string; started: boolean }
  /** A build that a change waits for, or no longer waits for. */
  | { workflowId: string; woken: boolean }
  /** A run that follows the review of its own pull request, or no longer does. */
  | { workflowId: string; reviewed: boolean }
  /** A build whose change is not known yet, kept by a workflow of its own. */
  | { workflowId: string; unresolved: string }
  | { decisions: SentDecision[] }
  | { ignored: string };

/** What became of a decision that was made on Azure DevOps' pages. */
export interface SentDecision {
  workflowId: string;
  gate: string;
  by: string;
  verdict: 'approve' | 'reject';
  counted: boolean;
  /** Why it did not count. */
  reason?: string;
  /** It may count later: the gate is not open yet, or its run has not begun. */
  early?: boolean;
}

/**
 * Starts `releaseChange` if the pull request, read again, is completed and merged into the release branch. Redelivered, reordered and forged notifications change nothing:
 * the pull request decides, and Temporal starts each id once.
 *
 * A run that has opened the pull request itself is woken, whatever has happened to it: it looks for itself.
 *
 * One that does not exist is ignored: Azure DevOps' own test button sends a made-up one, and no redelivery will bring it into being.
 *
 * @throws the platform's classified failures, and TryLater when Temporal is away
 */
export async function releaseCompleted({ readPullRequest, releaseBranch, startRelease, wakeReview }: ReleasePorts, ref: PullRequestRef): Promise<HookOutcome> {
  const found = await readPullRequest(ref).catch((error: unknown) => {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  });
  if (found === null) return { ignored: `pull request ${ref.pullRequestId} does not exist in this project, or may not be read` };
  const { status, repository, pullRequestId } = found;
  const follower = wakeReview ? followerOf(found.description) : null;
  const wake = async (workflowId: string): Promise<HookOutcome> => ({ workflowId, reviewed: await wakeReview!(workflowId, { pullRequestId, standing: standingDigest(standingOf(found)) }) });
  if (status !== 'completed' && follower !== null) return await wake(follower);
  const problem = await releaseProblem(found, releaseBranch);
  if (problem !== null) return { ignored: problem };
  // The repository's own id, not what the notification called it: a name or another spelling would be another workflow id.
  const started = await startRelease({ repositoryId: repository.id, pullRequestId });
  if (follower !== null) await wake(follower);
  return started;
}
