/** The client's connection to Temporal, for whatever starts or asks runbooks. TLS, API keys and namespace come from Temporal's own environment variables and profile file. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { CommonConfiguration } from './configuration.ts';

export type Addressed = Pick<CommonConfiguration, 'temporalAddress'>;

export const payloadConverterPath = fileURLToPath(new URL('../workflows/payload-converter.ts', import.meta.url));

/** Where and how to connect; an address in the product's own configuration beats the profile's. */
export function connectConfig({ temporalAddress }: Addressed): ClientConnectConfig & { namespace: string } {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return { connectionOptions: { ...connectionOptions, address: temporalAddress }, namespace: namespace ?? 'default' };
}

/** A client that decodes payloads as the workers do. Close `client.connection` when done. */
export async function connectClient(configuration: Addressed): Promise<Client> {
  const { connectionOptions, namespace } = connectConfig(configuration);
  const connection = await Connection.connect(connectionOptions);
  return new Client({ connection, namespace, dataConverter: { payloadConverterPath } });
}
