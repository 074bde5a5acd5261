import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIENCE, DEV_WORKSPACE, LOCATION, machineLearningId, TEST_WORKSPACE } from '../../../sandbox/core/tenancy.ts';
import { workspaceGuid } from '../../../sandbox/seed/workspaces.ts';
import { MachineLearningClients, trainingJob } from '../support/machine-learning.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

const ENDPOINT = 'batch-endpoint-plant-P001';
const DEPLOYMENT = 'deployment-circuit-C001';

interface BatchJob {
  name: string;
  properties: { status: string; properties: Record<string, string> };
}

function invocation(key: string) {
  return {
    properties: {
      InputData: { readings: { JobInputType: 'UriFile', Uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv' } },
      OutputData: { predictions: { JobOutputType: 'UriFile', Uri: `azureml://datastores/workspaceblobstore/paths/inference/${key}/predictions.csv` } },
      properties: { experimentName: 'inference-P001-C001', holdpoint_key: key },
    },
  };
}

/** A test workspace whose endpoint serves a model that was really trained. */
async function start(t: Parameters<typeof StandIn.start>[0]) {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  await clients.putJob('train', trainingJob('train', { epochs: 1 }));
  await clients.jobReaches('Completed', 'train');
  await clients.raw('PUT', `workspaces/${DEV_WORKSPACE}/models/P001-C001/versions/1`, { properties: { modelUri: 'azureml://jobs/train/outputs/model' } });
  const workspace = machineLearningId(`workspaces/${TEST_WORKSPACE}`);
  const path = `workspaces/${TEST_WORKSPACE}/batchEndpoints/${ENDPOINT}/deployments/${DEPLOYMENT}`;
  await clients.raw('PUT', path, {
    location: LOCATION,
    properties: {
      model: { referenceType: 'Id', assetId: `azureml://locations/${LOCATION}/workspaces/${workspaceGuid(DEV_WORKSPACE)}/models/P001-C001/versions/1` },
      codeConfiguration: { codeId: `${workspace}/codes/sensor-scoring/versions/1`, scoringScript: 'score.ts' },
      compute: `${workspace}/computes/cpu-cluster`,
    },
  });
  await eventually(async () => (await clients.raw('GET', path)).properties.provisioningState === 'Succeeded');
  const { scoringUri = '' } = (await clients.arm.batchEndpoints.get('ml-platform', TEST_WORKSPACE, ENDPOINT)).properties;
  const headers = { ...(await clients.bearer(AUDIENCE.machineLearning)), 'azureml-model-deployment': DEPLOYMENT };
  return { standIn, clients, scoringUri, headers };
}

test('each invocation is a job of its own, which really scores and is listed with its properties', async (t) => {
  const { standIn, clients, scoringUri, headers } = await start(t);
  const first = await standIn.call<BatchJob>('POST', scoringUri, invocation('key-1'), headers);
  const second = await standIn.call<BatchJob>('POST', scoringUri, invocation('key-1'), headers);
  assert.deepEqual([first.status, second.status], [201, 201]);
  assert.notEqual(first.body.name, second.body.name);
  for (const { body } of [first, second]) await clients.jobReaches('Completed', body.name, TEST_WORKSPACE);

  const { body: polled } = await standIn.call<BatchJob>('GET', `${scoringUri}/${first.body.name}`, undefined, headers);
  assert.equal(polled.properties.status, 'Completed');
  const listing = `/mferp/managementfrontend${machineLearningId(`workspaces/${TEST_WORKSPACE}`)}/batchEndpoints/${ENDPOINT}/jobs?api-version=2020-09-01-dataplanepreview`;
  const { body: listed } = await standIn.call<{ value: BatchJob[] }>('GET', listing, undefined, headers);
  const keyed = listed.value.filter(({ properties }) => properties.properties['holdpoint_key'] === 'key-1');
  assert.deepEqual(keyed.map(({ name }) => name), [first.body.name, second.body.name]);

  const output = await clients.container.getBlobClient(`${TEST_WORKSPACE}/inference/key-1/predictions.csv`).downloadToBuffer();
  const [header, ...rows] = output.toString().trimEnd().split('\n');
  assert.equal(header, 'date,prediction');
  assert.equal(rows.length, 1458);
  assert.match(await clients.log(first.body.name, TEST_WORKSPACE), /1458 predictions written/);
});

test('a wrong token, an unknown deployment and a second input are refused', async (t) => {
  const { standIn, clients, scoringUri, headers } = await start(t);
  const wrongAudience = await standIn.call('POST', scoringUri, invocation('k'), await clients.bearer(AUDIENCE.resourceManager));
  assert.equal(wrongAudience.status, 401);
  const { 'azureml-model-deployment': _named, ...withoutDeployment } = headers;
  assert.equal((await standIn.call('POST', scoringUri, invocation('k'), withoutDeployment)).status, 404);
  assert.equal((await standIn.call('POST', scoringUri, invocation('k'), { ...headers, 'azureml-model-deployment': 'nobody' })).status, 404);
  const { properties } = invocation('k');
  const twoInputs = { properties: { ...properties, InputData: { ...properties.InputData, more: properties.InputData.readings } } };
  assert.equal((await standIn.call('POST', scoringUri, twoInputs, headers)).status, 400);
});

test('keys are read in any spelling', async (t) => {
  const { standIn, clients, scoringUri, headers } = await start(t);
  const body = { properties: { inputData: { readings: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv' } } } };
  const answer = await standIn.call<BatchJob>('POST', scoringUri, body, headers);
  await clients.jobReaches('Completed', answer.body.name, TEST_WORKSPACE);
  assert.ok(standIn.context.blobs.get(`${TEST_WORKSPACE}/azureml/${answer.body.name}/score/predictions.csv`));
});
