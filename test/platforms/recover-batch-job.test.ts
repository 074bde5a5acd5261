/** `recoverBatchJob` against jobs of the stand-in that really fail: by its own log each is recovered, or a person is asked. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RecoverBatchJobPhase as Phase } from '../../workflows/domain/phases.ts';
import { settingsOf } from '../../workflows/domain/batch-recovery.ts';
import { machineLearningId, PROD_WORKSPACE } from '../../sandbox/core/tenancy.ts';
import { writeVersion } from '../../sandbox/azure-resource-manager/assets.ts';
import { registryFolder } from '../../sandbox/azure-resource-manager/asset-uri.ts';
import { decide } from '../../starters/decide.ts';
import { Recoveries, weather } from '../support/recoveries.ts';

const recoveries = await Recoveries.start();
after(() => recoveries.stop());

test('out of memory: the mini-batches become smaller in steps until the retry completes, and so does the next job', async () => {
  recoveries.ails('C001', { memoryMb: 64, rowMb: 12 });
  const outputUri = 'azureml://datastores/workspaceblobstore/paths/predictions/C001/predictions.csv';
  const jobName = await recoveries.failedJob('C001', { outputUri });
  const handle = await recoveries.recover('C001', jobName);
  await recoveries.phase(handle, Phase.Monitoring);
  assert.ok(recoveries.sandbox.context.blobs.get(`${PROD_WORKSPACE}/predictions/C001/predictions.csv`), 'the retry wrote where the failed job would have');
  const next = await recoveries.scheduledJob('C001');

  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.cause, result.production], ['succeeded', 'memory', 'changed'], result.reason);
  assert.match(result.evidence!.line, /heap out of memory/);
  assert.deepEqual(result.attempts.map(({ remedy, status, cause }) => [remedy, status, cause]), [['mini_batch_size from 10 to 5', 'Failed', 'memory'], ['mini_batch_size from 5 to 2', 'Completed', null]]);
  assert.deepEqual(result.nextJob, { jobName: next, status: 'Completed' });
  const { definition, tags } = await recoveries.deployment('C001');
  assert.equal((definition!['properties'] as { miniBatchSize: number }).miniBatchSize, 2);
  assert.equal(tags['model_version'], '1');
  assert.equal(recoveries.writes('C001'), 2);
  await assert.rejects(recoveries.recover('C001', jobName), /was started before/); // one recovery for each job
});

test('too slow: the timeout becomes longer', async () => {
  recoveries.ails('C002', { rowMs: 150 });
  await recoveries.changeByHand('C002', { retrySettings: { maxRetries: 0, timeout: 'PT1S' } });
  const handle = await recoveries.recover('C002', await recoveries.failedJob('C002'));
  await recoveries.phase(handle, Phase.Monitoring);
  await recoveries.scheduledJob('C002');
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.cause, result.attempts.map(({ remedy }) => remedy)], ['succeeded', 'timeout', ['timeout from 1 s to 2 s']], result.reason);
  assert.deepEqual(settingsOf(await recoveries.deployment('C002')).timeoutMs, 2_000);
  assert.deepEqual(((await recoveries.deployment('C002')).definition!['properties'] as { retrySettings: object }).retrySettings, { maxRetries: 0, timeout: 'PT2S' });
});

test('a wrong path: the retry reads from the address that the estate names, and the deployment stays as it is', async () => {
  const before = await recoveries.deployment('C003');
  const handle = await recoveries.recover('C003', await recoveries.failedJob('C003', { dataUri: `${weather}.old` }));
  await recoveries.phase(handle, Phase.Monitoring);
  await recoveries.scheduledJob('C003');
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.cause, result.production, result.attempts.map(({ remedy }) => remedy)], ['succeeded', 'dataNotFound', 'unchanged', [`data read from ${weather}`]], result.reason);
  assert.deepEqual(await recoveries.deployment('C003'), before);
});

test('an environment that lacks a library: the one that the estate names is put in its place; the next job fails all the same, and somebody is told', async () => {
  const environments = `workspaces/${PROD_WORKSPACE}/environments/sensor-env/versions`;
  writeVersion(recoveries.sandbox.context.resources, machineLearningId(`${environments}/2`), { properties: { tags: { libraries: 'csv-parse,ml-matrix' } } });
  await recoveries.changeByHand('C004', { environmentId: machineLearningId(`${environments}/2`) });
  const handle = await recoveries.recover('C004', await recoveries.failedJob('C004'));
  await recoveries.phase(handle, Phase.Monitoring);
  await recoveries.failedJob('C004', { dataUri: `${weather}.old` });
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.cause, result.attempts.map(({ remedy }) => remedy)], ['rejected', 'modelLoad', ['environment from sensor-env:2 to sensor-env:1']], result.reason);
  assert.equal(result.nextJob?.status, 'Failed');
  assert.match(result.reason, /the next job .* ended Failed/);
  assert.ok(result.workItem);
});

test('a model that does not load in the right environment goes to a person, with the log; repaired, it is retried as it is', async () => {
  const file = `${registryFolder('ml-registry', 'P001-C004', '1')}/model.json`;
  const { blobs } = recoveries.sandbox.context;
  const sound = Buffer.from(blobs.read(file));
  blobs.write(file, sound.toString().replace('"format":1', '"format":2'));
  const handle = await recoveries.recover('C004', await recoveries.failedJob('C004'));
  const { card } = await recoveries.gate(handle);
  assert.match(card.recommendation, /the model itself is suspect/);
  assert.ok(card.facts.some((fact) => /^log: ERROR model\.json is not a usable model/.test(fact)), card.facts.join('\n'));
  blobs.write(file, sound);
  await decide(recoveries.temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'recovery', verdict: 'approve', by: 'bob' });
  await recoveries.phase(handle, Phase.Monitoring);
  await recoveries.scheduledJob('C004');
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.attempts.map(({ remedy, status }) => [remedy, status])], ['succeeded', [['repaired by hand, as bob said', 'Completed']]], result.reason);
});
