import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { circuitDeployment, productionWorkspace, registry } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
let epoch = 1;
const clients = createAzureMlClients(platforms.settings);
const azureMl = createAzureMlActivities({ ...clients, readLock: async () => ({ epoch, holder: { workflowId: 'rollBackModel:P001:C001' } }) });

const put = (circuit: string) => ({ method: 'PUT', path: `deployments/deployment-circuit-${circuit}$` });

/** A circuit's deployment, an order to switch it, and the write of a release that the rollback pre-empted. */
async function circuit(name: string) {
  const { ref, template, otherModel } = circuitDeployment(name);
  const before = await platforms.run(azureMl.readBatchDeployment, ref);
  const path = machineLearningId(`workspaces/${ref.workspace.workspace}/batchEndpoints/${ref.endpoint}/deployments/${ref.deployment}`);
  const order = { ...ref, key: freshKey(), before, model: otherModel, tags: { model_version: '1', rolled_back_from: '2', previous_version: null, run: 'rollback/1' }, over: ['release/1'], settleMs: 0 };
  const release = { ...ref, key: freshKey(), before, template, model: before.model!, tags: { model_version: '2', run: 'release/1' } };
  return { ref, before, path, order, release };
}

void test('a deployment is switched in all but model and tags as it was, and a second call writes nothing', async () => {
  const { before, order } = await circuit('C001');
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.switchBatchDeployment, order));
  assert.deepEqual([value.writes, changes.length, value.found.model], [1, 1, order.model]);
  const { run, model_version: version, rolled_back_from: from, released_by: by } = value.found.tags;
  assert.deepEqual([run, version, from, by, 'previous_version' in value.found.tags], ['rollback/1', '1', '2', before.tags['released_by'], false]);
  const again = await platforms.changesOf(() => platforms.run(azureMl.switchBatchDeployment, order));
  assert.deepEqual([again.value.writes, again.changes], [0, []]);
});

void test('a write of the pre-empted run that arrives late is overwritten within the settling time', async () => {
  const { order, release } = await circuit('C002');
  platforms.fault(put('C002'), { kind: 'delayAccept', ms: 3_000 });
  await assert.rejects(platforms.run(azureMl.deployBatchModel, release), failure('Unavailable', false));
  await platforms.run(azureMl.switchBatchDeployment, order);
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.switchBatchDeployment, { ...order, key: freshKey(), settleMs: 5_000 }));
  assert.deepEqual([value.writes, changes.length, value.found.tags['run']], [1, 2, 'rollback/1']);
});

void test('what somebody else wrote meanwhile is reported and left alone', async () => {
  const { path, order } = await circuit('C003');
  platforms.sandbox.context.resources.set(path, { miniBatchSize: 99 });
  const { changes } = await platforms.changesOf(() => assert.rejects(platforms.run(azureMl.switchBatchDeployment, order), failure('ChangedByHand', true, /was changed meanwhile; nothing was overwritten\. Different: properties\.miniBatchSize/)));
  assert.deepEqual(changes, []);
});

void test('no deployment, or a model that is not there, is a failure that is not retried', async () => {
  const { order } = await circuit('C004');
  await assert.rejects(platforms.run(azureMl.switchBatchDeployment, { ...order, deployment: 'deployment-circuit-none' }), failure('NotFound', true));
  await assert.rejects(platforms.run(azureMl.switchBatchDeployment, { ...order, model: 'azureml://registries/ml-registry/models/none/versions/1' }), failure('OperationFailed', true, /ModelRegistryError/));
});

void test('a write under a lock that has passed to another run is refused, and so is the undo of one', async () => {
  const { release } = await circuit('C001');
  const lock = { id: 'lock:P001:C001', epoch: 1 };
  const restore = { ...release, run: 'release/1', settleMs: 0 };
  const permitted = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, { ...release, lock }));
  assert.equal(permitted.changes.length, 1);
  epoch = 2;
  const { changes } = await platforms.changesOf(async () => {
    await assert.rejects(platforms.run(azureMl.restoreBatchDeployment, { ...restore, lock }), failure('Preempted', true, /lock:P001:C001 has passed from epoch 1 to 2, held by rollBackModel:P001:C001; nothing was written/));
    const found = await platforms.run(azureMl.readBatchDeployment, release);
    await assert.rejects(platforms.run(azureMl.deployBatchModel, { ...release, before: found, tags: { run: 'release/2' }, lock }), failure('Preempted', true));
  });
  assert.deepEqual(changes, []);
  const blind = createAzureMlActivities(clients);
  const found = await platforms.run(azureMl.readBatchDeployment, release);
  await assert.rejects(platforms.run(blind.deployBatchModel, { ...release, before: found, tags: { run: 'release/3' }, lock }), failure('Unavailable', false, /no Temporal client/));
});

void test('a verdict is a tag of the registry; bad is not overwritten, and a second call writes nothing', async () => {
  const model = { registry, model: 'P001-C001' };
  const seen = async () => (await platforms.run(azureMl.readRegisteredModels, model)).versions.map(({ version, verdict, problem }) => [version, verdict, problem]);
  assert.deepEqual(await seen(), [['1', null, null]]);
  await platforms.run(azureMl.recordVerdict, { ...model, version: '1', verdict: 'good' });
  assert.deepEqual(await seen(), [['1', 'good', null]]);
  const again = await platforms.changesOf(() => platforms.run(azureMl.recordVerdict, { ...model, version: '1', verdict: 'good' }));
  assert.deepEqual(again.changes, []);
  platforms.fault({ method: 'PUT', path: '/registries/' }, { kind: 'cutAfterAccept' });
  await platforms.retried(azureMl.recordVerdict, { ...model, version: '1', verdict: 'bad' });
  assert.deepEqual(await platforms.run(azureMl.recordVerdict, { ...model, version: '1', verdict: 'good' }), { verdict: 'bad' });
  assert.deepEqual(await seen(), [['1', 'bad', null]]);
  await assert.rejects(platforms.run(azureMl.recordVerdict, { ...model, version: 'none', verdict: 'bad' }), failure('NotFound', true));
  assert.deepEqual(await platforms.run(azureMl.readRegisteredModels, { registry, model: 'none' }), { versions: [] });
});

void test('the newest batch job of a deployment is found, with the end of its log', async () => {
  const ref = { workspace: productionWorkspace, endpoint: 'batch-endpoint-plant-P002', deployment: 'deployment-circuit-C001' };
  assert.equal(await platforms.run(azureMl.readBatchJobLog, { ...ref, lines: 5 }), null);
  const invoke = { ...ref, key: freshKey(), dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', experimentName: 'inference' };
  const { jobName } = await platforms.run(azureMl.invokeBatchEndpoint, invoke);
  await platforms.retried(azureMl.awaitJob, { workspace: ref.workspace, jobName, intervalMs: 200 });
  const log = await platforms.run(azureMl.readBatchJobLog, { ...ref, lines: 2 });
  assert.deepEqual([log?.jobName, log?.status, log?.jobs, log?.errors], [jobName, 'Completed', 1, []]);
  assert.ok(log!.tail.length > 0 && log!.tail.length <= 2 && log!.tail.every((line) => line.length <= 200), log!.tail.join('|'));
  assert.match(log!.logUri, /^https:\/\/[^?]+std_log\.txt$/);
});
