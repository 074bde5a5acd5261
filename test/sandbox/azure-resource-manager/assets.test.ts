import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEV_WORKSPACE, RESOURCE_GROUP } from '../../../sandbox/core/tenancy.ts';
import { workspaceGuid } from '../../../sandbox/seed/workspaces.ts';
import { MachineLearningClients, trainingJob, type WireResource } from '../support/machine-learning.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

const MODEL = 'P001-C001';

test('versions of a model: content stays, tags may change, lists go page by page in the wanted order', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  const { modelVersions, modelContainers } = clients.arm;
  for (let version = 1; version <= 3; version += 1) {
    await modelVersions.createOrUpdate(RESOURCE_GROUP, DEV_WORKSPACE, MODEL, String(version), { properties: { modelUri: 'azureml://jobs/j/outputs/model', tags: { run: `r${version}` } } });
  }
  const versions: (string | undefined)[] = [];
  const pages: number[] = [];
  for await (const page of modelVersions.list(RESOURCE_GROUP, DEV_WORKSPACE, MODEL, { orderBy: 'createdtime desc', top: 2, listViewType: 'ActiveOnly' }).byPage()) {
    pages.push(page.length);
    versions.push(...page.map(({ name }) => name));
  }
  assert.deepEqual({ versions, pages }, { versions: ['3', '2', '1'], pages: [2, 1] });
  assert.equal((await modelContainers.get(RESOURCE_GROUP, DEV_WORKSPACE, MODEL)).properties.latestVersion, '3');

  const write = (properties: object) => clients.raw('PUT', `workspaces/${DEV_WORKSPACE}/models/${MODEL}/versions/1`, { properties });
  assert.deepEqual((await write({ modelUri: 'azureml://jobs/j/outputs/model', tags: { run: 'new' } })).properties['tags'], { run: 'new' });
  await assert.rejects(write({ modelUri: 'azureml://jobs/other/outputs/model' }), { statusCode: 400, code: 'UserError' });
});

test('names outside the pattern are refused, unlike by the SDK', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  const write = (path: string) => clients.raw('PUT', `workspaces/${DEV_WORKSPACE}/${path}`, { properties: {}, location: 'westeurope' });
  for (const path of ['jobs/-bad', 'jobs/bad%20id', 'models/bad.name/versions/1', 'models/good/versions/-1', `batchEndpoints/${'x'.repeat(256)}`]) {
    await assert.rejects(write(path), { statusCode: 400, code: 'InvalidResourceName' }, path);
  }
});

test('promotion copies a model of a workspace into the registry, once, where a job can read it', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  await clients.putJob('train', trainingJob('train', { epochs: 1 }));
  await clients.jobReaches('Completed', 'train');
  await clients.raw('PUT', `workspaces/${DEV_WORKSPACE}/models/${MODEL}/versions/7-abc`, { properties: { modelType: 'custom_model', modelUri: 'azureml://jobs/train/outputs/model' } });

  const path = `registries/ml-registry/models/${MODEL}/versions/7-abc`;
  const modelUri = `azureml://locations/westeurope/workspaces/${workspaceGuid(DEV_WORKSPACE)}/models/${MODEL}/versions/7-abc`;
  const properties = { modelType: 'custom_model', modelUri, tags: { pull_request: '42' } };
  const get = () => clients.raw('GET', path, undefined, '2023-04-01');
  const promote = (body: object = { properties }): Promise<WireResource> => clients.raw('PUT', path, body, '2023-04-01');
  assert.equal((await promote()).properties.provisioningState, 'Creating');
  await assert.rejects(promote(), { statusCode: 409 });
  await eventually(async () => (await get()).properties.provisioningState === 'Succeeded');
  assert.equal((await get()).properties['modelUri'], modelUri);
  const production = { jobInputType: 'custom_model', uri: `azureml://registries/ml-registry/models/${MODEL}/versions/7-abc` };
  const next = trainingJob('next', { epochs: 2 });
  await clients.putJob('next', { ...next, command: `${next.command} --production \${{inputs.production}}`, inputs: { ...next.inputs, production } });
  await clients.jobReaches('Completed', 'next');
  const metric = async (job: string, key: string) => (await clients.mlflowRun(job)).data.metrics.find((one) => one.key === key)?.value;
  assert.equal(await metric('next', 'production_mae'), await metric('train', 'mae'));
  assert.equal((await promote()).properties.provisioningState, 'Succeeded');
  await assert.rejects(promote({ properties: { ...properties, modelUri: 'azureml://jobs/x/outputs/model' } }), { statusCode: 400 });
  await assert.rejects(clients.raw('GET', path), { statusCode: 400, code: 'NoRegisteredProviderFound' });
});

test('promotion of a model that does not exist fails', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  const path = `registries/ml-registry/models/${MODEL}/versions/1`;
  const modelUri = `azureml://locations/westeurope/workspaces/${workspaceGuid(DEV_WORKSPACE)}/models/${MODEL}/versions/1`;
  await clients.raw('PUT', path, { properties: { modelUri } }, '2023-04-01');
  await eventually(async () => (await clients.raw('GET', path, undefined, '2023-04-01')).properties.provisioningState === 'Failed');
});
