import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { Platforms, failure, freshKey } from '../support/platforms.ts';
import { circuitDeployment } from '../support/circuits.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));

/** A deployment of circuit `C00n` in production, as it is now, and the input that lets it serve another model. */
async function release(circuit: string) {
  const { ref, template, otherModel } = circuitDeployment(circuit);
  const snapshot = await platforms.run(azureMl.readBatchDeployment, ref);
  const key = freshKey();
  const run = `${key.workflowId}/${key.runId}`;
  const tags = { model_version: 'new', previous_version: snapshot.tags['model_version'] ?? '', released_by: 'alice', run };
  return { ref, path: machineLearningId(`workspaces/${ref.workspace.workspace}/batchEndpoints/${ref.endpoint}/deployments/${ref.deployment}`), input: { ...ref, key, before: snapshot, template, model: otherModel, tags } };
}

const deploymentPath = (circuit: string): string => `deployments/deployment-circuit-${circuit}$`;

void test('a deployment gets model and tags, keeps everything else, and a second call changes nothing', async () => {
  const { input, path } = await release('C001');
  const { resources } = platforms.sandbox.context;
  // A field that no version of the SDK knows.
  resources.set(path, { scheduling: { priority: 7 } });
  const snapshot = await platforms.run(azureMl.readBatchDeployment, input);

  const first = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, { ...input, before: snapshot }));
  assert.deepEqual(first.changes, ['PUT deployments/deployment-circuit-C001']);
  assert.equal(first.value.model, input.model);
  assert.deepEqual(first.value.tags, input.tags);
  assert.equal(first.value.provisioningState, 'Succeeded');
  const { model: _new, ...rest } = first.value.definition!['properties'] as Record<string, unknown>;
  const { model: _old, ...restBefore } = snapshot.definition!['properties'] as Record<string, unknown>;
  assert.deepEqual(rest, restBefore);
  assert.deepEqual(rest['scheduling'], { priority: 7 });

  const second = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, { ...input, before: snapshot }));
  assert.deepEqual(second.changes, []);
  assert.deepEqual(second.value, first.value);
});

void test('the connection cut after the write was accepted: the next attempt finds the write and follows it', async () => {
  const { input } = await release('C002');
  platforms.fault({ method: 'PUT', path: deploymentPath('C002') }, { kind: 'cutAfterAccept' });
  const { value: { failures, result }, changes } = await platforms.changesOf(() => platforms.retried(azureMl.deployBatchModel, input));
  assert.deepEqual(failures, ['Unavailable']);
  assert.equal(changes.length, 1);
  assert.equal(result.model, input.model);
});

void test('a write accepted after the client gave up ends in one change', async () => {
  const { input } = await release('C003');
  platforms.fault({ method: 'PUT', path: deploymentPath('C003') }, { kind: 'delayAccept', ms: 2_500 });
  const { value: { result }, changes } = await platforms.changesOf(() => platforms.retried(azureMl.deployBatchModel, input));
  assert.equal(result.model, input.model);
  assert.equal(changes.length, 1);
});

void test('429 with and without Retry-After and 409 are told apart and retried', async () => {
  const { input } = await release('C004');
  const put = { method: 'PUT', path: deploymentPath('C004') };
  platforms.fault(put, { kind: 'status', status: 429, retryAfterS: 1 });
  platforms.fault(put, { kind: 'status', status: 429 });
  platforms.fault(put, { kind: 'status', status: 409 });
  await assert.rejects(platforms.run(azureMl.deployBatchModel, input), (error) => failure('Throttled', false)(error) && (error as { nextRetryDelay?: number }).nextRetryDelay === 1_000);
  const { failures, result } = await platforms.retried(azureMl.deployBatchModel, input);
  assert.deepEqual(failures, ['Throttled', 'Busy']);
  assert.equal(result.model, input.model);
});

void test('an operation that fails is told with its reason and not retried; one that Azure cancels is', async () => {
  const { input } = await release('C001');
  const put = { method: 'PUT', path: deploymentPath('C001') };
  platforms.fault(put, { kind: 'operation', result: 'Canceled' });
  const { failures, result } = await platforms.retried(azureMl.deployBatchModel, input);
  assert.deepEqual(failures, ['OperationCanceled']);
  assert.equal(result.provisioningState, 'Succeeded');

  const next = await release('C001');
  const missing = { ...next.input, model: 'azureml://registries/ml-registry/models/P001-C001/versions/none' };
  await assert.rejects(platforms.run(azureMl.deployBatchModel, missing), failure('OperationFailed', true, /ModelRegistryError: Could not find asset/));
});

void test('what somebody changed meanwhile is named and left alone', async () => {
  const { input, path } = await release('C002');
  const { resources } = platforms.sandbox.context;
  resources.set(path, { miniBatchSize: 99 });
  const { changes } = await platforms.changesOf(() => assert.rejects(platforms.run(azureMl.deployBatchModel, input), failure('ChangedByHand', true, /properties\.miniBatchSize/)));
  assert.deepEqual(changes, []);
});

void test('a deployment that does not exist yet is made from the template', async () => {
  const { input } = await release('C003');
  const fresh = { ...input, deployment: 'deployment-circuit-C900' };
  const none = await platforms.run(azureMl.readBatchDeployment, fresh);
  assert.deepEqual(none, { definition: null, model: null, tags: {}, provisioningState: null });
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, { ...fresh, before: none }));
  assert.equal(changes.length, 1);
  assert.equal(value.model, input.model);
  assert.equal((value.definition!['properties'] as { compute: string }).compute, machineLearningId('workspaces/prod-ml-workspace/computes/cpu-cluster'));
});

void test('cancelled before its write, it leaves everything as it was', async () => {
  const { input } = await release('C004');
  const environment = new MockActivityEnvironment();
  environment.cancel('CANCELLED');
  const { changes } = await platforms.changesOf(() => assert.rejects(environment.run(azureMl.deployBatchModel, input), CancelledFailure));
  assert.deepEqual(changes, []);
});
