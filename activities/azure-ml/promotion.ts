import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { RegistryRef, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { followOperation, followProvisioning, operationUrl, requireSuccess } from '../azure-resource-manager/long-running-operation.ts';
import { ApiVersion, registryModelAssetId, registryModelVersionId } from '../azure-resource-manager/resource-ids.ts';
import { workspaceServices } from '../azure-resource-manager/workspace-services.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { missingFrom } from './deployment-definition.ts';

export interface PromoteModelInput {
  key: StepKey;
  /** Workspace that the version is copied from. */
  from: WorkspaceRef;
  registry: RegistryRef;
  model: string;
  version: string;
  tags: Record<string, string>;
}

interface RegistryVersion {
  properties: { provisioningState?: string | null; modelUri?: string; tags?: Record<string, string> | null };
}

/**
 * Copies a model version from a workspace into the registry, from where every workspace can deploy it.
 *
 * Safe to retry because it reads first: a version that is there with the same origin and tags is only waited for. A failed or cancelled copy of this step is written again.
 *
 * @throws Conflict (not retried) when the registry's version has another origin or other tags; OperationFailed (not retried); OperationCanceled
 */
export async function promoteModel({ arm }: { arm: RestClient }, { key, from, registry, model, version, tags }: PromoteModelInput): Promise<{ assetId: string }> {
  const request = { url: registryModelVersionId(registry, model, version), query: { 'api-version': ApiVersion.Registries } };
  const { guid, location } = await workspaceServices(arm, from);
  const wanted = {
    modelType: 'custom_model',
    modelUri: `azureml://locations/${location}/workspaces/${guid}/models/${model}/versions/${version}`,
    tags: { ...tags, holdpoint_key: key.key },
  };
  const what = registryModelAssetId(registry, model, version);

  let found = await read(arm, request);
  if (found) requireSame(wanted, found, what);
  if (!found || /^(failed|cancell?ed)$/i.test(found.properties.provisioningState ?? '')) {
    const response = await arm.send({ method: 'PUT', ...request, body: { properties: wanted } });
    const operation = operationUrl(response);
    if (operation !== undefined) await followOperation(arm, operation, what);
    found = await read(arm, request);
  }
  await followProvisioning(async () => {
    found = await read(arm, request);
    return found?.properties.provisioningState ?? null;
  }, found?.properties.provisioningState ?? null);

  if (!found) throw vendorFailure(FailureType.Unavailable, `${what} cannot be read back yet`);
  requireSuccess(found.properties.provisioningState ?? 'Succeeded', what);
  requireSame(wanted, found, what);
  return { assetId: what };
}

async function read(arm: RestClient, request: { url: string; query: Record<string, string> }): Promise<RegistryVersion | null> {
  try {
    const { body } = await arm.send<RegistryVersion>({ method: 'GET', ...request });
    return body;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

function requireSame(wanted: Record<string, unknown>, found: RegistryVersion, what: string): void {
  const differing = missingFrom(wanted, found.properties);
  if (differing.length > 0) throw vendorFailure(FailureType.Conflict, `${what} exists already and differs in ${differing.join(', ')}; it was left alone`);
}
