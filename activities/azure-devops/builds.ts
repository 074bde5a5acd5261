/** Following a build, and finding out what a build is of, each by one look per attempt. */
import { newestOfEachPipeline, type BuildOrigin, type FinishedBuild } from '../../workflows/domain/build.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { BuildBody, BuildsApi } from './builds-rest.ts';
import { originOfBuild, type BuildOriginInput } from './builds-origin.ts';
import { notYet } from '../not-yet.ts';

export interface AwaitBuildsInput {
  repositoryId: string;
  /** Such as `refs/heads/main`. */
  branch: string;
  /** Commit that is built. */
  commit: string;
  /** Name of the one pipeline that counts; null: every pipeline that builds the commit. */
  pipeline: string | null;
  /** Milliseconds between two looks. */
  intervalMs: number;
}

export interface AwaitBuildOriginInput extends BuildOriginInput {
  /** Milliseconds between two looks. */
  intervalMs: number;
}

/**
 * Looks for the builds of a commit once; while there is none, or one has not ended, the attempt fails benignly and the next one comes after the interval, so that waiting for hours
 * costs neither history nor a worker slot. Of a pipeline that built the commit several times the newest build counts.
 *
 * Safe to retry because it only reads. A build that failed is an answer, not an error.
 *
 * @throws StillRunning
 */
export async function awaitBuilds(api: BuildsApi, { pipeline, intervalMs, ...of }: AwaitBuildsInput): Promise<FinishedBuild[]> {
  const found = (await api.buildsOfCommit(of)).filter(({ definition }) => pipeline === null || definition.name === pipeline);
  const builds = newestOfEachPipeline(found);
  if (builds.length === 0) throw notYet(FailureType.StillRunning, `no build of commit ${of.commit.slice(0, 8)}${pipeline === null ? '' : ` by ${pipeline}`} yet`, intervalMs);
  const running = builds.find(({ status }) => status !== 'completed');
  if (running) throw notYet(FailureType.StillRunning, `build ${running.buildNumber} of ${running.definition.name}: ${running.status}`, intervalMs);
  return builds.map(finished);
}

/**
 * Looks once for the change that a build is of; while there is none the attempt fails benignly, as in `awaitBuilds`.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching with the reason
 */
export async function awaitBuildOrigin(api: BuildsApi, { intervalMs, ...input }: AwaitBuildOriginInput): Promise<Exclude<BuildOrigin, { kind: 'unknown' }>> {
  const origin = await originOfBuild(api, input);
  if (origin.kind === 'unknown') throw notYet(FailureType.StillWatching, origin.reason, intervalMs);
  return origin;
}

function finished({ id, buildNumber, definition, result, _links }: BuildBody): FinishedBuild {
  return { id, number: buildNumber, pipeline: definition.name, result: result ?? 'none', url: _links?.web?.href ?? null };
}
