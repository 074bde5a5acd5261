/** Which of many deployments was changed last. */
import pMap from 'p-map';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { deploymentUrl } from './batch-deployment.ts';

export interface FindLastChangesInput {
  workspace: WorkspaceRef;
  places: { target: Target; endpoint: string; deployment: string }[];
}

/** The last write to a deployment, whoever made it. */
export interface ChangedDeployment {
  target: Target;
  /** Only those that tell of the change: version, the one before, by whom, by which run. */
  tags: Record<string, string>;
  /** ISO instant. */
  changedAt: string;
}

interface DeploymentBody {
  tags?: Record<string, string> | null;
  systemData?: { createdAt?: string | null; lastModifiedAt?: string | null } | null;
}

const concurrency = 10;
const shown = 10;
const telling = ['model_version', 'previous_version', 'released_by', 'run'];

/**
 * The newest changes of these deployments that tell their version, the newest first, at most ten. One that is not there has not changed.
 *
 * Safe to retry because it only reads.
 */
export async function findLastChanges({ arm }: { arm: RestClient }, { workspace, places }: FindLastChangesInput): Promise<{ changes: ChangedDeployment[] }> {
  const found = await pMap(places, async ({ target, ...place }): Promise<ChangedDeployment | null> => {
    try {
      const { body } = await arm.send<DeploymentBody>({ method: 'GET', ...deploymentUrl({ workspace, ...place }) });
      const changedAt = body.systemData?.lastModifiedAt ?? body.systemData?.createdAt;
      const tags = Object.fromEntries(Object.entries(body.tags ?? {}).filter(([name]) => telling.includes(name)));
      return changedAt && tags['model_version'] ? { target, tags, changedAt } : null;
    } catch (error) {
      if (isFailure(error, FailureType.NotFound)) return null;
      throw error;
    }
  }, { concurrency });
  const changes = found.filter((change) => change !== null).sort((one, other) => Date.parse(other.changedAt) - Date.parse(one.changedAt));
  return { changes: changes.slice(0, shown) };
}
