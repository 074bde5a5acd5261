/** Activities of a check before a pipeline's stage. */
import { createRestClient } from '../http/rest-client.ts';
import type { PlatformSettings } from '../http/settings.ts';
import { createTransport } from '../http/transport.ts';
import type { SecretVault } from '../secrets/vault.ts';
import { createAzureDevOpsClients } from './clients.ts';
import { completeStageCheck, type CheckClients, type CompleteStageCheckInput } from './check-completion.ts';
import { readStageEvidence, type ReadStageEvidenceInput } from './check-evidence.ts';
import { writeCheckLog, type WriteCheckLogInput } from './check-log.ts';
import { checkApi } from './check-rest.ts';
import { forgetCheckSecret } from './check-secret.ts';
import { watchStage, type WatchStageInput } from './check-watch.ts';

/** The real clients; the vault is opened by the worker's configuration. */
export function createCheckClients(settings: Pick<PlatformSettings, 'credential' | 'devOpsUrl' | 'devOpsProject' | 'caFile' | 'requestTimeoutMs'>, vault: SecretVault | null): CheckClients {
  const bare = createRestClient({ transport: createTransport(settings), baseUrl: settings.devOpsUrl });
  return { service: createAzureDevOpsClients(settings).rest, bare, vault };
}

export const createCheckActivities = (clients: CheckClients) => {
  const api = checkApi(clients.service);
  return {
    readStageEvidence: (input: ReadStageEvidenceInput) => readStageEvidence(api, input),
    completeStageCheck: (input: CompleteStageCheckInput) => completeStageCheck(clients, input),
    writeCheckLog: (input: WriteCheckLogInput) => writeCheckLog(clients, input),
    watchStage: (input: WatchStageInput) => watchStage(api, input),
    forgetCheckSecret: (input: { secret: string }) => forgetCheckSecret(clients.vault, input),
  };
};
