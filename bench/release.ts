/**
 * `npm run bench:release [-- runs]`: unloaded latency of `releaseModel` with activities that answer at once and a watch of one poll, beside a bare workflow with the same
 * number and order of activities, two signals, and a bare mutex workflow for the circuit; interleaved, on the same server and worker process. The last line is one JSON object.
 */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { releaseModel } from '../starters/runbooks.ts';
import { testInput, testPolicy, type ReleaseActivities } from '../test/support/release-activities.ts';
import { withReleaseWorkers } from '../test/support/release-worker.ts';
import { startTemporal } from '../test/support/temporal-server.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { median, percentile } from './statistics.ts';
import { worstCaseEvents } from './worst-case.ts';

/** Activities of `releaseModel` before Stage 1, between the stages, and after Stage 3; what people are told when a gate opens and closes comes on top. Checked below against a real history. */
const stages = [5, 11, 11];
const runs = Number(process.argv[2] ?? 200);
const warmUp = 20;

const environment = await startTemporal();
const { workflow } = environment.client;

/** Each gate's announcement tells the driver that the gate is open, so that no poll blurs the figure; on both sides alike. */
const opened = new EventEmitter();
const tell = () => opened.emit(activityInfo().workflowExecution!.workflowId);
const notify: ReleaseActivities['notify'] = async ({ event }) => {
  if (event.kind === 'opened') tell();
  return { delivered: ['chat'], failed: [] };
};
/** As most estates have it: older releases of the circuit are looked for. */
const loadPolicy: ReleaseActivities['loadPolicy'] = async ({ target }) => ({ ...testPolicy(target), supersede: 'retire' });
const bareActivities = {
  step: async () => ({}),
  announce: async ({ decided }: { decided?: boolean }) => {
    if (!decided) tell();
    return {};
  },
  claim: async ({ lock, holder }: { lock: string; holder: string }) => {
    const startWorkflowOperation = new WithStartWorkflowOperation('bareLock', { workflowId: lock, taskQueue: 'bare', workflowIdConflictPolicy: 'USE_EXISTING', args: [] });
    const granted = await workflow.executeUpdateWithStart<Workflow, boolean, [string]>('acquire', { args: [holder], startWorkflowOperation });
    return { granted };
  },
};

async function timed(workflowId: string, start: () => Promise<WorkflowHandle>, answers: unknown[]): Promise<{ ms: number; handle: WorkflowHandle }> {
  const from = performance.now();
  let open = once(opened, workflowId);
  const handle = await start();
  for (const answer of answers) {
    await open;
    open = once(opened, workflowId);
    await handle.signal('approve', answer);
  }
  await handle.result();
  return { ms: performance.now() - from, handle };
}

const release = (n: number) => {
  const workflowId = `releaseModel:P001:C001:${n}`;
  return timed(workflowId, () => workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [testInput], typedSearchAttributes: releaseModel.searchAttributes(testInput) }), [{ gate: 'stage1', by: 'alice' }, { gate: 'stage3', by: 'bob' }]);
};
const bare = (n: number) => {
  const workflowId = `bare:${n}`;
  return timed(workflowId, () => workflow.start('bareRelease', { taskQueue: 'bare', workflowId, args: [{ stages, lock: 'bare-lock' }] }), [{}, {}]);
};

async function measure(): Promise<Record<string, number>> {
  const times: { release: number[]; bare: number[] } = { release: [], bare: [] };
  for (let n = 0; n < warmUp + runs; n += 1) {
    // In turn first and second, so that neither profits from its place.
    const pair = n % 2 === 0 ? [await release(n), await bare(n)] : [await bare(n), await release(n)].reverse();
    if (n < warmUp) continue;
    times.release.push(pair[0]!.ms);
    times.bare.push(pair[1]!.ms);
    if ((n - warmUp + 1) % 50 === 0) process.stdout.write(`${n - warmUp + 1} of ${runs} runs\n`);
  }
  const [released, controlled] = [await release(warmUp + runs), await bare(warmUp + runs)];
  const shape = await describeHistory(released.handle);
  const controlShape = await describeHistory(controlled.handle);
  if (shape.activities !== controlShape.activities) throw new Error(`releaseModel has ${shape.activities} activities, the control ${controlShape.activities}: correct "stages"`);
  const [p50Ms, controlP50Ms] = [median(times.release), median(times.bare)];
  return {
    ratio: round(p50Ms / controlP50Ms, 3), p50Ms: round(p50Ms, 1), controlP50Ms: round(controlP50Ms, 1), p99Ms: round(percentile(times.release, 0.99), 1), controlP99Ms: round(percentile(times.bare, 0.99), 1),
    runs, ...shape, controlEvents: controlShape.events, controlBytes: controlShape.bytes, worstCaseEvents: await worstCaseEvents(environment.client, 2_000),
  };
}

async function describeHistory(handle: WorkflowHandle): Promise<{ activities: number; events: number; bytes: number }> {
  const { events } = await handle.fetchHistory();
  const { raw, historyLength } = await handle.describe();
  return { activities: events?.filter(({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes).length ?? 0, events: historyLength, bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

try {
  const shared = { connection: environment.nativeConnection, namespace: environment.namespace ?? 'default', stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
  const control = await Promise.all([
    Worker.create({ ...shared, taskQueue: 'bare', workflowsPath: fileURLToPath(new URL('./bare-release.ts', import.meta.url)) }),
    Worker.create({ ...shared, taskQueue: 'bare-activities', activities: bareActivities }),
  ]);
  const running = control.map((worker) => worker.run());
  const figures = await withReleaseWorkers(environment, { notify, loadPolicy, findOlderRuns: async () => ({ runs: [] }) }, measure);
  control.forEach((worker) => worker.shutdown());
  await Promise.all(running);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await environment.teardown();
}
