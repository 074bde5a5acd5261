import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, TENANT_ID } from './core/tenancy.ts';

/** The environment variables that point the product's clients at the stand-in. */
export function sandboxEnvironment({ url, caFile }: { url: string; caFile: string }): Record<string, string> {
  return {
    AZURE_TENANT_ID: TENANT_ID,
    AZURE_CLIENT_ID: CLIENT_ID,
    AZURE_CLIENT_SECRET: CLIENT_SECRET,
    AZURE_AUTHORITY_HOST: url,
    AZURE_RESOURCE_MANAGER_ENDPOINT: url,
    AZURE_BLOB_ENDPOINT: `${url}/{account}`,
    AZURE_DEVOPS_URL: `${url}/ado/${ORGANISATION}`,
    AZURE_CA_FILE: caFile,
    CHAT_WEBHOOK_URL: `${url}/chat/webhook/releases`,
  };
}
