/** What the machine items of checklists read, against the stand-in: model versions, their files, alerts by name, pull requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { createAzureMonitorClients } from '../../../activities/azure-monitor/clients.ts';
import { createAzureMonitorActivities } from '../../../activities/azure-monitor/index.ts';
import { modelPlace } from '../../../workflows/domain/machine-checks.ts';
import { circuitDeployment, devWorkspace as workspace, productionWorkspace, registry } from '../support/circuits.ts';
import { failure, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const monitor = createAzureMonitorActivities(createAzureMonitorClients(platforms.settings));
const model = 'P001-C001';
const jobName = 'seed-train-P001-C001';

void test('a model version is there or not, in a workspace and in the registry', async () => {
  const place = { home: { registry }, model, version: '1' };
  const seen = await platforms.changesOf(() => platforms.run(azureMl.readModelVersion, place));
  assert.deepEqual(seen, { value: { found: true, isArchived: false, provisioningState: 'Succeeded' }, changes: [] });
  assert.deepEqual(await platforms.run(azureMl.readModelVersion, place), seen.value, 'a second look sees the same');
  assert.equal((await platforms.run(azureMl.readModelVersion, { home: { workspace }, model, version: '1' })).found, true);
  for (const absent of [{ ...place, version: '999' }, { ...place, model: 'P009-C009' }, { ...place, home: { workspace: productionWorkspace } }]) assert.equal((await platforms.run(azureMl.readModelVersion, absent)).found, false);
  platforms.fault({ method: 'GET', path: '/models/P001-C001/' }, { kind: 'status', status: 500 });
  await assert.rejects(platforms.run(azureMl.readModelVersion, place), failure('Unavailable', false));
});

void test('what production serves can be looked up by its reference', async () => {
  const { model: reference } = await platforms.run(azureMl.readBatchDeployment, circuitDeployment('C001').ref);
  const place = modelPlace(reference!, registry);
  assert.deepEqual(place, { home: { registry }, model, version: '1' });
  assert.equal((await platforms.run(azureMl.readModelVersion, place)).found, true);
  assert.deepEqual(modelPlace(`/subscriptions/${workspace.subscriptionId}/resourceGroups/${workspace.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace.workspace}/models/${model}/versions/1`, registry), { home: { workspace }, model, version: '1' });
  for (const stranger of ['azureml://registries/other/models/m/versions/1', 'azureml:m:1', '']) assert.equal(modelPlace(stranger, registry), null);
});

void test('the files of a model are read, and an empty or a missing one is told', async () => {
  const seen = await platforms.changesOf(() => platforms.run(azureMl.readModelFiles, { workspace, jobName }));
  assert.deepEqual(seen.changes, []);
  assert.ok(seen.value.files > 0 && seen.value.bytes > 1_000);
  assert.deepEqual(seen.value.unreadable, []);
  assert.deepEqual(await platforms.run(azureMl.readModelFiles, { workspace, jobName }), seen.value, 'a second look sees the same');

  const { blobs } = platforms.sandbox.context;
  const [file] = blobs.list(`${workspace.workspace}/models/${model}/${jobName}/`);
  platforms.fault({ method: 'GET', path: file!.name.split('/').at(-1)! }, { kind: 'status', status: 403 });
  await assert.rejects(platforms.run(azureMl.readModelFiles, { workspace, jobName }), failure('Unauthorized', false));
  for (const { name } of blobs.list(`${workspace.workspace}/models/${model}/${jobName}/`)) blobs.delete(name);
  assert.equal((await platforms.run(azureMl.readModelFiles, { workspace, jobName })).files, 0);
  await assert.rejects(platforms.run(azureMl.readModelFiles, { workspace, jobName: 'no-such-job' }), failure('NotFound', true));
});

void test('firing alerts are told by the names of their rules', async () => {
  const { ref } = circuitDeployment('C004');
  const fire = (rule: string, condition = 'Fired') => platforms.control('alerts', { plant: 'P001', circuit: 'C004', rule, severity: 'Sev2', condition });
  assert.deepEqual(await platforms.run(monitor.readFiringAlerts, ref), { ids: [], rules: [] });
  await fire('error rate');
  assert.deepEqual((await platforms.run(monitor.readFiringAlerts, ref)).rules, ['error rate']);
  await fire('error rate', 'Resolved');
  assert.deepEqual(await platforms.run(monitor.readFiringAlerts, ref), { ids: [], rules: [] });
});
