import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import { createMlflowClients } from '../../../activities/mlflow/clients.ts';
import { createMlflowActivities } from '../../../activities/mlflow/index.ts';
import { devWorkspace as workspace, registry } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const mlflow = createMlflowActivities(createMlflowClients(platforms.settings));
const estate = createEstateActivities({ estateFile: 'estate/demo.yml' });
const config = { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.001, epochs: 12 } };

async function training(plant: string, circuit: string) {
  const policy = await estate.loadPolicy({ target: { plant, circuit } });
  const productionModel = `azureml://registries/ml-registry/models/${plant}-${circuit}/versions/1`;
  return { key: freshKey('train'), policy, version: '7-0a1b2c3d', config, productionModel, pullRequestId: 7 };
}

const jobs = { method: 'PUT', path: '/jobs/train-' };

void test('from training to registry: real metrics, each step once', async () => {
  const input = await training('P002', 'C001');
  const { value: { jobName }, changes } = await platforms.changesOf(() => platforms.run(azureMl.submitTrainingJob, input));
  assert.equal(changes.length, 1);
  const again = await platforms.changesOf(() => platforms.run(azureMl.submitTrainingJob, input));
  assert.deepEqual([again.value.jobName, again.changes], [jobName, []]);

  const { result: end } = await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  assert.deepEqual([end.status, end.error], ['Completed', null]);
  assert.ok(end.durationMs! > 0);

  const { metrics, rows, droppedRows } = await platforms.run(mlflow.readRunMetrics, { workspace, runId: jobName });
  assert.ok(metrics.candidate.mae > 0 && metrics.production!.mae > 0);
  assert.equal(metrics.holdoutRows, 365);
  assert.ok(rows! > 365 && droppedRows! >= 0);

  const log = await platforms.run(azureMl.readTrainingEvidence, { workspace, jobName, metrics: { rows, droppedRows }, durationMs: end.durationMs, earlierDurationsMs: [end.durationMs!] });
  assert.ok(log.lines >= 12);
  assert.match(log.uri, /std_log\.txt$/);
  const slow = await platforms.run(azureMl.readTrainingEvidence, { workspace, jobName, metrics: { rows, droppedRows }, durationMs: 4_000, earlierDurationsMs: [1_000] });
  assert.ok(slow.anomalies.includes('training took 4.0 times the median of earlier ones'));

  const version = { key: freshKey('register'), policy: input.policy, version: input.version, jobName, metrics, durationMs: end.durationMs, pullRequestId: 7, configDigest: 'a'.repeat(64) };
  const registered = await platforms.changesOf(() => platforms.run(azureMl.registerModel, version));
  assert.equal(registered.changes.length, 1);
  assert.deepEqual((await platforms.changesOf(() => platforms.run(azureMl.registerModel, version))).changes, []);
  await assert.rejects(platforms.run(azureMl.registerModel, { ...version, key: freshKey() }), failure('Conflict', true));

  const [newest, oldest] = await platforms.run(azureMl.readModelHistory, { workspace, model: 'P002-C001', limit: 5 });
  assert.deepEqual([newest!.version, newest!.mae, newest!.trainingMs, oldest!.version], [input.version, metrics.candidate.mae, end.durationMs, '1']);

  const promotion = { key: freshKey('promote'), from: workspace, registry, model: 'P002-C001', version: input.version, tags: { approved_by: 'alice' } };
  platforms.fault({ method: 'PUT', path: '/registries/.*/versions/' }, { kind: 'operation', result: 'Canceled' });
  platforms.fault({ method: 'PUT', path: '/registries/.*/versions/' }, { kind: 'cutAfterAccept' });
  const promoted = await platforms.changesOf(() => platforms.retried(azureMl.promoteModel, promotion));
  assert.deepEqual(promoted.value.failures, ['OperationCanceled', 'Unavailable']);
  assert.deepEqual([promoted.value.result.assetId, promoted.changes.length], [`azureml://registries/ml-registry/models/P002-C001/versions/${input.version}`, 2]);
  assert.deepEqual((await platforms.changesOf(() => platforms.run(azureMl.promoteModel, promotion))).changes, []);
  await assert.rejects(platforms.run(azureMl.promoteModel, { ...promotion, tags: { approved_by: 'mallory' } }), failure('Conflict', true, /tags\.approved_by/));
});

