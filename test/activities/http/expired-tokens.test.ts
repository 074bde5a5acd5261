import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { workspaceId } from '../../../activities/azure-resource-manager/resource-ids.ts';
import { devWorkspace } from '../support/circuits.ts';
import { Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const { arm, scoring, blob } = createAzureMlClients(platforms.settings);
const { rest, project } = createAzureDevOpsClients(platforms.settings);

const calls = {
  'Azure Resource Manager, raw': () => arm.send({ method: 'GET', url: workspaceId(devWorkspace), query: { 'api-version': '2022-10-01' } }),
  'Azure Resource Manager, typed': () => arm.typed(devWorkspace.subscriptionId, (client) => client.workspaces.get(devWorkspace.resourceGroup, devWorkspace.workspace)),
  'batch scoring': () => scoring.send({ method: 'GET', url: `${platforms.sandbox.url}/scoring/prod-ml-workspace/batch-endpoint-plant-P001/jobs` }),
  'blob storage': () => blob.read({ account: 'mlplatformstore', container: devWorkspace.workspace, name: 'data/weather.csv' }, 100),
  'Azure DevOps': () => rest.send({ method: 'GET', url: `/${project}/_apis/git/repositories/sensor-predictions`, query: { 'api-version': '7.1' } }),
};

for (const [platform, call] of Object.entries(calls)) {
  void test(`${platform}: a token that the platform takes for expired is renewed within the call`, async () => {
    assert.ok(await call());
    await platforms.control('clock', { advanceMs: 2 * 3_600_000 });
    assert.ok(await call());
  });
}
