/** Builds that have ended lately, each with the change that it is of. */
import pMap from 'p-map';
import type { BuildOrigin } from '../../workflows/domain/build.ts';
import { recordProgress } from '../heartbeat.ts';
import type { BuildsApi } from './builds-rest.ts';
import { originOfBuild } from './builds-origin.ts';

export interface FindEndedBuildsInput {
  /** Such as `refs/heads/main`. */
  releaseBranch: string;
  /** ISO instant. */
  since: string;
  /** A build that ended later than this after its pull request was completed starts nothing, in milliseconds. */
  startWithinMs: number;
}

export interface EndedBuild {
  buildId: number;
  origin: BuildOrigin;
}

const concurrency = 4;
/** The newest ones: they travel through history. */
const mostBuilds = 200;

/**
 * Finds the builds of the release branch that have ended since then, the newest of them, and what each is of, as a service hook would have it found.
 *
 * Safe to retry because it only reads.
 */
export async function findEndedBuilds(api: BuildsApi, { releaseBranch, since, startWithinMs }: FindEndedBuildsInput): Promise<{ builds: EndedBuild[] }> {
  const ended = (await api.endedBuilds({ branch: releaseBranch, since, top: mostBuilds })).filter(({ finishTime }) => Date.parse(finishTime ?? '') >= Date.parse(since));
  const builds = await pMap(ended, async ({ id }, index) => {
    const origin = await originOfBuild(api, { buildId: id, releaseBranch, startWithinMs });
    recordProgress({ done: index + 1, of: ended.length });
    return { buildId: id, origin };
  }, { concurrency });
  return { builds };
}
