/** The worker process: one worker for each task queue that it is told to serve. In production give each process one queue and only that platform's credentials. */
import { existsSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { createActivitySets } from './activity-sets.ts';
import { buildBundle, bundlePath } from './bundle.ts';
import { ConfigurationError, readWorkerConfiguration } from './configuration.ts';
import { serveHealth } from './health.ts';
import { killSwitch } from './kill-switch.ts';
import { refuseInsufficientIdentity } from './production-check.ts';
import { createLogger, installRuntime } from './telemetry.ts';
import { connectWorker } from './temporal-worker.ts';

async function main(): Promise<void> {
  const configuration = readWorkerConfiguration();
  await refuseInsufficientIdentity(configuration);
  const logger = createLogger(configuration, 'holdpoint-worker');
  installRuntime(logger);

  if (!existsSync(bundlePath)) await buildBundle();
  const { connection, namespace } = await connectWorker(configuration);
  const activitySets = createActivitySets(configuration);
  const workers = await Promise.all(
    configuration.HOLDPOINT_QUEUES.map((taskQueue) =>
      Worker.create({
        connection,
        namespace,
        taskQueue,
        ...(taskQueue === TaskQueue.Runbooks ? { workflowBundle: { codePath: bundlePath } } : { activities: activitySets[taskQueue] }),
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
  await connection.close();
  logger.info('worker stopped');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigurationError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(error instanceof ConfigurationError ? 2 : 1);
});
