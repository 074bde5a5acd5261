/** What a batch job needs: are its data there, and the environment that its deployment should have? */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, assetId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobReader } from './blob-reader.ts';
import { blobOf } from './datastore.ts';

/**
 * Whether there is anything at each address; one that is no address of a datastore's blobs counts as nothing.
 *
 * Safe to retry because it only reads.
 */
export async function checkBatchData({ arm, blob }: { arm: RestClient; blob: BlobReader }, { workspace, uris }: { workspace: WorkspaceRef; uris: string[] }): Promise<{ data: { uri: string; isThere: boolean }[] }> {
  const data: { uri: string; isThere: boolean }[] = [];
  for (const uri of uris) data.push({ uri, isThere: await isThere({ arm, blob }, workspace, uri) });
  return { data };
}

async function isThere({ arm, blob }: { arm: RestClient; blob: BlobReader }, workspace: WorkspaceRef, uri: string): Promise<boolean> {
  try {
    const address = await blobOf(arm, workspace, uri.replace(/\/+$/, ''));
    // A prefix is not a path: `weather.csv` begins as `weather.csv.bak` does.
    return (await blob.list(address, 10)).some(({ name }) => name === address.name || name.startsWith(`${address.name}/`));
  } catch (error) {
    if (isFailure(error, FailureType.InvalidRequest) || isFailure(error, FailureType.NotFound)) return false;
    throw error;
  }
}

/** The environment version behind a reference such as `azureml:sensor-env:1`, as a deployment names it, and whether the workspace has it. Safe to retry because it only reads. */
export async function checkEnvironment({ arm }: { arm: RestClient }, { workspace, environment }: { workspace: WorkspaceRef; environment: string }): Promise<{ id: string; isThere: boolean }> {
  const id = assetId(workspace, 'environments', environment);
  if (!id.startsWith('/subscriptions/')) return { id, isThere: true }; // of a registry: the service itself looks there
  try {
    const { body } = await arm.send<{ properties?: { isArchived?: boolean } }>({ method: 'GET', url: id, query: { 'api-version': ApiVersion.MachineLearning } });
    return { id, isThere: body.properties?.isArchived !== true };
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return { id, isThere: false };
    throw error;
  }
}
