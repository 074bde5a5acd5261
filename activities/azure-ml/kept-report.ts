/** Reports of a run that are too long for its history: kept in a workspace's storage, and named by reference. */
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobReader } from './blob-reader.ts';
import { blobOf } from './datastore.ts';

export interface KeepReportInput {
  key: StepKey;
  workspace: WorkspaceRef;
  /** Of the file, such as `integration-test.csv`. */
  name: string;
  text: string;
}

/**
 * Writes a report to the workspace's default datastore, and answers where it is, with its digest.
 *
 * Safe to retry because the path carries the step's key: a second call writes the same bytes to the same place.
 */
export async function keepReport({ arm, blob }: { arm: RestClient; blob: BlobReader }, { key, workspace, name, text }: KeepReportInput): Promise<{ uri: string; sha256: string }> {
  const uri = `azureml://datastores/workspaceblobstore/paths/holdpoint/${key.key}/${name}`;
  await blob.write(await blobOf(arm, workspace, uri), text, name.endsWith('.csv') ? 'text/csv; charset=utf-8' : 'text/plain; charset=utf-8');
  return { uri, sha256: sha256Hex(text) };
}
