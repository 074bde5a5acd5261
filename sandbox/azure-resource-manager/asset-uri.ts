import { STORAGE_ACCOUNT, STORAGE_CONTAINER, machineLearningId } from '../core/tenancy.ts';
import type { Resources } from './resources.ts';

/** Where in the container the files of a registry's model version are. */
export function registryFolder(registry: string, name: string, version: string): string {
  return `registries/${registry}/models/${name}/${version}`;
}

/**
 * The id of the asset version that a reference names, whether or not it exists: an `azureml://registries/…` or
 * `azureml://locations/…/workspaces/<guid>/…` reference, `azureml:<name>:<version>` for a model of the workspace at hand,
 * or an ARM id. Undefined for anything else.
 */
export function assetIdOf(resources: Resources, reference: string, workspace: string): string | undefined {
  const registry = /^azureml:\/\/registries\/([^/]+)\/(\w+)\/([^/]+)\/versions\/([^/]+)$/.exec(reference);
  if (registry) return machineLearningId(`registries/${registry[1]}/${registry[2]}/${registry[3]}/versions/${registry[4]}`);
  const located = /^azureml:\/\/locations\/[^/]+\/workspaces\/([^/]+)\/(\w+)\/([^/]+)\/versions\/([^/]+)$/.exec(reference);
  if (located) {
    const group = machineLearningId('').slice(0, -1);
    const home = resources.children(group, 'workspaces').find(({ properties }) => properties['workspaceId'] === located[1]);
    return home && `${home.id}/${located[2]}/${located[3]}/versions/${located[4]}`;
  }
  const short = /^azureml:([^/:]+):([^/:]+)$/.exec(reference);
  if (short) return machineLearningId(`workspaces/${workspace}/models/${short[1]}/versions/${short[2]}`);
  return /^\/subscriptions\/.+\/versions\/[^/]+$/.test(reference) ? reference : undefined;
}

/**
 * The blob, or the folder of blobs, that a URI stands for: a datastore path, a job's output, an asset version or the URL of a
 * blob. The datastore of a workspace is the folder of its name in the one container.
 *
 * @returns undefined when it stands for nothing that is known
 */
export function blobNameOf(resources: Resources, uri: string, workspace: string): string | undefined {
  const datastore = /^azureml:\/\/(?:subscriptions\/.+\/workspaces\/([^/]+)\/)?datastores\/workspaceblobstore\/paths\/(.+?)\/?$/.exec(uri);
  if (datastore) return `${datastore[1] ?? workspace}/${datastore[2]}`;
  const output = /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)\/?(?:paths\/)?$/.exec(uri);
  if (output) return outputBlobName(resources, output[1] ?? '', output[2] ?? '', workspace);
  const url = new RegExp(`^https://[^/]+/${STORAGE_ACCOUNT}/${STORAGE_CONTAINER}/(.+?)/?$`).exec(uri);
  if (url) return url[1];
  const assetId = assetIdOf(resources, uri, workspace);
  return assetId === undefined ? undefined : assetBlobName(resources, assetId);
}

/** Where a job leaves an output that names no place of its own. */
export function defaultOutputUri(job: string, output: string): string {
  return `azureml://datastores/workspaceblobstore/paths/azureml/${job}/${output}`;
}

function outputBlobName(resources: Resources, job: string, output: string, workspace: string): string | undefined {
  const outputs = resources.get(machineLearningId(`workspaces/${workspace}/jobs/${job}`))?.properties['outputs'];
  const found = (outputs as Record<string, { uri?: string } | null> | undefined)?.[output];
  return found ? blobNameOf(resources, found.uri ?? defaultOutputUri(job, output), workspace) : undefined;
}

function assetBlobName(resources: Resources, id: string): string | undefined {
  const asset = resources.get(id);
  if (!asset) return undefined;
  const [, home, owner = '', , name = '', , version = ''] = /\/(workspaces|registries)\/([^/]+)\/(\w+)\/([^/]+)\/(versions)\/([^/]+)$/.exec(id) ?? [];
  if (home === 'registries') return registryFolder(owner, name, version);
  const uri = asset.properties['modelUri'] ?? asset.properties['codeUri'] ?? asset.properties['dataUri'];
  return typeof uri === 'string' ? blobNameOf(resources, uri, owner) : undefined;
}
