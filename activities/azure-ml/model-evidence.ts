/** What a checklist's machine items ask of Azure Machine Learning: is a model version there, and are its files? */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ModelPlace } from '../../workflows/domain/machine-checks.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, jobId, modelVersionId, registryModelVersionId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobReader } from './blob-reader.ts';
import { blobOf } from './datastore.ts';

export interface FoundModelVersion {
  found: boolean;
  isArchived: boolean;
  /** As the service tells it; null where it tells none, as for versions of a workspace. */
  provisioningState: string | null;
}

export interface FoundModelFiles {
  files: number;
  bytes: number;
  /** Names, below the output's folder, of files that are listed and cannot be read or are empty. */
  unreadable: string[];
}

/** Files of a model that are looked at; a model of more is judged by these. */
const mostFiles = 50;
/** Read of each: that it can be read at all is what is asked. */
const sampleBytes = 1_024;

/** Looks a model version up, in a workspace or in the registry. Safe to retry because it only reads. */
export async function readModelVersion({ arm }: { arm: RestClient }, { home, model, version }: ModelPlace): Promise<FoundModelVersion> {
  const request = 'registry' in home ? { url: registryModelVersionId(home.registry, model, version), query: { 'api-version': ApiVersion.Registries } } : { url: modelVersionId(home.workspace, model, version), query: { 'api-version': ApiVersion.MachineLearning } };
  try {
    const { body } = await arm.send<{ properties: { provisioningState?: string | null; isArchived?: boolean } }>({ method: 'GET', ...request });
    return { found: true, isArchived: body.properties.isArchived === true, provisioningState: body.properties.provisioningState ?? null };
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return { found: false, isArchived: false, provisioningState: null };
    throw error;
  }
}

/**
 * Reads the beginning of every file that a training job left in its output `model`: listing them needs another right than reading them. A job that names no place has its output where
 * Azure ML puts it by default.
 *
 * Safe to retry because it only reads.
 *
 * @throws NotFound (not retried) when the workspace has no such job
 */
export async function readModelFiles({ arm, blob }: { arm: RestClient; blob: BlobReader }, { workspace, jobName }: { workspace: WorkspaceRef; jobName: string }): Promise<FoundModelFiles> {
  const { body } = await arm.send<{ properties: { outputs?: Record<string, { uri?: string | null } | null> | null } }>({ method: 'GET', url: jobId(workspace, jobName), query: { 'api-version': ApiVersion.MachineLearning } });
  const uri = body.properties.outputs?.['model']?.uri ?? `azureml://datastores/workspaceblobstore/paths/azureml/${jobName}/model`;
  const folder = await blobOf(arm, workspace, uri.replace(/\/+$/, ''));
  const files = await blob.list({ ...folder, name: `${folder.name}/` }, mostFiles);
  const unreadable: string[] = [];
  for (const { name, bytes } of files) if (bytes === 0 || (await blob.read({ ...folder, name }, sampleBytes)) === null) unreadable.push(name.slice(folder.name.length + 1));
  return { files: files.length, bytes: files.reduce((total, { bytes }) => total + bytes, 0), unreadable };
}
