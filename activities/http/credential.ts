import { ClientSecretCredential } from '@azure/identity';
import { createTransport, type TransportSettings } from './transport.ts';

export interface ClientSecret {
  tenantId: string;
  clientId: string;
  clientSecret: string;
  /** Microsoft Entra ID of another cloud, or of a stand-in; the public cloud's by default. */
  authorityHost?: string;
}

/** Signs in as an application. With an authority of one's own the discovery of Microsoft's public instances is left out, which it does not answer. */
export function createClientSecretCredential({ tenantId, clientId, clientSecret, authorityHost }: ClientSecret, transport: TransportSettings): ClientSecretCredential {
  return new ClientSecretCredential(tenantId, clientId, clientSecret, {
    ...(authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }),
    retryOptions: { maxRetries: 0 },
    httpClient: createTransport(transport),
  });
}
