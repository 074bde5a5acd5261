/** A command's connection to Temporal, and what it means when there is none. */
import type { Client } from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { ConfigurationError, readTemporalConfiguration, type TemporalConfiguration } from '../../workers/configuration.ts';
import { createLazyClient, grpcCode, isUnanswered } from '../temporal-connection.ts';
import { holdpoint } from '../command-line.ts';
import { CommandError, ExitCode } from './exit.ts';

/** How long one call to Temporal may take, in milliseconds, where nothing is waited for. */
export const callMs = 10_000;

export interface Session {
  client: Client;
  configuration: TemporalConfiguration;
}

/** Runs a command with a connection, and closes it. */
export async function withTemporal<T>(command: (session: Session) => Promise<T>): Promise<T> {
  const configuration = configurationOrError();
  const client = createLazyClient(configuration);
  try {
    await client.connection.ensureConnected();
  } catch (error) {
    await client.connection.close();
    throw new CommandError(
      ExitCode.Unreachable,
      `Temporal does not answer at ${configuration.temporalAddress}: ${error instanceof Error ? error.message : String(error)}`,
      'Start everything with `npm run up`, or the server alone with `./temporal-dev.sh`; set TEMPORAL_ADDRESS (or TEMPORAL_PORT) if it is elsewhere.',
    );
  }
  try {
    return await command({ client, configuration });
  } catch (error) {
    throw explained(error, { client, configuration });
  } finally {
    await client.connection.close();
  }
}

/** The address of a run in Temporal Web UI, at the tab with its card. */
export function webUiLink({ client, configuration }: Session, { workflowId, runId }: { workflowId: string; runId: string }): string {
  return `${configuration.uiUrl}/namespaces/${encodeURIComponent(client.options.namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`;
}

function configurationOrError(): TemporalConfiguration {
  try {
    return readTemporalConfiguration();
  } catch (error) {
    throw error instanceof ConfigurationError ? new CommandError(ExitCode.Usage, error.message) : error;
  }
}

/** Errors of the SDK in the user's words; those that carry an exit code already pass. */
function explained(error: unknown, { client, configuration }: Session): unknown {
  if (error instanceof CommandError) return error;
  if (error instanceof WorkflowNotFoundError) {
    return new CommandError(ExitCode.NotFound, `There is no run ${error.workflowId}`, `\`${holdpoint} list\` shows all runs; an id is written in full, such as releaseModel:P001:C001:42-3f2a91c0.`);
  }
  if (error instanceof NamespaceNotFoundError) {
    return new CommandError(ExitCode.Unreachable, `Temporal at ${configuration.temporalAddress} has no namespace ${client.options.namespace}`, 'Set TEMPORAL_NAMESPACE to the one that the workers use.');
  }
  if (isUnanswered(error)) return new CommandError(ExitCode.Unreachable, `Temporal at ${configuration.temporalAddress} stopped answering`, 'Try again; `./temporal-dev.sh --status` tells whether a local server runs.');
  const refusals: Record<number, string> = { 7: 'refused this identity', 16: 'wants a valid sign-in' }; // gRPC: PERMISSION_DENIED, UNAUTHENTICATED
  const refusal = refusals[grpcCode(error) ?? 0];
  if (refusal !== undefined) return new CommandError(ExitCode.Unreachable, `Temporal at ${configuration.temporalAddress} ${refusal}`, 'Check TEMPORAL_API_KEY, the TEMPORAL_TLS_… variables or the profile named by TEMPORAL_PROFILE.');
  return error;
}
