import { NativeConnection } from '@temporalio/worker';
import { connectConfig, type Addressed } from './temporal-client.ts';

/** The workers' connection, configured like the clients'. */
export async function connectWorker(configuration: Addressed): Promise<{ connection: NativeConnection; namespace: string }> {
  const { connectionOptions, namespace } = connectConfig(configuration);
  return { connection: await NativeConnection.connect(connectionOptions), namespace };
}
