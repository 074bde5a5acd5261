/** Where an `azureml://` URI of a workspace's datastore really is. */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, workspaceId } from '../azure-resource-manager/resource-ids.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobAddress } from './blob-reader.ts';

const datastoreUri = /^azureml:\/\/datastores\/([^/]+)\/paths\/(.+)$/;

/** @throws InvalidRequest (not retried) when the URI is not one of a datastore, or the datastore is no blob storage */
export async function blobOf(arm: RestClient, workspace: WorkspaceRef, uri: string): Promise<BlobAddress> {
  const [, datastore, name] = datastoreUri.exec(uri) ?? [];
  if (datastore === undefined || name === undefined) throw vendorFailure(FailureType.InvalidRequest, `${uri} is not azureml://datastores/<datastore>/paths/<path>`);
  const { body } = await arm.send<{ properties: { accountName?: string; containerName?: string } }>({
    method: 'GET',
    url: `${workspaceId(workspace)}/datastores/${encodeURIComponent(datastore)}`,
    query: { 'api-version': ApiVersion.MachineLearning },
  });
  const { accountName, containerName } = body.properties;
  if (!accountName || !containerName) throw vendorFailure(FailureType.InvalidRequest, `datastore ${datastore} of ${workspace.workspace} is no blob storage`);
  return { account: accountName, container: containerName, name };
}
