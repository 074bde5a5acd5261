/**
 * The receiver process. It starts, and answers 503, while Temporal is away, and recovers by itself.
 *
 * It speaks plain HTTP and the password travels in a header: in production put TLS in front (Azure DevOps sends basic authentication over HTTPS only) and leave
 * HOLDPOINT_HOST at a loopback or private address.
 */
import { ApplicationFailure } from '@temporalio/common';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { keyFiles } from '../../activities/record/key-ring.ts';
import { sightingsFile, TagSightings } from '../../activities/azure-devops/tag-sightings.ts';
import { openVault } from '../../activities/secrets/open-vault.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { ConfigurationError, readReceiverConfiguration } from '../../workers/configuration.ts';
import { platformSettings } from '../../workers/platform-settings.ts';
import { createDecisionSigner } from '../decision-signer.ts';
import { createLazyClient } from '../temporal-connection.ts';
import { reconcileAtStart, temporalAlerts } from './alerts/temporal-alerts.ts';
import { approvals } from './approvals.ts';
import { pullRequestReader } from './azure-devops-reader.ts';
import { stageApprovals } from './checks/stage-approvals.ts';
import { accompanyPorts } from './accompany-ports.ts';
import { ApprovalPoll } from './approval-poll.ts';
import { createReceiverLogger } from './logger.ts';
import { createReceiver } from './server.ts';
import { isTemporalReady, startRelease, wakeReview } from './temporal-releases.ts';

async function main(): Promise<void> {
  const configuration = readReceiverConfiguration();
  const { estateFile, HOLDPOINT_HOST: host, HOLDPOINT_PORT: port, HOLDPOINT_WEBHOOK_USER: user, HOLDPOINT_WEBHOOK_PASSWORD: password } = configuration;
  const estate = await readEstate(estateFile);
  const logger = createReceiverLogger(configuration.LOG_LEVEL);
  const client = createLazyClient(configuration);
  const vault = openVault(configuration);
  if (vault === null) logger.info('checks of Azure pipelines are off: HOLDPOINT_SECRETS_KEY is not set');

  const settings = platformSettings(configuration, estate);
  const sign = createDecisionSigner({ privateKeysFile: keyFiles(configuration.keysDirectory, 'decisions').privateKeys });
  const sightings = new TagSightings(sightingsFile(configuration.HOLDPOINT_STATE));
  const pipelines = accompanyPorts({ client, settings, estate: () => readEstate(estateFile), sign, sightings });
  const approvalPoll = new ApprovalPoll({ ports: pipelines.azureApprovals, ...pipelines.poll, everyMs: configuration.HOLDPOINT_APPROVAL_POLL_MS, logger });

  const app = await createReceiver({
    credentials: { user, password },
    trustedProxies: configuration.HOLDPOINT_TRUSTED_PROXIES,
    logger,
    readPullRequest: pullRequestReader(settings),
    builds: pipelines.builds,
    azureApprovals: pipelines.azureApprovals,
    // Read again for each notification: a changed branch needs no restart, and a broken file answers 503 until it is repaired.
    releaseBranch: async () => (await readEstate(estateFile)).releaseBranch,
    startRelease: (input) => startRelease(client, input),
    wakeReview: (workflowId, news) => wakeReview(client, workflowId, news),
    isTemporalReady: () => isTemporalReady(client),
    alerts: { ...temporalAlerts(client), token: configuration.HOLDPOINT_ALERT_TOKEN, pagerDutySecrets: configuration.PAGERDUTY_WEBHOOK_SECRETS ?? [] },
    ...(await approvals(configuration, client)),
    ...(vault && { checks: stageApprovals({ client, vault, organisationUrl: configuration.AZURE_DEVOPS_URL }) }),
  });

  // Tokens whose run never closed, such as a terminated one's, lie no longer than they live.
  const sweep = vault && setInterval(() => void vault.removeExpired(new Date()).catch((error: unknown) => logger.warn({ err: error }, 'expired tokens could not be removed')), 3_600_000);
  sweep?.unref();

  const stopping = new AbortController();
  const stop = async (signal: string): Promise<void> => {
    logger.info({ signal }, 'receiver is stopping');
    stopping.abort();
    await approvalPoll.stop();
    await app.close(); // waits for the notifications under way
    sightings.close();
    // The connection ends with the process. Were it closed here, a call that the SDK is about to repeat would throw from a timer of its own, where nobody can catch it.
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
  await app.listen({ host, port });
  approvalPoll.start();
  if (estate.alerts) void reconcileAtStart(client, { logger, signal: stopping.signal });
  logger.info({ temporal: configuration.temporalAddress, namespace: client.options.namespace, releaseBranch: estate.releaseBranch }, 'receiver started');
}

main().catch((error: unknown) => {
  const isConfiguration = error instanceof ConfigurationError || (error instanceof ApplicationFailure && error.type === FailureType.EstateInvalid);
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const text = isTaken ? `${error.message}: another program has this port; stop it, or choose another with HOLDPOINT_PORT` : isConfiguration ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(isConfiguration ? 2 : 1);
});
