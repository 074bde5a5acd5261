/** A worker process to be killed: the real runbooks from the bundle, the real record in a folder, and platforms that answer at once. Everything that must outlive it is in Temporal and in the record. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { withHeartbeat } from '../../../activities/heartbeat.ts';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../../activities/record/index.ts';
import { createRunsActivities } from '../../../activities/runs/index.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { serveHealth } from '../../../workers/health.ts';
import { payloadConverterPath } from '../../../workers/temporal-client.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { gatePolicy, releaseActivities, testPolicy } from '../../support/release-activities.ts';
import { quietRuntime } from '../../support/temporal-server.ts';

const { TEMPORAL_ADDRESS: address = '', CHAOS_STATE: state = '', CHAOS_HEALTH_PORT: healthPort = '' } = process.env;

quietRuntime();
const connection = await NativeConnection.connect({ address });
const client = new Client({ connection: await Connection.connect({ address }), dataConverter: { payloadConverterPath } });
const { appendToRecord, verifyAnswers } = createRecordActivities({ record: openFolderStore(join(state, 'record')), anchors: openFolderStore(join(state, 'anchors')), keysDirectory: join(state, 'keys'), build: 'chaos' });
const served = releaseActivities({
  appendToRecord,
  verifyAnswers,
  loadPolicy: async ({ target }) => {
    const policy = testPolicy(target);
    const twoOfThree = { ...gatePolicy, quorum: 2, approvers: ['alice', 'bob', 'carol'] };
    return { ...policy, gates: { ...policy.gates, stage1: twoOfThree, stage3: twoOfThree } };
  },
});
const workers = await Promise.all(
  Object.values(TaskQueue).map((taskQueue) =>
    Worker.create({
      connection,
      taskQueue,
      stickyQueueScheduleToStartTimeout: '1s',
      maxHeartbeatThrottleInterval: '1s',
      ...(taskQueue === TaskQueue.Runbooks ? { workflowBundle: { codePath: bundlePath } } : { activities: taskQueue === TaskQueue.Runs ? withHeartbeat(createRunsActivities({ client })) : withHeartbeat(served) }),
    }),
  ),
);
const health = await serveHealth(Number(healthPort), () => workers.every((worker) => worker.getState() === 'RUNNING'));
process.once('SIGTERM', () => workers.forEach((worker) => worker.shutdown()));
await Promise.all(workers.map((worker) => worker.run()));
await health.close();
