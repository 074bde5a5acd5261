import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIENCE, DEV_WORKSPACE, machineLearningId, RESOURCE_GROUP } from '../../../sandbox/core/tenancy.ts';
import { MachineLearningClients } from '../support/machine-learning.ts';
import { StandIn } from '../support/stand-in.ts';

const WORKSPACE = machineLearningId(`workspaces/${DEV_WORKSPACE}`);

test('a request needs an api-version and a token for Azure Resource Manager', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  const get = async (path: string, audience: string) => standIn.call<{ error: { code: string } }>('GET', path, undefined, await clients.bearer(audience));
  const wrongAudience = await get(`${WORKSPACE}?api-version=2022-10-01`, AUDIENCE.machineLearning);
  assert.deepEqual([wrongAudience.status, wrongAudience.body.error.code], [401, 'InvalidAuthenticationTokenAudience']);
  const noVersion = await get(WORKSPACE, AUDIENCE.resourceManager);
  assert.deepEqual([noVersion.status, noVersion.body.error.code], [400, 'MissingApiVersionParameter']);
  const badVersion = await get(`${WORKSPACE}?api-version=latest`, AUDIENCE.resourceManager);
  assert.deepEqual([badVersion.status, badVersion.body.error.code], [400, 'InvalidApiVersionParameter']);
});

test('answers carry the headers of Azure Resource Manager', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  const { headers } = await standIn.call('GET', `${WORKSPACE}?api-version=2022-10-01`, undefined, await clients.bearer(AUDIENCE.resourceManager));
  assert.match(headers.get('x-ms-request-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.match(headers.get('x-ms-routing-request-id') ?? '', /^WESTEUROPE:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

test('workspaces say where their MLflow server is; unknown scopes are not found', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  const workspace = await clients.arm.workspaces.get(RESOURCE_GROUP, DEV_WORKSPACE);
  assert.equal(workspace.mlFlowTrackingUri, `azureml://${new URL(standIn.url).host}/mlflow/v1.0${WORKSPACE}`);
  assert.match(workspace.workspaceId ?? '', /^[0-9a-f-]{36}$/);
  await assert.rejects(clients.arm.workspaces.get(RESOURCE_GROUP, 'nowhere'), { statusCode: 404, code: 'ResourceNotFound' });
  await assert.rejects(clients.arm.workspaces.get('other-group', DEV_WORKSPACE), { statusCode: 404, code: 'ResourceGroupNotFound' });
  await assert.rejects(clients.arm.jobs.get(RESOURCE_GROUP, 'nowhere', 'j'), { statusCode: 404, code: 'ParentResourceNotFound' });
});
