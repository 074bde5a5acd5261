import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import type { Estate } from '../activities/estate/schema.ts';
import { createClientSecretCredential } from '../activities/http/credential.ts';
import type { PlatformSettings } from '../activities/http/settings.ts';
import type { TransportSettings } from '../activities/http/transport.ts';
import type { AzureConfiguration } from './configuration.ts';

/** Where the platforms are and how this process signs in to them. */
export function platformSettings(configuration: AzureConfiguration, { azureDevOps }: { azureDevOps: Pick<Estate['azureDevOps'], 'project'> }): PlatformSettings {
  const transport = { caFile: configuration.AZURE_CA_FILE, requestTimeoutMs: configuration.HOLDPOINT_REQUEST_TIMEOUT_MS };
  return {
    ...transport,
    credential: credentialOf(configuration, transport),
    resourceManagerEndpoint: configuration.AZURE_RESOURCE_MANAGER_ENDPOINT,
    blobEndpoint: configuration.AZURE_BLOB_ENDPOINT,
    devOpsUrl: configuration.AZURE_DEVOPS_URL,
    devOpsProject: azureDevOps.project,
  };
}

/** A client secret where one is given; otherwise whatever the machine offers (workload identity, managed identity), as `@azure/identity` finds it. */
function credentialOf({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST }: AzureConfiguration, transport: TransportSettings): TokenCredential {
  if (AZURE_CLIENT_SECRET === undefined) return new DefaultAzureCredential();
  return createClientSecretCredential({ tenantId: AZURE_TENANT_ID, clientId: AZURE_CLIENT_ID, clientSecret: AZURE_CLIENT_SECRET, authorityHost: AZURE_AUTHORITY_HOST }, transport);
}
