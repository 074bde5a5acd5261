import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { circuitDeployment } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));

async function release(circuit: string) {
  const { ref, template, otherModel } = circuitDeployment(circuit);
  const before = await platforms.run(azureMl.readBatchDeployment, ref);
  const key = freshKey();
  const run = `${key.workflowId}/${key.runId}`;
  const path = machineLearningId(`workspaces/${ref.workspace.workspace}/batchEndpoints/${ref.endpoint}/deployments/${ref.deployment}`);
  return { path, before, deploy: { ...ref, key, before, template, model: otherModel, tags: { run } }, restore: { ...ref, key, before, run, settleMs: 0 } };
}

const put = (circuit: string) => ({ method: 'PUT', path: `deployments/deployment-circuit-${circuit}$` });

void test('what the run wrote is put back, and a second call finds nothing to do', async () => {
  const { before, deploy, restore } = await release('C001');
  await platforms.run(azureMl.deployBatchModel, deploy);
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.restoreBatchDeployment, restore));
  assert.deepEqual([value.state, changes.length], ['restored', 1]);
  assert.deepEqual(value.found, before);
  const again = await platforms.changesOf(() => platforms.run(azureMl.restoreBatchDeployment, restore));
  assert.deepEqual([again.value.state, again.changes], ['untouched', []]);
});

void test('a write that is still under way is waited for and undone', async () => {
  const { before, deploy, restore } = await release('C002');
  platforms.fault(put('C002'), { kind: 'cutAfterAccept' });
  await assert.rejects(platforms.run(azureMl.deployBatchModel, deploy), failure('Unavailable', false));
  const { result } = await platforms.retried(azureMl.restoreBatchDeployment, restore);
  assert.equal(result.state, 'restored');
  assert.deepEqual(result.found, before);
});

void test('a write that arrives after everything was found untouched is undone within the settling time', async () => {
  const { before, deploy, restore } = await release('C003');
  platforms.fault(put('C003'), { kind: 'delayAccept', ms: 3_000 });
  await assert.rejects(platforms.run(azureMl.deployBatchModel, deploy), failure('Unavailable', false, /nothing within 1500 ms/));
  assert.deepEqual(await platforms.run(azureMl.readBatchDeployment, deploy), before);
  const { value, changes } = await platforms.changesOf(() => platforms.retried(azureMl.restoreBatchDeployment, { ...restore, settleMs: 4_000 }));
  assert.equal(value.result.state, 'restored');
  assert.deepEqual(value.result.found, before);
  assert.equal(changes.length, 2, 'the late write and its undoing');
});

void test('what somebody changed is reported and left alone', async () => {
  const { path, restore } = await release('C004');
  platforms.sandbox.context.resources.set(path, { miniBatchSize: 99 });
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.restoreBatchDeployment, restore));
  assert.deepEqual([value.state, changes], ['changedByHand', []]);
  assert.equal((value.found.definition!['properties'] as { miniBatchSize: number }).miniBatchSize, 99);
});

void test('where there was no deployment, there is none afterwards', async () => {
  const { deploy, restore } = await release('C901');
  assert.equal(restore.before.definition, null);
  await platforms.run(azureMl.deployBatchModel, { ...deploy, model: circuitDeployment('C001').otherModel });
  const { result } = await platforms.retried(azureMl.restoreBatchDeployment, restore);
  assert.deepEqual([result.state, result.found.definition], ['restored', null]);
});

void test('a failed deployment is put back, also when the first restoring operation fails', async () => {
  const { before, deploy, restore } = await release('C001');
  await assert.rejects(platforms.run(azureMl.deployBatchModel, { ...deploy, model: 'azureml://registries/ml-registry/models/none/versions/1' }), failure('OperationFailed', true));
  platforms.fault(put('C001'), { kind: 'operation', result: 'Failed' });
  const { result, failures } = await platforms.retried(azureMl.restoreBatchDeployment, restore);
  assert.deepEqual(failures, ['OperationFailed']);
  assert.deepEqual([result.state, result.found], ['restored', before]);
});
