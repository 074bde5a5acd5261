/** Which versions of a model have proven themselves: a tag of the registry's model version, which every workspace and every later rollback can read. */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ModelVerdict, RegisteredModel } from '../../workflows/domain/rollback.ts';
import type { RegistryRef } from '../../workflows/domain/vocabulary.ts';
import { followOperation, followProvisioning, operationUrl, requireSuccess } from '../azure-resource-manager/long-running-operation.ts';
import { ApiVersion, registryModelAssetId, registryModelVersionId, registryModelVersionsId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface RegistryModelRef {
  registry: RegistryRef;
  model: string;
}

export interface RecordVerdictInput extends RegistryModelRef {
  version: string;
  verdict: ModelVerdict;
}

interface VersionBody {
  name: string;
  properties: Record<string, unknown> & { provisioningState?: string | null; tags?: Record<string, string> | null; isArchived?: boolean | null };
  systemData?: { createdAt?: string | null } | null;
}

const query = { 'api-version': ApiVersion.Registries };

/** All versions of a model in the registry, oldest first; none where the registry has no such model. Safe to retry because it only reads. */
export async function readRegisteredModels({ arm }: { arm: RestClient }, { registry, model }: RegistryModelRef): Promise<{ versions: RegisteredModel[] }> {
  const found: VersionBody[] = [];
  let page: string | null | undefined = registryModelVersionsId(registry, model);
  try {
    while (page) {
      const { body }: { body: { value: VersionBody[]; nextLink?: string | null } } = await arm.send({ method: 'GET', url: page, ...(found.length === 0 && { query: { ...query, listViewType: 'All' } }) });
      found.push(...body.value);
      page = body.nextLink;
    }
  } catch (error) {
    if (!isFailure(error, FailureType.NotFound)) throw error;
  }
  const createdAt = ({ systemData }: VersionBody): number => Date.parse(systemData?.createdAt ?? '') || 0;
  return {
    versions: found.sort((left, right) => createdAt(left) - createdAt(right)).map(({ name, properties: { tags, provisioningState, isArchived } }) => {
      const verdict = tags?.['verdict'];
      return {
        version: name,
        assetId: registryModelAssetId(registry, model, name),
        verdict: verdict === 'good' || verdict === 'bad' ? verdict : null,
        problem: isArchived === true ? 'is archived' : (provisioningState ?? 'Succeeded') === 'Succeeded' ? null : `is in state ${provisioningState}`,
      };
    }),
  };
}

/**
 * Writes the tag `verdict` of a model version in the registry, all else staying as it is. `bad` is never overwritten by `good`.
 *
 * Safe to retry because it reads first and writes nothing when the tag is there; a write that is still under way is waited for.
 *
 * @throws NotFound (not retried) when the registry has no such version; Busy; OperationFailed (not retried); OperationCanceled
 */
export async function recordVerdict({ arm }: { arm: RestClient }, { registry, model, version, verdict }: RecordVerdictInput): Promise<{ verdict: ModelVerdict }> {
  const request = { url: registryModelVersionId(registry, model, version), query };
  const what = registryModelAssetId(registry, model, version);
  const read = async (): Promise<VersionBody['properties']> => (await arm.send<VersionBody>({ method: 'GET', ...request })).body.properties;
  let found = await read();
  const known = found.tags?.['verdict'];
  if (known !== verdict && known !== 'bad') {
    const { provisioningState: _state, ...written } = found;
    const response = await arm.send({ method: 'PUT', ...request, body: { properties: { ...written, tags: { ...found.tags, verdict } } } });
    const operation = operationUrl(response);
    if (operation !== undefined) await followOperation(arm, operation, what);
    found = await read();
  }
  await followProvisioning(async () => {
    found = await read();
    return found.provisioningState ?? null;
  }, found.provisioningState ?? null);
  requireSuccess(found.provisioningState ?? 'Succeeded', what);
  const kept = found.tags?.['verdict'];
  if (kept !== verdict && kept !== 'bad') throw vendorFailure(FailureType.Unavailable, `${what}: its verdict cannot be read back yet`);
  return { verdict: kept };
}
