import { createArmClient, type ArmClient } from '../azure-resource-manager/arm-client.ts';
import { createRestClient, type RestClient } from '../http/rest-client.ts';
import { TokenScope, type PlatformSettings } from '../http/settings.ts';
import { createTransport } from '../http/transport.ts';
import { createBlobReader, type BlobReader } from './blob-reader.ts';
import type { ReadLock } from './lock-permit.ts';

export interface AzureMlClients {
  arm: ArmClient;
  /** Batch scoring: a token of its own audience, never the one of Azure Resource Manager. */
  scoring: RestClient;
  blob: BlobReader;
  /** The locks of targets, from the worker's Temporal client; without it, no write under a lock can be done. */
  readLock?: ReadLock;
}

/** The real clients of the Azure Machine Learning adapter. */
export function createAzureMlClients(settings: Pick<PlatformSettings, 'credential' | 'resourceManagerEndpoint' | 'blobEndpoint' | 'caFile' | 'requestTimeoutMs'>): AzureMlClients {
  return {
    arm: createArmClient(settings),
    scoring: createRestClient({ transport: createTransport(settings), authentication: { credential: settings.credential, scope: TokenScope.BatchScoring } }),
    blob: createBlobReader(settings),
  };
}
