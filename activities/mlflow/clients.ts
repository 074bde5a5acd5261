import { createRestClient, type RestClient } from '../http/rest-client.ts';
import { TokenScope, type PlatformSettings } from '../http/settings.ts';
import { createTransport } from '../http/transport.ts';

/** The real client of the MLflow adapter: Azure ML serves MLflow to tokens of Azure Resource Manager, which also tells where. */
export function createMlflowClients(settings: Pick<PlatformSettings, 'credential' | 'resourceManagerEndpoint' | 'caFile' | 'requestTimeoutMs'>): { rest: RestClient } {
  const authentication = { credential: settings.credential, scope: TokenScope.ResourceManager };
  return { rest: createRestClient({ transport: createTransport(settings), baseUrl: settings.resourceManagerEndpoint, authentication }) };
}
