/** The real runbooks, from the bundle, with given activities: every queue of the product is served. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../workers/bundle.ts';
import { workflowTaskTime } from '../../workers/workflow-task-time.ts';
import { withHeartbeat } from '../../activities/heartbeat.ts';
import { createRunsActivities } from '../../activities/runs/index.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { releaseActivities, type ReleaseActivities } from './release-activities.ts';

/** Runs `body` while the workers run, and stops them with it. `cached: 0` replays the whole history at every task. */
export async function withReleaseWorkers<T>(environment: Pick<TestWorkflowEnvironment, 'nativeConnection' | 'namespace' | 'client'>, activities: Partial<ReleaseActivities>, body: () => Promise<T>, { cached }: { cached?: number } = {}): Promise<T> {
  const shared = { connection: environment.nativeConnection, namespace: environment.namespace ?? 'default', stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
  const runbooks = await Worker.create({ ...shared, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath }, ...workflowTaskTime, ...(cached !== undefined && { maxCachedWorkflows: cached }) });
  const served = releaseActivities(activities); // one set: what one platform's activity did, another's finds
  const activitiesOf = (taskQueue: TaskQueue) => (taskQueue === TaskQueue.Runs ? { ...withHeartbeat(createRunsActivities({ client: environment.client, readFreeze: async (question, at) => (await served.readFreeze({ ...question, at })).standing })), ...activities } : served);
  const platforms = await Promise.all(Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks).map((taskQueue) => Worker.create({ ...shared, taskQueue, activities: activitiesOf(taskQueue) })));
  const workers = [runbooks, ...platforms];
  const running = workers.map((worker) => worker.run());
  try {
    return await Promise.race([body(), Promise.all(running).then(() => Promise.reject(new Error('a worker stopped before the test did')))]);
  } finally {
    workers.forEach((worker) => worker.shutdown());
    await Promise.all(running);
  }
}
