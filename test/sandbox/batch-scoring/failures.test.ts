/** A batch job really fails: the process reads a wrong path, runs out of memory, exceeds its timeout, finds a model or an environment that it cannot use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { machineLearningId, PROD_WORKSPACE } from '../../../sandbox/core/tenancy.ts';
import { writeVersion } from '../../../sandbox/azure-resource-manager/assets.ts';
import { registryFolder } from '../../../sandbox/azure-resource-manager/asset-uri.ts';
import { circuitDeployment, productionWorkspace as workspace } from '../../activities/support/circuits.ts';
import { freshKey, Platforms } from '../../activities/support/platforms.ts';
import { isoDuration } from '../../../workflows/domain/iso-duration.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));

/** What a schedule starts, followed to its end, with what the product reads of it. */
async function scheduled(circuit: string, order: { dataUri?: string } = {}) {
  const { jobName } = await platforms.control<{ jobName: string }>('batch-jobs', { plant: 'P001', circuit, ...order });
  const { result: end } = await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  return { end, failure: end.status === 'Completed' ? null : await platforms.run(azureMl.readJobFailure, { workspace, jobName }) };
}

async function reconfigure(circuit: string, settings: Record<string, unknown>) {
  const { ref, template } = circuitDeployment(circuit);
  const before = await platforms.run(azureMl.readBatchDeployment, ref);
  await platforms.run(azureMl.deployBatchModel, { ...ref, key: freshKey(), before, template, model: before.model!, tags: before.tags, settings });
}

void test('a wrong path: the process says that the file is not there', async () => {
  const { end, failure } = await scheduled('C001', { dataUri: 'azureml://datastores/workspaceblobstore/paths/data/wether.csv' });
  assert.equal(end.status, 'Failed');
  assert.equal(failure?.cause, 'dataNotFound');
  assert.match(failure.evidence!.line, /ENOENT: no such file or directory, open 'inputs\/data\/wether\.csv'/);
});

void test('out of memory at a mini-batch of ten rows, not at one of two', async () => {
  await platforms.control('scoring-conditions', { match: 'deployment-circuit-C002$', memoryMb: 64, rowMb: 12 });
  const first = await scheduled('C002');
  assert.equal(first.failure?.cause, 'memory');
  assert.match(first.failure.evidence!.line, /heap out of memory/);
  await reconfigure('C002', { miniBatchSize: 2 });
  const { end, failure } = await scheduled('C002');
  assert.deepEqual([end.status, failure], ['Completed', null]);
});

void test('too slow for its timeout, and not for a longer one', async () => {
  await platforms.control('scoring-conditions', { match: 'deployment-circuit-C003$', rowMs: 150 });
  await reconfigure('C003', { retrySettings: { maxRetries: 1, timeout: 'PT1S' } });
  const { failure } = await scheduled('C003');
  assert.equal(failure?.cause, 'timeout');
  assert.match(failure.evidence!.line, /mini-batch of rows 1 to 10 exceeded its timeout of 1 s, after 1 retries/);
  await reconfigure('C003', { retrySettings: { maxRetries: 1, timeout: isoDuration(4_000) } });
  assert.equal((await scheduled('C003')).end.status, 'Completed');
});

void test('an environment that lacks a library, and a model file that is none', async () => {
  writeVersion(platforms.sandbox.context.resources, machineLearningId(`workspaces/${PROD_WORKSPACE}/environments/sensor-env/versions/2`), { properties: { image: 'docker.io/library/node:24', tags: { libraries: 'csv-parse,ml-matrix' } } });
  await reconfigure('C004', { environmentId: machineLearningId(`workspaces/${PROD_WORKSPACE}/environments/sensor-env/versions/2`) });
  const lacking = await scheduled('C004');
  assert.equal(lacking.failure?.cause, 'modelLoad');
  assert.match(lacking.failure.evidence!.line, /ERR_MODULE_NOT_FOUND|Cannot find package 'zod'/);
  await reconfigure('C004', { environmentId: machineLearningId(`workspaces/${PROD_WORKSPACE}/environments/sensor-env/versions/1`) });
  assert.equal((await scheduled('C004')).end.status, 'Completed');

  platforms.sandbox.context.blobs.write(`${registryFolder('ml-registry', 'P001-C004', '1')}/model.json`, Buffer.from('{"format":2}'));
  const broken = await scheduled('C004');
  assert.equal(broken.failure?.cause, 'modelLoad');
  assert.match(broken.failure.evidence!.line, /model\.json is not a usable model/);
});
