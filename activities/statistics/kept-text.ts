import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { BlobWriter } from '../azure-ml/blob-writer.ts';
import { blobOf } from '../azure-ml/datastore.ts';
import type { Clients } from './circuit-data.ts';

export interface ReportClients extends Clients {
  reports: BlobWriter;
}

/** Where the files of one report lie: a folder for each circuit, and below it one for each step. */
export function reportFolder(circuit: string, key: string): string {
  return `azureml://datastores/workspaceblobstore/paths/reports/${circuit.replaceAll('/', '-')}/${key}`;
}

/** Writes a text where it is not there already, and answers its URI. */
export async function keepText({ arm, blob, reports }: ReportClients, workspace: WorkspaceRef, uri: string, text: string, contentType: string): Promise<string> {
  const address = await blobOf(arm, workspace, uri);
  if ((await blob.read(address, Buffer.byteLength(text) + 1)) !== text) await reports.write(address, text, contentType);
  return uri;
}
