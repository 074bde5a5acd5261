import { createRestClient, type RestClient } from '../http/rest-client.ts';
import { TokenScope, type PlatformSettings } from '../http/settings.ts';
import { releaseManagementUrl } from './approvals-rest.ts';
import { createTransport } from '../http/transport.ts';

export interface AzureDevOpsClients {
  rest: RestClient;
  /** The one project that this product works in. */
  project: string;
  /** Where classic releases are served. */
  releaseUrl: string;
  /** The file of `TagSightings`, which the receiver writes too; left out: what was seen is forgotten with the process. */
  sightingsFile?: string;
}

/** The real client of the Azure DevOps adapter; the receiver uses the same. */
export function createAzureDevOpsClients(settings: Pick<PlatformSettings, 'credential' | 'devOpsUrl' | 'devOpsProject' | 'caFile' | 'requestTimeoutMs'>): AzureDevOpsClients {
  const authentication = { credential: settings.credential, scope: TokenScope.AzureDevOps };
  return { rest: createRestClient({ transport: createTransport(settings), baseUrl: settings.devOpsUrl, authentication }), project: settings.devOpsProject, releaseUrl: releaseManagementUrl(settings.devOpsUrl) };
}
