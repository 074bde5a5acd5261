import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCATION, PROD_WORKSPACE, RESOURCE_GROUP } from '../../../sandbox/core/tenancy.ts';
import { MachineLearningClients, type WireResource } from '../support/machine-learning.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

const ENDPOINT = 'batch-endpoint-plant-P001';
const DEPLOYMENT = 'deployment-circuit-C001';
const PATH = `workspaces/${PROD_WORKSPACE}/batchEndpoints/${ENDPOINT}/deployments/${DEPLOYMENT}`;

function definition(version: string) {
  return {
    location: LOCATION,
    tags: { model_version: version },
    properties: { model: { referenceType: 'Id', assetId: `azureml:P001-C001:${version}` }, compute: 'cpu-cluster', miniBatchSize: 10, laterProperty: { kept: true } },
  };
}

/** A stand-in in whose production workspace the models 1 and 2 are registered. */
async function start(t: Parameters<typeof StandIn.start>[0]) {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  for (const version of ['1', '2']) {
    await clients.raw('PUT', `workspaces/${PROD_WORKSPACE}/models/P001-C001/versions/${version}`, { properties: { modelUri: 'azureml://jobs/j/outputs/model' } });
  }
  const get = () => clients.raw('GET', PATH);
  const settled = () => eventually(async () => !['Creating', 'Updating'].includes((await get()).properties.provisioningState ?? ''));
  const put = async (version: string): Promise<WireResource> => {
    const answer = await clients.raw('PUT', PATH, definition(version));
    await settled();
    return answer;
  };
  return { standIn, clients, get, put, settled };
}

test('a write is followed by its operation, which the SDK finds in progress and then succeeded', async (t) => {
  const { standIn, clients, get } = await start(t);
  const since = (await standIn.ledger()).length;
  const { batchDeployments } = clients.arm;
  const created = await batchDeployments.beginCreateOrUpdateAndWait(
    RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, DEPLOYMENT,
    { location: LOCATION, tags: {}, properties: { model: { referenceType: 'Id', assetId: 'azureml:P001-C001:1' } } },
  );
  assert.equal(created.properties.provisioningState, 'Succeeded');
  const requests = (await standIn.ledger(since)).filter(({ path }) => !path.includes('oauth2') && !path.includes('openid'));
  assert.equal(requests[0]?.status, 201);
  assert.ok(requests.filter(({ path }) => path.includes('/mfeOperationsStatus/')).length >= 3, 'two instant polls and one later');
  assert.equal((await get()).properties.provisioningState, 'Succeeded');
});

test('properties that the SDK does not know are kept, and the same write again changes nothing', async (t) => {
  const { standIn, get, put } = await start(t);
  const created = await put('1');
  assert.equal(created.properties.provisioningState, 'Creating');
  assert.deepEqual((await get()).properties['laterProperty'], { kept: true });
  const since = (await standIn.ledger()).length;
  assert.equal((await put('1')).properties.provisioningState, 'Succeeded');
  assert.deepEqual((await standIn.ledger(since)).filter(({ changed }) => changed), []);
  assert.equal((await put('2')).properties.provisioningState, 'Updating');
});

test('a write while another one is being provisioned is refused', async (t) => {
  const { clients, settled } = await start(t);
  await clients.raw('PUT', PATH, definition('1'));
  await assert.rejects(clients.raw('PUT', PATH, definition('2')), { statusCode: 409, code: 'Conflict', message: /already running in workspace prod-ml-workspace/ });
  await assert.rejects(clients.raw('DELETE', PATH), { statusCode: 409 });
  await settled();
});

test('a model that does not exist fails the operation; the resource keeps the new definition and can be repaired', async (t) => {
  const { clients, get, put } = await start(t);
  await put('1');
  const body = definition('9');
  const properties = { ...body.properties, model: { referenceType: 'Id' as const, assetId: 'azureml://registries/ml-registry/models/P001-C001/versions/9' } };
  await assert.rejects(
    clients.arm.batchDeployments.beginCreateOrUpdateAndWait(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, DEPLOYMENT, { ...body, properties }),
    /ModelRegistryError\. Could not find asset with ID: azureml:\/\/registries/,
  );
  const failed = await get();
  assert.equal(failed.properties.provisioningState, 'Failed');
  assert.deepEqual(failed.tags, { model_version: '9' });
  assert.equal((await put('1')).properties.provisioningState, 'Updating');
  assert.equal((await get()).properties.provisioningState, 'Succeeded');
});

for (const result of ['Failed', 'Canceled']) {
  test(`a fault lets an operation end ${result}; the same write again is provisioned`, async (t) => {
    const { standIn, clients, get, put } = await start(t);
    await standIn.fault({ method: 'PUT', path: DEPLOYMENT }, { kind: 'operation', result });
    const write = clients.arm.batchDeployments.beginCreateOrUpdateAndWait(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, DEPLOYMENT, {
      location: LOCATION, properties: { model: { referenceType: 'Id', assetId: 'azureml:P001-C001:1' } },
    });
    await assert.rejects(write, result === 'Failed' ? /InternalServerError/ : { name: 'PollerCancelledError' });
    assert.equal((await get()).properties.provisioningState, result);
    await put('1');
    assert.equal((await get()).properties.provisioningState, 'Succeeded');
  });
}

test('PATCH takes tags and the description, and nothing else', async (t) => {
  const { clients, get, put } = await start(t);
  await put('1');
  await clients.arm.batchDeployments.beginUpdateAndWait(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, DEPLOYMENT, { tags: { added: 'yes' }, properties: { description: 'new' } });
  await clients.raw('PATCH', PATH, { properties: { miniBatchSize: 99 } });
  const { tags, properties } = await get();
  assert.deepEqual(tags, { model_version: '1', added: 'yes' });
  assert.equal(properties['description'], 'new');
  assert.equal(properties['miniBatchSize'], 10);
});

test('a deployment is deleted by an operation', async (t) => {
  const { clients, put } = await start(t);
  await put('1');
  await clients.arm.batchDeployments.beginDeleteAndWait(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, DEPLOYMENT);
  await assert.rejects(clients.raw('GET', PATH), { statusCode: 404, code: 'ResourceNotFound' });
});

test('an operation in progress goes on after a restart', async (t) => {
  const { standIn, clients, get } = await start(t);
  await clients.raw('PUT', PATH, definition('1'));
  await standIn.restart();
  await eventually(async () => (await get()).properties.provisioningState === 'Succeeded');
});

test('the endpoint says where to score and its default must exist', async (t) => {
  const { standIn, clients } = await start(t);
  const { batchEndpoints } = clients.arm;
  const { properties } = await batchEndpoints.get(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT);
  assert.equal(properties.scoringUri, `${standIn.url}/scoring/${PROD_WORKSPACE}/${ENDPOINT}/jobs`);
  const body = { location: LOCATION, properties: { authMode: 'AADToken' as const, defaults: { deploymentName: 'nobody' } } };
  await assert.rejects(batchEndpoints.beginCreateOrUpdateAndWait(RESOURCE_GROUP, PROD_WORKSPACE, ENDPOINT, body), /The default deployment nobody does not exist/);
});