void test('a version is fixed before training: free, taken, ours, or once more on purpose', async () => {
  const model = 'P002-C001';
  const base = '7-0a1b2c3d';
  const asked = { workspace, model, base, again: false, workflowId: 'other', runId: 'run' };
  const taken = await platforms.run(azureMl.fixModelVersion, asked);
  assert.equal(taken.version, base);
  const [workflowId, runId] = taken.releasedBy!.split('/') as [string, string];
  assert.deepEqual(await platforms.run(azureMl.fixModelVersion, { ...asked, workflowId, runId }), { version: base, releasedBy: null });
  assert.deepEqual(await platforms.run(azureMl.fixModelVersion, { ...asked, again: true }), { version: `${base}-r1`, releasedBy: null });
  assert.deepEqual(await platforms.run(azureMl.fixModelVersion, { ...asked, base: '8-ffffffff' }), { version: '8-ffffffff', releasedBy: null });
  assert.deepEqual(await platforms.run(azureMl.fixModelVersion, { ...asked, model: 'P009-C009' }), { version: base, releasedBy: null });
});

void test('a job cut off after it was accepted is found by its name; another content under the name is a conflict', async () => {
  const input = await training('P002', 'C002');
  platforms.fault(jobs, { kind: 'cutAfterAccept' });
  const { value, changes } = await platforms.changesOf(() => platforms.retried(azureMl.submitTrainingJob, input));
  assert.deepEqual([value.failures, changes.length], [['Unavailable'], 1]);
  const other = { ...input, config: { ...config, cutoffDate: '2014-01-01' } };
  await assert.rejects(platforms.run(azureMl.submitTrainingJob, other), failure('Conflict', true));
});

void test('a job accepted late is one job', async () => {
  const input = await training('P002', 'C003');
  platforms.fault(jobs, { kind: 'delayAccept', ms: 2_500 });
  const { value, changes } = await platforms.changesOf(async () => {
    const submitted = await platforms.retried(azureMl.submitTrainingJob, input);
    await platforms.retried(azureMl.awaitJob, { workspace, jobName: submitted.result.jobName, intervalMs: 500 });
    return submitted;
  });
  assert.deepEqual([value.failures, changes.filter((change) => change.startsWith('PUT')).length], [['Unavailable'], 1]);
});

void test('a job is cancelled once, and neither an ended nor a missing one is an error', async () => {
  const input = await training('P002', 'C004');
  const { jobName } = await platforms.run(azureMl.submitTrainingJob, input);
  assert.deepEqual(await platforms.run(azureMl.cancelJob, { workspace, jobName }), { status: 'CancelRequested' });
  const { result } = await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  assert.equal(result.status, 'Canceled');
  assert.deepEqual(await platforms.run(azureMl.cancelJob, { workspace, jobName }), { status: 'Canceled' });
  assert.deepEqual(await platforms.run(azureMl.cancelJob, { workspace, jobName: 'train-none' }), { status: 'NotFound' });
});

void test('a job that fails is an answer with the platform\'s reason, and metrics that are missing are named', async () => {
  const input = await training('P002', 'C004');
  const policy = { ...input.policy, training: { ...input.policy.training, command: 'node missing.ts' } };
  const { jobName } = await platforms.run(azureMl.submitTrainingJob, { ...input, policy });
  const { result } = await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  assert.equal(result.status, 'Failed');
  assert.ok(result.error!.length > 0 && result.error!.length <= 300);
  await assert.rejects(platforms.run(mlflow.readRunMetrics, { workspace, runId: jobName }), failure('InvalidRequest', true, /no metric mae/));
});
