/** The worker process: one worker for each task queue that it is told to serve. In production give each process one queue and only that platform's credentials. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { FailureType } from '../workflows/domain/failures.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { alertSecretNames } from '../activities/estate/alerts-schema.ts';
import { readEstate, readEstateWarnings } from '../activities/estate/estate-file.ts';
import { secretNames } from '../activities/estate/notifications-schema.ts';
import { buttonKeysFile } from '../activities/notifications/button-token.ts';
import { createActivities } from './activity-sets.ts';
import { buildBundle, bundlePath } from './bundle.ts';
import { ConfigurationError, readSecrets, readWorkerConfiguration } from './configuration.ts';
import { serveHealth } from './health.ts';
import { killSwitch } from './kill-switch.ts';
import { platformSettings } from './platform-settings.ts';
import { refuseUnattributable } from './principal-check.ts';
import { gatesOfLevel, identityProblem, refuseInsufficientIdentity } from './production-check.ts';
import { createLogger, installRuntime } from './telemetry.ts';
import { connectClient } from './temporal-client.ts';
import { connectWorker } from './temporal-worker.ts';
import { workflowTaskTime } from './workflow-task-time.ts';

async function main(): Promise<void> {
  const configuration = readWorkerConfiguration();
  const estate = await readEstate(configuration.estateFile);
  refuseInsufficientIdentity(configuration, estate);
  const logger = createLogger(configuration, 'holdpoint-worker');
  installRuntime(logger);
  for (const warning of await readEstateWarnings(configuration.estateFile)) logger.warn(warning);

  if (!existsSync(bundlePath)) await buildBundle();
  const { connection, namespace } = await connectWorker(configuration);
  await refuseUnattributable(connection.workflowService, { estateFile: configuration.estateFile, gates: gatesOfLevel(estate, 'attributed') });
  const settings = platformSettings(configuration, estate);
  const notifications = configuration.HOLDPOINT_QUEUES.includes(TaskQueue.Notifications) ? estate.notifications : undefined;
  const alerts = configuration.HOLDPOINT_QUEUES.includes(TaskQueue.AlertSources) ? estate.alerts : undefined;
  const telling = { alertSecrets: alerts === undefined ? {} : readSecrets(alertSecretNames(alerts)), notificationSecrets: notifications === undefined ? {} : readSecrets(secretNames(notifications)), buttonKeysFile: join(configuration.keysDirectory, buttonKeysFile) };
  const readsRuns = [TaskQueue.Runs, TaskQueue.AzureMl, TaskQueue.AzureMlUrgent].some((queue) => configuration.HOLDPOINT_QUEUES.includes(queue)) || notifications !== undefined || (configuration.TEMPORAL_PRINCIPALS && configuration.HOLDPOINT_QUEUES.includes(TaskQueue.Record));
  const client = readsRuns ? await connectClient(configuration) : undefined;
  const workers = await Promise.all(
    configuration.HOLDPOINT_QUEUES.map((taskQueue) =>
      Worker.create({
        connection,
        namespace,
        taskQueue,
        ...(taskQueue === TaskQueue.Runbooks ? { workflowBundle: { codePath: bundlePath }, ...workflowTaskTime } : { activities: createActivities(taskQueue, settings, { ...configuration, ...telling, identityProblem: (level) => identityProblem(configuration, level) }, client) }),
        // The floor of crash recovery: how long a run waits for the worker that last held it. 10 s by default.
        stickyQueueScheduleToStartTimeout: '1s',
        // A cancellation reaches an activity with the answer to a heartbeat, and heartbeats are sent no more often than this.
        maxHeartbeatThrottleInterval: '1s',
        shutdownGraceTime: '10s',
        ...(configuration.HOLDPOINT_KILL_AT !== undefined && { interceptors: { activity: [killSwitch(configuration.HOLDPOINT_KILL_AT)] } }),
      }),
    ),
  );

  const health = await serveHealth(configuration.HOLDPOINT_WORKER_HEALTH_PORT, () => workers.every((worker) => worker.getState() === 'RUNNING'));
  const stop = (): void => workers.filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown());
  process.once('SIGTERM', stop).once('SIGINT', stop);
  logger.info({ queues: configuration.HOLDPOINT_QUEUES, temporal: configuration.temporalAddress, namespace }, 'worker started');
  await Promise.all(workers.map((worker) => worker.run()));
  await health.close();
  await client?.connection.close();
  await connection.close();
  logger.info('worker stopped');
}

main().catch((error: unknown) => {
  const isExpected = error instanceof ConfigurationError || (error instanceof ApplicationFailure && error.type === FailureType.EstateInvalid);
  process.stderr.write(`${isExpected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(isExpected ? 2 : 1);
});
