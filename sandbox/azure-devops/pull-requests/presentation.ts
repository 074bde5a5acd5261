import { PROJECT_ID, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { changesBetween, type FileChange } from '../git/changes.ts';
import type { GitRepository } from '../git/repository.ts';
import { identityOf } from '../identity.ts';
import type { PullRequest } from './pull-requests.ts';

/** A pull request as the REST API and the service hooks show it. */
export function presentPullRequest(pullRequest: PullRequest, addresses: Addresses): Record<string, unknown> {
  const { pullRequestId, createdBy, closedBy, sourceCommit, targetCommit, mergeCommit, commonCommit: _common, pushes: _pushes, votes = {}, ...rest } = pullRequest;
  const commit = (commitId: string) => ({ commitId, url: addresses.repositoryApi(`/commits/${commitId}`) });
  return {
    repository: addresses.repository(),
    pullRequestId,
    codeReviewId: pullRequestId,
    ...rest,
    createdBy: identityOf(createdBy),
    ...(closedBy === undefined ? {} : { closedBy: identityOf(closedBy) }),
    mergeStatus: mergeCommit === undefined ? 'conflicts' : 'succeeded',
    isDraft: false,
    lastMergeSourceCommit: commit(sourceCommit),
    lastMergeTargetCommit: commit(targetCommit),
    ...(mergeCommit === undefined ? {} : { lastMergeCommit: commit(mergeCommit) }),
    reviewers: Object.entries(votes).map(([uniqueName, vote]) => ({ ...identityOf(uniqueName), vote, isContainer: false, isFlagged: false, hasDeclined: false })),
    url: addresses.repositoryApi(`/pullRequests/${pullRequestId}`),
    supportsIterations: true,
    artifactId: `vstfs:///Git/PullRequestId/${PROJECT_ID}%2f${REPOSITORY_ID}%2f${pullRequestId}`,
  };
}

/** The iterations, one for each push to the source branch, oldest first. */
export function presentIterations(pullRequest: PullRequest): object[] {
  return pushesOf(pullRequest).map((sourceCommit, index) => ({
    id: index + 1,
    description: pullRequest.title,
    author: identityOf(pullRequest.createdBy),
    createdDate: pullRequest.creationDate,
    updatedDate: pullRequest.creationDate,
    sourceRefCommit: { commitId: sourceCommit },
    targetRefCommit: { commitId: pullRequest.targetCommit },
    commonRefCommit: { commitId: commonOf(pullRequest) },
    hasMoreCommits: false,
    reason: 'push',
  }));
}

/** The changes of an iteration, counted from 1, against the target branch as it was. */
export function presentChanges(pullRequest: PullRequest, iteration: number, git: GitRepository): object[] {
  const before = git.get(commonOf(pullRequest))?.files ?? {};
  const after = git.get(pushesOf(pullRequest)[iteration - 1]!)?.files ?? {};
  return changesBetween(before, after).map(presentChange);
}

/** The commits that the source branch adds, newest first. */
export function commitsOf(pullRequest: PullRequest, git: GitRepository): string[] {
  const before = new Set(git.ancestors(commonOf(pullRequest)));
  return git.ancestors(pullRequest.sourceCommit).filter((id) => !before.has(id));
}

export function pushesOf({ pushes, sourceCommit }: PullRequest): string[] {
  return pushes ?? [sourceCommit];
}

function commonOf({ commonCommit, targetCommit }: PullRequest): string {
  return commonCommit ?? targetCommit;
}

function presentChange({ changeType, path, objectId, originalObjectId, originalPath }: FileChange, index: number): object {
  return {
    changeTrackingId: index + 1,
    changeId: index + 1,
    item: { objectId, originalObjectId, path },
    changeType,
    ...(originalPath === undefined ? {} : { sourceServerItem: originalPath, originalPath }),
  };
}
