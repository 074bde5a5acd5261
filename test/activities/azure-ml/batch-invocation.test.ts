import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { inference, testWorkspace as workspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const endpoint = 'batch-endpoint-plant-P001';
const scoring = { method: 'POST', path: '^/scoring/' };

function invocation() {
  const key = freshKey();
  return { key, workspace, endpoint, deployment: 'deployment-circuit-C001', dataUri: inference.dataUri, experimentName: 'inference-P001-C001' };
}

void test('an invocation makes one job, whose output passes the check; a second call makes none', async () => {
  const input = invocation();
  const first = await platforms.changesOf(() => platforms.run(azureMl.invokeBatchEndpoint, input));
  const { jobName, outputUri, uncertain } = first.value;
  assert.deepEqual([first.changes.length, uncertain], [1, false]);
  assert.equal(outputUri, `azureml://datastores/workspaceblobstore/paths/inference/${input.key.key}/predictions.csv`);
  const second = await platforms.changesOf(() => platforms.run(azureMl.invokeBatchEndpoint, input, { attempt: 2 }));
  assert.deepEqual([second.changes, second.value.jobName, second.value.uncertain], [[], jobName, true]);

  const { result: jobStatus, failures } = await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  assert.equal(jobStatus.status, 'Completed');
  assert.ok(failures.every((type) => type === 'StillRunning'));
  const report = await platforms.run(azureMl.checkInference, { workspace, jobName, jobStatus, outputUri, minimumRows: 1_000 });
  assert.deepEqual(report.findings, []);
  assert.equal(report.passed, true);
  assert.ok(report.rows >= 1_000 && report.minimum! < report.maximum!);
  assert.doesNotMatch(report.logUri, /sig=/);

  const strict = await platforms.run(azureMl.checkInference, { workspace, jobName, jobStatus, outputUri: outputUri.replace('predictions', 'other'), minimumRows: 1 });
  assert.deepEqual([strict.passed, strict.findings.length], [false, 1]);
});

void test('the connection cut after the job was accepted: the next attempt finds it by its key', async () => {
  const input = invocation();
  platforms.fault(scoring, { kind: 'cutAfterAccept' });
  const { value, changes } = await platforms.changesOf(() => platforms.retried(azureMl.invokeBatchEndpoint, input));
  assert.deepEqual([value.failures, value.result.uncertain, changes.length], [['Unavailable'], true, 1]);
});

void test('a late twin is cancelled and the job kept goes on', async () => {
  const input = invocation();
  platforms.fault(scoring, { kind: 'delayAccept', ms: 3_000 });
  await assert.rejects(platforms.run(azureMl.invokeBatchEndpoint, input), failure('Unavailable', false));
  const kept = await platforms.run(azureMl.invokeBatchEndpoint, input, { attempt: 2 });
  const { result: end } = await platforms.retried(azureMl.awaitJob, { workspace, jobName: kept.jobName, intervalMs: 100 });
  const { cancelled } = await platforms.run(azureMl.cancelDuplicateInvocations, { key: input.key, workspace, endpoint, keep: kept.jobName, settleMs: 3_000 });
  assert.equal(cancelled.length, 1);
  assert.notEqual(cancelled[0], kept.jobName);
  assert.equal(end.status, 'Completed');
  const again = await platforms.run(azureMl.cancelDuplicateInvocations, { key: input.key, workspace, endpoint, keep: kept.jobName, settleMs: 0 });
  assert.deepEqual(again.cancelled, cancelled);
});

void test('an unknown deployment is not retried', async () => {
  await assert.rejects(platforms.run(azureMl.invokeBatchEndpoint, { ...invocation(), deployment: 'deployment-circuit-C999' }), failure('NotFound', true));
});
