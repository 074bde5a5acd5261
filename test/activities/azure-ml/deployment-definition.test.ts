import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../../activities/azure-ml/batch-deployment.ts';
import { desiredDefinition, differences, isUnchanged, missingFrom } from '../../../activities/azure-ml/deployment-definition.ts';
import { inference, productionWorkspace } from '../support/circuits.ts';

const answer = {
  id: '/subscriptions/s/…',
  name: 'deployment-circuit-C001',
  type: 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments',
  systemData: { createdAt: '2026-01-01' },
  location: 'westeurope',
  tags: { model_version: '1', team: 'sensors' },
  properties: {
    provisioningState: 'Succeeded',
    model: { referenceType: 'Id', assetId: 'azureml://registries/r/models/m/versions/1' },
    miniBatchSize: 10,
    fromANewerVersion: { kept: true },
    properties: { AzureAsyncOperationUri: 'https://…', 'azureml.x': 'y', own: 'note' },
  },
};

void test('a snapshot holds what may be written back, and nothing that only the service writes', () => {
  const snapshot = snapshotOf(answer);
  assert.deepEqual(snapshot, {
    definition: {
      location: 'westeurope',
      tags: { model_version: '1', team: 'sensors' },
      properties: { model: answer.properties.model, miniBatchSize: 10, fromANewerVersion: { kept: true }, properties: { own: 'note' } },
    },
    model: 'azureml://registries/r/models/m/versions/1',
    tags: { model_version: '1', team: 'sensors' },
    provisioningState: 'Succeeded',
  });
});

void test('the desired definition differs in model and tags only; foreign tags stay', () => {
  const before = snapshotOf(answer);
  const desired = desiredDefinition({ workspace: productionWorkspace, before, template: { inference, location: 'westeurope' }, model: 'azureml://registries/r/models/m/versions/2', tags: { model_version: '2', run: 'r' } });
  assert.deepEqual(differences(before.definition, desired), ['properties.model.assetId', 'tags.model_version', 'tags.run']);
  assert.equal((desired['tags'] as Record<string, string>)['team'], 'sensors');
});

void test('another environment differs in that and its tags only: what a rollback left of the model stays true', () => {
  const before = snapshotOf({ ...answer, tags: { model_version: '1', rolled_back_from: '2' } });
  const desired = desiredDefinition({ workspace: productionWorkspace, before, template: { inference, location: 'westeurope' }, model: before.model!, environment: 'azureml:env:1.5.1', tags: { environment: 'env:1.5.1' } });
  assert.deepEqual(differences(before.definition, desired), ['properties.environmentId', 'tags.environment']);
});

void test('defaults that the service fills in are no difference, changed and lost fields are', () => {
  assert.deepEqual(missingFrom({ a: { b: 1 } }, { a: { b: 1, filledIn: true } }), []);
  assert.deepEqual(missingFrom({ a: { b: 1 }, list: [1, 2] }, { a: {}, list: [1, 3] }), ['a.b', 'list[1]']);
  assert.deepEqual(missingFrom({ tags: {}, x: null }, {}), []);
  const compute = '/subscriptions/s/resourceGroups/G/computes/c';
  assert.deepEqual(missingFrom({ compute }, { compute: compute.toLowerCase() }), []);
  assert.deepEqual(missingFrom({ model: 'azureml://A' }, { model: 'azureml://a' }), ['model']);
});

void test('a deployment is unchanged only if nothing was added either', () => {
  const before = snapshotOf(answer);
  assert.ok(isUnchanged(before, { ...before, provisioningState: 'Failed' }));
  assert.ok(!isUnchanged(before, snapshotOf({ ...answer, tags: { ...answer.tags, added: 'by hand' } })));
  const none = { definition: null, model: null, tags: {}, provisioningState: null };
  assert.ok(isUnchanged(none, none));
  assert.ok(!isUnchanged(none, before) && !isUnchanged(before, none));
});

test('what a rollback noted is not true of the next release', () => {
  const before = snapshotOf({ ...answer, tags: { ...answer.tags, rolled_back_from: '3' } });
  const desired = desiredDefinition({ workspace: productionWorkspace, before, template: { inference, location: 'westeurope' }, model: 'm', tags: { model_version: '4' } });
  assert.equal('rolled_back_from' in (desired['tags'] as object), false);
});
