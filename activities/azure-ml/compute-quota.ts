/** How much room a compute's virtual machines have, by the platform's own figures. */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ComputeQuota } from '../../workflows/domain/training-failures.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, assetId, locationId, workspaceId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface ReadComputeQuotaInput {
  workspace: WorkspaceRef;
  /** ARM id, or the short form `azureml:<name>`. */
  compute: string;
}

interface ComputeBody {
  name?: string;
  location?: string;
  properties: { properties?: { vmSize?: string; scaleSettings?: { maxNodeCount?: number } } | null };
}

interface Usage {
  id?: string;
  currentValue?: number;
  limit?: number;
  name?: { value?: string; localizedValue?: string };
}

const query = { 'api-version': ApiVersion.MachineLearning };

/**
 * Usage against limit of the family of a compute's virtual machines, and of all machines of the region: the tighter of them. Null where the compute is gone or has no machines of a known
 * size, or where the platform tells no such figure.
 *
 * Safe to retry because it only reads.
 */
export async function readComputeQuota({ arm }: { arm: RestClient }, { workspace, compute }: ReadComputeQuotaInput): Promise<ComputeQuota | null> {
  const id = assetId(workspace, 'computes', compute);
  const found = await readCompute(arm, id);
  const { vmSize, scaleSettings } = found?.properties.properties ?? {};
  const location = found?.location;
  if (vmSize === undefined || location === undefined) return null;

  const at = locationId(workspace.subscriptionId, location);
  const { body: { value: sizes } } = await arm.send<{ value: { name?: string; family?: string; vCPUs?: number }[] }>({ method: 'GET', url: `${at}/vmSizes`, query });
  const size = sizes.find(({ name }) => name?.toLowerCase() === vmSize.toLowerCase());
  if (size?.family === undefined || size.vCPUs === undefined) return null;

  const usages = await listUsages(arm, `${at}/usages`);
  const own = workspaceId(workspace).toLowerCase();
  const isHere = (place = ''): boolean => !place.toLowerCase().includes('/workspaces/') || place.toLowerCase().startsWith(`${own}/`);
  const tightest = usages
    .filter((usage) => isHere(usage.id) && concerns(usage, size.family!))
    .flatMap(({ currentValue, limit, name }) => (currentValue === undefined || limit === undefined || limit < 0 ? [] : [{ name: name?.localizedValue ?? name?.value ?? '', used: currentValue, limit }]))
    .sort((one, other) => one.limit - one.used - (other.limit - other.used))[0];
  return tightest === undefined ? null : { compute: id.split('/').at(-1)!, vmSize, vCpus: size.vCPUs, maxNodes: scaleSettings?.maxNodeCount ?? 1, location, ...tightest };
}

async function readCompute(arm: RestClient, id: string): Promise<ComputeBody | null> {
  try {
    return (await arm.send<ComputeBody>({ method: 'GET', url: id, query })).body;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

async function listUsages(arm: RestClient, url: string): Promise<Usage[]> {
  const usages: Usage[] = [];
  for (let next: { url: string; query?: Record<string, string> } | null = { url, query }; next !== null; ) {
    const { body }: { body: { value: Usage[]; nextLink?: string | null } } = await arm.send({ method: 'GET', ...next });
    usages.push(...body.value);
    next = body.nextLink ? { url: body.nextLink } : null;
  }
  return usages;
}

/** `standardDSv2Family` of a size is `Standard DSv2 Family Cluster Dedicated vCPUs` among the usages; beside it the region as a whole has a limit. */
function concerns({ name }: Usage, family: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const texts = [name?.value, name?.localizedValue].map((text) => plain(text ?? ''));
  return texts.some((text) => text !== '' && (text.startsWith(plain(family)) || text === 'totalclusterdedicatedregionalvcpus'));
}
