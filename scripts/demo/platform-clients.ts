import { createArmClient, type ArmClient } from '../../activities/azure-resource-manager/arm-client.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { CLIENT_ID, CLIENT_SECRET, RESOURCE_GROUP, SUBSCRIPTION_ID, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { Settings } from '../supervise/settings.ts';

const requestTimeoutMs = 5_000;

/** Azure Resource Manager as the product itself sees it, signed in to the stand-in: what the demo shows at its end is read from the platform. */
export function armClient({ sandbox: { url, caFile } }: Settings): ArmClient {
  const transport = { caFile, requestTimeoutMs };
  const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: url }, transport);
  return createArmClient({ credential, resourceManagerEndpoint: url, ...transport });
}

export function workspaceRef(workspace: string): WorkspaceRef {
  return { subscriptionId: SUBSCRIPTION_ID, resourceGroup: RESOURCE_GROUP, workspace };
}
