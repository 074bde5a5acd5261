/**
 * `npm run bench:rollback [-- rollbacks]`: from an alert's POST at the receiver (Azure Monitor's common schema, routed by the estate) until production serves the previous version, as the
 * sender sees it, less the platform's own latency (the sum of the ledger's `durationMs` in that time); with a free lock, and while 50 releases queue for it. The whole product runs,
 * against the stand-in, incidents included. The last line is one JSON object.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/common';
import { batchDeploymentId, ApiVersion } from '../activities/azure-resource-manager/resource-ids.ts';
import { claimLock } from '../activities/runs/locks.ts';
import { deploymentOf } from '../test/support/platform-state.ts';
import { azureMonitorBody, productionDeployment } from '../test/support/alerts.ts';
import { Stack } from '../test/support/stack.ts';
import { rollBackModelId } from '../workflows/domain/ids.ts';
import { RollBackModelPhase as Phase } from '../workflows/domain/phases.ts';
import type { RunStatus } from '../workflows/domain/run-status.ts';
import type { Target } from '../workflows/domain/vocabulary.ts';
import { median, percentile } from './statistics.ts';

const rollbacks = Number(process.argv[2] ?? 20);
const queued = 50;
const warmUp = 2;
const alerts = { routes: [{ source: 'azureMonitor', severities: ['P0', 'P1'], runbook: 'rollBackModel', onResolved: 'note' }] };
const stack = await Stack.start({ estate: { settle: '1s', monitoring: { for: '2s', every: '1s', rollback: '10m' }, alerts } });
let receiver = '';

/** Production says that it serves a version of which nothing is known but that version 1 came before it. */
async function serveBad(target: Target, version: string): Promise<void> {
  const workspace = { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' };
  const { definition } = await deploymentOf(stack, target);
  const tags = { model_version: version, previous_version: '1', released_by: 'bench', run: version };
  const url = batchDeploymentId(workspace, `batch-endpoint-plant-${target.plant}`, `deployment-circuit-${target.circuit}`);
  await stack.azureMl.arm.send({ method: 'PUT', url, query: { 'api-version': ApiVersion.BatchDeployments }, body: { ...definition, tags } });
  while ((await deploymentOf(stack, target)).provisioningState !== 'Succeeded') await sleep(50);
}

/** Delivers an alert of its own about the target; answers the run that follows it. */
async function deliver({ plant, circuit }: Target): Promise<string> {
  const body = azureMonitorBody(randomUUID(), { alertTargetIDs: [productionDeployment(plant, circuit).toLowerCase()], firedDateTime: new Date().toISOString() });
  const response = await fetch(receiver, { method: 'POST', headers: { authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const { alerts: [taken] } = (await response.json()) as { alerts: { workflowId: string; started: boolean }[] };
  if (response.status !== 202 || !taken?.started) throw new Error(`the alert was answered ${response.status}`);
  return taken.workflowId;
}

/** When the target's newest rollback had read the previous version back; null before that, and while there is none that was started since then. */
async function servedAt(target: Target, since: number): Promise<string | null> {
  const handle = stack.client.workflow.getHandle(rollBackModelId(target));
  try {
    if ((await handle.describe()).startTime.getTime() < since) return null;
    const { phases } = await handle.query<RunStatus>('status');
    return phases.find(({ name }) => name === Phase.Switch)?.endedAt ?? null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** One rollback, stopped once its version serves. */
async function once(target: Target, version: string): Promise<{ ms: number; ownMs: number }> {
  await serveBad(target, version);
  const since = (await stack.standIn.ledger()).length;
  const from = Date.now();
  const followed = await deliver(target);
  let served: string | null = null;
  while ((served = await servedAt(target, from)) === null) await sleep(50);
  const until = Date.parse(served);
  const ledger = await stack.standIn.ledger(since);
  const { tags } = await deploymentOf(stack, target);
  if (tags['model_version'] !== '1' || tags['rolled_back_from'] !== version) throw new Error(`production serves ${tags['model_version']}`);
  const ms = until - from;
  const platform = ledger.filter(({ acceptedAt }) => Date.parse(acceptedAt) <= until).reduce((sum, { durationMs }) => sum + durationMs, 0);
  for (const workflowId of [rollBackModelId(target), followed]) {
    const handle = stack.client.workflow.getHandle(workflowId);
    await handle.cancel();
    await handle.result().catch(() => undefined);
  }
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

async function series(target: Target): Promise<{ p50Ms: number; p95Ms: number; wholeP50Ms: number; wholeP95Ms: number }> {
  const own: number[] = [];
  const whole: number[] = [];
  for (let n = 0; n < warmUp + rollbacks; n += 1) {
    const { ms, ownMs } = await once(target, `bad-${n}`);
    if (n < warmUp) continue;
    own.push(ownMs);
    whole.push(ms);
  }
  return { p50Ms: Math.round(median(own)), p95Ms: Math.round(percentile(own, 0.95)), wholeP50Ms: Math.round(median(whole)), wholeP95Ms: Math.round(percentile(whole, 0.95)) };
}

try {
  await stack.startWorker();
  receiver = new URL('/webhooks/azure-monitor', await stack.startReceiver()).href;
  const free = await series({ plant: 'P001', circuit: 'C001' });
  process.stdout.write(`lock free: ${JSON.stringify(free)}\n`);
  const busy = { plant: 'P002', circuit: 'C001' };
  await queueFor(busy);
  const whileQueued = await series(busy);
  process.stdout.write(`${JSON.stringify({ ...free, rollbacks, queued, queuedP50Ms: whileQueued.p50Ms, queuedP95Ms: whileQueued.p95Ms, queuedWholeP50Ms: whileQueued.wholeP50Ms, queuedWholeP95Ms: whileQueued.wholeP95Ms })}\n`);
} finally {
  await stack.stop();
}
