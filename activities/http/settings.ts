import type { TokenCredential } from '@azure/identity';
import type { TransportSettings } from './transport.ts';

/** Where the platforms are and how to sign in: what a worker hands to each adapter's `clients.ts`. */
export interface PlatformSettings extends TransportSettings {
  credential: TokenCredential;
  /** `https://management.azure.com` in the public cloud. */
  resourceManagerEndpoint: string;
  /** URL of a storage account, `{account}` standing for its name: `https://{account}.blob.core.windows.net` in the public cloud. */
  blobEndpoint: string;
  /** `https://dev.azure.com/<organisation>`. */
  devOpsUrl: string;
  devOpsProject: string;
}

/** Audiences of access tokens; each platform refuses the token of another. */
export const TokenScope = {
  ResourceManager: 'https://management.azure.com/.default',
  BatchScoring: 'https://ml.azure.com/.default',
  /** The well-known application id of Azure DevOps. */
  AzureDevOps: '499b84ac-1321-427f-aa17-267ca6975798/.default',
} as const;
