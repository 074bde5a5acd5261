/** What a recovery reads and writes: each activity against the stand-in, and that a second call changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { changedProperties, settingsOf } from '../../../workflows/domain/batch-recovery.ts';
import { circuitDeployment, inference, productionWorkspace as workspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const endpoint = 'batch-endpoint-plant-P001';

const scheduled = async (circuit: string, order: object = {}) => (await platforms.control<{ jobName: string }>('batch-jobs', { plant: 'P001', circuit, ...order })).jobName;
const ended = async (jobName: string) => (await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 })).result;

async function change(circuit: string) {
  const { ref, template } = circuitDeployment(circuit);
  const before = await platforms.run(azureMl.readBatchDeployment, ref);
  const key = freshKey();
  return { before, input: { ...ref, key, before, template, model: before.model!, tags: { ...before.tags, run: 'recovery/1' }, settings: changedProperties(before, { timeoutMs: 60_000 }) } };
}

void test('a change of settings is a full write that loses nothing; a second call writes nothing', async () => {
  const { before, input } = await change('C001');
  const first = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, input));
  assert.deepEqual(first.changes, ['PUT deployments/deployment-circuit-C001']);
  assert.equal(settingsOf(first.value).timeoutMs, 60_000);
  const { retrySettings, ...rest } = first.value.definition!['properties'] as Record<string, unknown>;
  const { retrySettings: former, ...others } = before.definition!['properties'] as Record<string, unknown>;
  assert.deepEqual(rest, others);
  assert.deepEqual(retrySettings, { ...(former as object), timeout: 'PT60S' });
  assert.deepEqual(first.value.tags, { ...before.tags, run: 'recovery/1' });
  const second = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, input));
  assert.deepEqual([second.changes, second.value], [[], first.value]);
  const restored = await platforms.run(azureMl.restoreBatchDeployment, { ...input, run: 'recovery/1', settleMs: 0 });
  assert.deepEqual([restored.state, restored.found], ['restored', before]);
});

void test('a change of settings over somebody else\'s change is refused', async () => {
  const { input } = await change('C002');
  await platforms.run(azureMl.deployBatchModel, { ...input, tags: { ...input.tags, run: 'somebody' }, settings: { errorThreshold: 7 } });
  await assert.rejects(platforms.run(azureMl.deployBatchModel, input), failure('ChangedByHand', true, /properties\.errorThreshold/));
});

void test('jobs are told apart: of which deployment, read from where, whose, and when', async () => {
  const first = await scheduled('C003', { dataUri: `${inference.dataUri}.old`, outputUri: 'azureml://datastores/workspaceblobstore/paths/out/predictions.csv' });
  await ended(first);
  const job = await platforms.run(azureMl.readBatchJob, { workspace, endpoint, jobName: first });
  assert.ok(job);
  const { createdAt, ...told } = job;
  assert.deepEqual(told, { jobName: first, status: 'Failed', deployment: 'deployment-circuit-C003', dataUri: `${inference.dataUri}.old`, outputUri: 'azureml://datastores/workspaceblobstore/paths/out/predictions.csv', experimentName: 'scheduled-P001-C003', key: null });
  assert.equal(await platforms.run(azureMl.readBatchJob, { workspace, endpoint, jobName: 'nobody' }), null);

  // What an alert is about that names no job: the newest that had failed by then.
  const failedBy = (circuit: string, shiftMs: number) => platforms.run(azureMl.findFailedJob, { workspace, endpoint, deployment: `deployment-circuit-${circuit}`, before: new Date(Date.parse(createdAt) + shiftMs).toISOString(), intervalMs: 100 });
  assert.deepEqual(await failedBy('C003', 1_000), { jobName: first });
  await assert.rejects(failedBy('C003', -1_000), failure('StillWatching', false, /no job that was created by .* has failed/));
  await assert.rejects(failedBy('C004', 1_000), failure('StillWatching', false));

  const query = { workspace, endpoint, deployment: 'deployment-circuit-C003', after: createdAt, ownKeys: [] as string[] };
  assert.deepEqual((await platforms.run(azureMl.findLaterJobs, query)).jobs, []);
  await scheduled('C004');
  const key = freshKey();
  const retry = await platforms.run(azureMl.invokeBatchEndpoint, { key, workspace, endpoint, deployment: 'deployment-circuit-C003', dataUri: inference.dataUri, experimentName: 'retry', outputUri: job.outputUri! });
  assert.equal(retry.outputUri, job.outputUri);
  assert.deepEqual((await platforms.run(azureMl.findLaterJobs, query)).jobs.map(({ jobName, key: its }) => [jobName, its]), [[retry.jobName, key.key]]);
  const own = { ...query, ownKeys: [key.key] };
  assert.deepEqual((await platforms.run(azureMl.findLaterJobs, own)).jobs, []);
  await assert.rejects(platforms.run(azureMl.awaitNextJob, { ...own, intervalMs: 100 }), failure('StillWatching', false, /no job yet/));
  const next = await scheduled('C003');
  const { result, failures } = await platforms.retried(azureMl.awaitNextJob, { ...own, intervalMs: 100 });
  assert.deepEqual([result.jobName, result.end.status], [next, 'Completed']);
  assert.ok(failures.every((type) => type === 'StillWatching'));
});

void test('a failed job\'s log is judged, without its signature going on', async () => {
  const jobName = await scheduled('C003', { dataUri: `${inference.dataUri}.old` });
  await ended(jobName);
  const found = await platforms.run(azureMl.readJobFailure, { workspace, jobName });
  assert.deepEqual([found.cause, found.hasLog, found.evidence?.source], ['dataNotFound', true, 'log']);
  assert.ok(found.tail.some((line) => line.includes('ENOENT')));
  assert.doesNotMatch(JSON.stringify(found), /sig=/);
});

void test('data and environments are looked for', async () => {
  const uris = [inference.dataUri, inference.dataUri.slice(0, -1), 'azureml://datastores/workspaceblobstore/paths/data', 'azureml://datastores/nowhere/paths/x', 'https://example.com/x'];
  assert.deepEqual((await platforms.run(azureMl.checkBatchData, { workspace, uris })).data.map(({ isThere }) => isThere), [true, false, true, false, false]);
  const environment = (name: string) => platforms.run(azureMl.checkEnvironment, { workspace, environment: name });
  assert.equal((await environment('azureml:sensor-env:1')).isThere, true);
  assert.match((await environment('azureml:sensor-env:1')).id, /\/workspaces\/prod-ml-workspace\/environments\/sensor-env\/versions\/1$/);
  assert.equal((await environment('azureml:sensor-env:9')).isThere, false);
});
