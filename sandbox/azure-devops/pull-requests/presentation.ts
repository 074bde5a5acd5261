import { PROJECT_ID, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { changesBetween, type FileChange } from '../git/changes.ts';
import type { GitRepository } from '../git/repository.ts';
import { identityOf } from '../identity.ts';
import type { PullRequest } from './pull-requests.ts';

/** A pull request as the REST API and the service hooks show it. */
export function presentPullRequest(pullRequest: PullRequest, addresses: Addresses): Record<string, unknown> {
  const { pullRequestId, createdBy, sourceCommit, targetCommit, mergeCommit, ...rest } = pullRequest;
  const commit = (commitId: string) => ({ commitId, url: addresses.repositoryApi(`/commits/${commitId}`) });
  return {
    repository: addresses.repository(),
    pullRequestId,
    codeReviewId: pullRequestId,
    ...rest,
    createdBy: identityOf(createdBy),
    mergeStatus: 'succeeded',
    isDraft: false,
    lastMergeSourceCommit: commit(sourceCommit),
    lastMergeTargetCommit: commit(targetCommit),
    lastMergeCommit: commit(mergeCommit),
    reviewers: [],
    url: addresses.repositoryApi(`/pullRequests/${pullRequestId}`),
    supportsIterations: true,
    artifactId: `vstfs:///Git/PullRequestId/${PROJECT_ID}%2f${REPOSITORY_ID}%2f${pullRequestId}`,
  };
}

/** The one iteration: a pull request has exactly one push here. */
export function presentIteration(pullRequest: PullRequest): object {
  return {
    id: 1,
    description: pullRequest.title,
    author: identityOf(pullRequest.createdBy),
    createdDate: pullRequest.creationDate,
    updatedDate: pullRequest.creationDate,
    sourceRefCommit: { commitId: pullRequest.sourceCommit },
    targetRefCommit: { commitId: pullRequest.targetCommit },
    commonRefCommit: { commitId: pullRequest.targetCommit },
    hasMoreCommits: false,
    reason: 'push',
  };
}

/** The changes of the iteration against the target branch as it was. */
export function presentChanges(pullRequest: PullRequest, git: GitRepository): object[] {
  const before = git.get(pullRequest.targetCommit)?.files ?? {};
  const after = git.get(pullRequest.sourceCommit)?.files ?? {};
  return changesBetween(before, after).map(presentChange);
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
