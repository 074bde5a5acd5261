/** A release cancelled before its production write is verified leaves production as it was; cancelled later, it leaves the version there. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import type { ReleaseModelResult } from '../../workflows/domain/release.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { deploymentOf, trainingJobs } from '../support/platform-state.ts';
import { eventually } from '../support/eventually.ts';
import { circuitChange, endlessChange, Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { transitions } from '../support/transitions.ts';

const settleMs = 6_000;
const stack = await Stack.start({ requestTimeoutMs: 1_000, estate: { settle: `${settleMs}ms`, monitoring: { for: '10m', every: '1s' } } });
after(() => stack.stop());
const releases = new Releases(stack);
await stack.startWorker();

/** Trains a circuit and brings its release to Stage 3. */
async function atStage3(target: Target): Promise<string> {
  const { releases: [release] } = await releases.train(circuitChange(target));
  await releases.decide(release!, { gate: 'stage1', by: 'alice' });
  await releases.reaches(release!, ReleaseModelPhase.Stage3);
  return release!;
}

/** Cancels a run and answers the result that it left behind. */
async function cancel(workflowId: string): Promise<ReleaseModelResult> {
  const handle = stack.client.workflow.getHandle(workflowId);
  await handle.cancel();
  await assert.rejects(handle.result(), { name: 'WorkflowFailedError' });
  const { status, memo } = await handle.describe();
  assert.equal(status.name, 'CANCELLED');
  return memo?.['result'] as ReleaseModelResult;
}

/** State transitions of the circuit's production deployment. */
async function productionWrites({ plant, circuit }: Target): Promise<number> {
  return transitions(await stack.standIn.ledger())[`PUT prod/batchEndpoints/batch-endpoint-plant-${plant}/deployments/deployment-circuit-${circuit}`] ?? 0;
}

test('while the submission of a training job is held on its way: the job is cancelled when it arrives', async () => {
  const target = { plant: 'P002', circuit: 'C001' };
  await stack.standIn.fault({ method: 'PUT', path: '/dev-ml-workspace/jobs/' }, { kind: 'delayAccept', ms: 4_000 });
  const change = await releases.start(await stack.standIn.completePullRequest(endlessChange(target)));
  await eventually(async () => assert.equal((await stack.standIn.faults())[0]?.hits, 1));
  const result = await cancel(change);
  assert.deepEqual([result.outcome, result.compensations?.map(({ state, detail }) => [state, detail])], ['aborted', [['done', 'CancelRequested']]]);
  await eventually(async () => assert.deepEqual((await trainingJobs(stack, target)).map(({ status }) => status), ['Canceled']));
  await stack.standIn.clearFaults();
});

test('at Stage 3: nothing was written, nothing is', async () => {
  const target = { plant: 'P001', circuit: 'C001' };
  const before = await deploymentOf(stack, target);
  const result = await cancel(await atStage3(target));
  assert.deepEqual([result.outcome, result.production, result.compensations], ['aborted', 'unchanged', []]);
  assert.deepEqual(await deploymentOf(stack, target), before);
  assert.equal(await productionWrites(target), 0);
});

test('while the production write is being provisioned: it is put back', async () => {
  const target = { plant: 'P001', circuit: 'C002' };
  const before = await deploymentOf(stack, target);
  const release = await atStage3(target);
  await stack.standIn.fault({ method: 'GET', path: '/mfeOperationsStatus/', times: 3 }, { kind: 'slow', ms: 900 });
  await releases.decide(release, { gate: 'stage3', by: 'bob' });
  await eventually(async () => assert.equal(await productionWrites(target), 1));
  const result = await cancel(release);
  assert.deepEqual([result.outcome, result.production], ['aborted', 'unchanged']);
  assert.deepEqual(result.compensations, [{ step: 'production deployment deployment-circuit-C002', state: 'done', detail: 'put back 1' }]);
  assert.deepEqual(await deploymentOf(stack, target), before);
  assert.equal(await productionWrites(target), 2);
  await stack.standIn.clearFaults();
});

test('while the production write is held on its way: it is put back when it arrives, also after the product gave it up', async () => {
  const target = { plant: 'P001', circuit: 'C003' };
  const before = await deploymentOf(stack, target);
  const release = await atStage3(target);
  await stack.standIn.fault({ method: 'PUT', path: '/prod-ml-workspace/.*/deployments/' }, { kind: 'delayAccept', ms: 4_000 });
  await releases.decide(release, { gate: 'stage3', by: 'bob' });
  await eventually(async () => assert.equal((await stack.standIn.faults())[0]?.hits, 1));
  const result = await cancel(release);
  assert.deepEqual([result.outcome, result.production], ['aborted', 'unchanged']);
  assert.deepEqual(result.compensations, [{ step: 'production deployment deployment-circuit-C003', state: 'done', detail: 'put back 1' }]);
  assert.equal(await productionWrites(target), 2, 'the late write and its undo');
  await sleep(settleMs);
  assert.deepEqual(await deploymentOf(stack, target), before);
  assert.equal(await productionWrites(target), 2);
  await stack.standIn.clearFaults();
});

test('while it is monitored: the version stays', async () => {
  const target = { plant: 'P001', circuit: 'C004' };
  const release = await atStage3(target);
  await releases.decide(release, { gate: 'stage3', by: 'bob' });
  await releases.reaches(release, ReleaseModelPhase.Monitoring);
  const result = await cancel(release);
  assert.deepEqual([result.outcome, result.production, result.compensations], ['aborted', 'changed', []]);
  const { tags, provisioningState } = await deploymentOf(stack, target);
  assert.deepEqual([tags['model_version'], tags['previous_version'], provisioningState], [result.version, '1', 'Succeeded']);
  assert.equal(await productionWrites(target), 1);
});
