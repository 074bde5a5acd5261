/**
 * `npm run bench:rollback [-- rollbacks]`: from the start of `rollBackModel` until production serves the previous version, as the client sees it, less the platform's own latency (the sum
 * of the ledger's `durationMs` in that time); with a free lock, and while 50 releases queue for it. The whole product runs, against the stand-in. The last line is one JSON object.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchDeploymentId, ApiVersion } from '../activities/azure-resource-manager/resource-ids.ts';
import { claimLock } from '../activities/runs/locks.ts';
import { rollBackModel } from '../starters/runbooks.ts';
import { startRunbook } from '../starters/start-runbook.ts';
import { deploymentOf } from '../test/support/platform-state.ts';
import { Stack } from '../test/support/stack.ts';
import { RollBackModelPhase as Phase } from '../workflows/domain/phases.ts';
import type { RunStatus } from '../workflows/domain/run-status.ts';
import type { Target } from '../workflows/domain/vocabulary.ts';
import { median, percentile } from './statistics.ts';

const rollbacks = Number(process.argv[2] ?? 20);
const queued = 50;
const warmUp = 2;
const stack = await Stack.start({ estate: { settle: '1s', monitoring: { for: '2s', every: '1s', rollback: '10m' } } });

/** Production says that it serves a version of which nothing is known but that version 1 came before it. */
async function serveBad(target: Target, version: string): Promise<void> {
  const workspace = { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' };
  const { definition } = await deploymentOf(stack, target);
  const tags = { model_version: version, previous_version: '1', released_by: 'bench', run: version };
  const url = batchDeploymentId(workspace, `batch-endpoint-plant-${target.plant}`, `deployment-circuit-${target.circuit}`);
  await stack.azureMl.arm.send({ method: 'PUT', url, query: { 'api-version': ApiVersion.BatchDeployments }, body: { ...definition, tags } });
  while ((await deploymentOf(stack, target)).provisioningState !== 'Succeeded') await sleep(50);
}

/** One rollback, stopped once its version serves. */
async function once(target: Target, version: string): Promise<{ ms: number; ownMs: number }> {
  await serveBad(target, version);
  const since = (await stack.standIn.ledger()).length;
  const [from, begunAt] = [performance.now(), Date.now()];
  const { workflowId, runId } = await startRunbook(stack.client, rollBackModel, { target, reason: version }, { startedBy: 'bench' });
  const handle = stack.client.workflow.getHandle(workflowId, runId);
  for (;;) {
    const { phases } = await handle.query<RunStatus>('status');
    const served = phases.find(({ name }) => name === Phase.Switch)?.endedAt;
    if (served) break;
    await sleep(20);
  }
  const ms = performance.now() - from;
  const until = begunAt + ms;
  const platform = (await stack.standIn.ledger(since)).filter(({ acceptedAt }) => Date.parse(acceptedAt) <= until).reduce((sum, { durationMs }) => sum + durationMs, 0);
  await handle.cancel();
  await handle.result().catch(() => undefined);
  return { ms, ownMs: Math.max(0, ms - platform) };
}

/** Fifty runs that want the lock of the circuit, the first of which holds it. */
async function queueFor(target: Target): Promise<void> {
  for (let n = 0; n < queued; n += 1) {
    const workflowId = `bench:${target.plant}:${target.circuit}:${n}`;
    const { firstExecutionRunId: runId } = await stack.client.workflow.start('idle', { taskQueue: 'nobody', workflowId });
    await claimLock(stack.client, { workflowId, runId, target, what: `version ${n}`, version: null, priority: 20, preempts: false, preImage: null });
  }
}

async function series(target: Target): Promise<{ p50Ms: number; p95Ms: number; wholeP50Ms: number }> {
  const own: number[] = [];
  const whole: number[] = [];
  for (let n = 0; n < warmUp + rollbacks; n += 1) {
    const { ms, ownMs } = await once(target, `bad-${n}`);
    if (n < warmUp) continue;
    own.push(ownMs);
    whole.push(ms);
  }
  return { p50Ms: Math.round(median(own)), p95Ms: Math.round(percentile(own, 0.95)), wholeP50Ms: Math.round(median(whole)) };
}

try {
  await stack.startWorker();
  const free = await series({ plant: 'P001', circuit: 'C001' });
  process.stdout.write(`lock free: ${JSON.stringify(free)}\n`);
  const busy = { plant: 'P002', circuit: 'C001' };
  await queueFor(busy);
  const whileQueued = await series(busy);
  process.stdout.write(`${JSON.stringify({ ...free, rollbacks, queued, queuedP50Ms: whileQueued.p50Ms, queuedP95Ms: whileQueued.p95Ms, queuedWholeP50Ms: whileQueued.wholeP50Ms })}\n`);
} finally {
  await stack.stop();
}
