import { createBlobWriter, type BlobWriter } from '../azure-ml/blob-writer.ts';
import { createAzureMlClients, type AzureMlClients } from '../azure-ml/clients.ts';

export interface StatisticsClients extends AzureMlClients {
  reports: BlobWriter;
}

/** Readings, predictions and reports are all in the storage of Azure ML workspaces. */
export function createStatisticsClients(settings: Parameters<typeof createAzureMlClients>[0]): StatisticsClients {
  return { ...createAzureMlClients(settings), reports: createBlobWriter(settings) };
}
