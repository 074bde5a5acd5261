/** Environment versions of a workspace, and the deployments that use them. */
import { environmentReference, type EnvironmentDefinition } from '../../workflows/domain/environment.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, assetId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { missingFrom } from './deployment-definition.ts';

export interface RegisterEnvironmentInput {
  workspace: WorkspaceRef;
  environment: EnvironmentDefinition;
  /** Signature of the run that registers it first; a tag. */
  run: string;
}

/**
 * Registers a version of an environment in one workspace, and reads it back.
 *
 * Safe to retry because name and version are the platform's own key: a version that is there with the same content is left as it is.
 *
 * @throws Conflict (not retried) naming what differs: a version's content never changes
 */
export async function registerEnvironment({ arm }: { arm: RestClient }, { workspace, environment, run }: RegisterEnvironmentInput): Promise<{ environmentId: string; state: 'registered' | 'present' }> {
  const { image, conda, description, tags } = environment;
  const id = assetId(workspace, 'environments', environmentReference(environment));
  const wanted = { image, osType: 'Linux', description, ...(conda !== null && { condaFile: conda }) };
  const found = await read(arm, id);
  if (found === null) await arm.send({ method: 'PUT', url: id, query, body: { properties: { ...wanted, tags: { ...tags, run } } } });
  const present = found ?? (await read(arm, id));
  if (present === null) throw vendorFailure(FailureType.Unavailable, `${id} cannot be read back yet`);
  const differing = missingFrom(wanted, present.properties);
  if (differing.length > 0) throw vendorFailure(FailureType.Conflict, `${environmentReference(environment)} exists already in ${workspace.workspace} and differs in ${differing.join(', ')}; it was left alone`);
  return { environmentId: id, state: found === null ? 'registered' : 'present' };
}

const query = { 'api-version': ApiVersion.MachineLearning };

async function read(arm: RestClient, url: string): Promise<{ properties: Record<string, unknown> } | null> {
  try {
    return (await arm.send<{ properties: Record<string, unknown> }>({ method: 'GET', url, query })).body;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}
