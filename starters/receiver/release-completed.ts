/** From "look at this pull request" to a release, or to the reason why there is none. */
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
}

/** The body of the answer. */
export type HookOutcome =
  | { workflowId: string; started: boolean }
  /** A build that a change waits for, or no longer waits for. */
  | { workflowId: string; woken: boolean }
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
 * One that does not exist is ignored: Azure DevOps' own test button sends a made-up one, and no redelivery will bring it into being.
 *
 * @throws the platform's classified failures, and TryLater when Temporal is away
 */
export async function releaseCompleted({ readPullRequest, releaseBranch, startRelease }: ReleasePorts, ref: PullRequestRef): Promise<HookOutcome> {
  const found = await readPullRequest(ref).catch((error: unknown) => {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  });
  if (found === null) return { ignored: `pull request ${ref.pullRequestId} does not exist in this project, or may not be read` };
  const { status, mergeStatus, targetRefName, repository, pullRequestId } = found;
  if (status !== 'completed') return { ignored: `pull request ${pullRequestId} is ${status}, not completed` };
  if (mergeStatus !== undefined && mergeStatus !== 'succeeded') return { ignored: `the merge of pull request ${pullRequestId} is ${mergeStatus}` };
  const branch = await releaseBranch();
  if (targetRefName !== branch) return { ignored: `pull request ${pullRequestId} was merged into ${targetRefName}; releases come from ${branch}` };
  // The repository's own id, not what the notification called it: a name or another spelling would be another workflow id.
  return await startRelease({ repositoryId: repository.id, pullRequestId });
}
