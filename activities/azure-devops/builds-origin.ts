/** From "look at this build" to the change that it builds: what service hooks about builds are worth. Used by the receiver and by the workflow that keeps hooks which led nowhere yet. */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { BuildOrigin } from '../../workflows/domain/build.ts';
import { isFailure } from '../http/classify.ts';
import type { BuildBody, BuildsApi } from './builds-rest.ts';
import type { PullRequestBody } from './rest.ts';

export interface BuildOriginInput {
  buildId: number;
  /** Such as `refs/heads/main`. */
  releaseBranch: string;
  /** A build that ended later than this after its pull request was completed starts nothing, in milliseconds. */
  startWithinMs: number;
}

/**
 * Reads a build, and the pull request whose merge made its commit. Nothing of a notification is trusted but the build's number.
 *
 * `ignored` is final. `unknown` may change: the pull request may be completed in a moment, or be readable only in a moment.
 */
export async function originOfBuild(api: BuildsApi, { buildId, releaseBranch, startWithinMs }: BuildOriginInput): Promise<BuildOrigin> {
  const build = await api.build(buildId).catch(orNull);
  if (build === null) return { kind: 'unknown', reason: `build ${buildId} does not exist in this project, or may not be read` };
  const { sourceBranch, sourceVersion, repository, status, result } = build;
  // Trial merges of active pull requests, and other branches: nothing of them is released, now or later.
  if (sourceBranch !== releaseBranch) return { kind: 'ignored', reason: `build ${buildId} is of ${sourceBranch}; releases come from ${releaseBranch}` };
  if (status !== 'completed') return { kind: 'ignored', reason: `build ${buildId} has not ended: ${status}` };

  const made = (await api.pullRequestsOfMerge(repository.id, sourceVersion).catch(orNull)) ?? [];
  const pullRequest = made.find((each) => each.status === 'completed' && each.targetRefName === releaseBranch);
  if (pullRequest === undefined) return { kind: 'unknown', reason: unresolved(build, made) };
  const { pullRequestId, closedDate } = pullRequest;
  const late = Date.parse(build.finishTime ?? build.queueTime ?? '') - Date.parse(closedDate ?? '');
  if (late > startWithinMs) return { kind: 'ignored', reason: `build ${buildId} ended ${Math.round(late / 60_000)} min after pull request ${pullRequestId} was completed, when nobody waited for it any more` };
  return { kind: 'change', repositoryId: pullRequest.repository.id, pullRequestId, buildId, result: result ?? 'none' };
}

function unresolved({ id, sourceVersion }: BuildBody, made: readonly PullRequestBody[]): string {
  const commit = sourceVersion.slice(0, 8);
  const [other] = made;
  return other === undefined ? `no pull request made commit ${commit} of build ${id}` : `pull request ${other.pullRequestId}, which made commit ${commit} of build ${id}, is ${other.status}`;
}

function orNull(error: unknown): null {
  if (isFailure(error, FailureType.NotFound)) return null;
  throw error;
}
