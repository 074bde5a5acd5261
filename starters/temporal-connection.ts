/** A client that connects at its first call, so that a process can start, or explain itself, while Temporal is away. */
import { Client, Connection, isGrpcDeadlineError, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { connectConfig, payloadConverterPath, type Addressed } from '../workers/temporal-client.ts';

/** How long the first contact may take, in milliseconds. */
const connectTimeout = 5_000;
/** Longest pause between two tries to reconnect, in milliseconds. gRPC's own 2 minutes would make a receiver answer 503 long after Temporal is back. */
const longestReconnectPause = 5_000;

/** Makes a client and no connection yet. Close `client.connection` when done. */
export function createLazyClient(configuration: Addressed): Client {
  const { connectionOptions, namespace } = connectConfig(configuration);
  const connection = Connection.lazy({ ...connectionOptions, connectTimeout, channelArgs: { 'grpc.max_reconnect_backoff_ms': longestReconnectPause } });
  return new Client({ connection, namespace, dataConverter: { payloadConverterPath } });
}

/** Runs calls that must be answered within so many milliseconds, connecting included. */
export async function within<T>(client: Client, milliseconds: number, calls: () => Promise<T>): Promise<T> {
  return await client.connection.withDeadline(Date.now() + milliseconds, calls);
}

/** Whether an error means that Temporal, or the way to it, did not answer, and not that it refused. */
export function isUnanswered(error: unknown): boolean {
  return isLate(error) || isUnavailable(error);
}

/** Whether nobody answered within the deadline. Where it passes while the client repeats a call, the client says CANCELLED instead. */
export function isLate(error: unknown): boolean {
  return isGrpcDeadlineError(error) || grpcCode(error) === 1;
}

/** gRPC's UNAVAILABLE, of the call itself or below the client's own error. */
export function isUnavailable(error: unknown): boolean {
  return grpcCode(error) === 14;
}

/** gRPC's status code of an error of the client; undefined for any other error. */
export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}
