import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { STORAGE_ACCOUNT } from '../../../sandbox/core/tenancy.ts';
import { sha256Hex } from '../../../workflows/domain/digest.ts';
import type { EnvironmentDefinition } from '../../../workflows/domain/environment.ts';
import { circuitDeployment, devWorkspace, productionWorkspace, testWorkspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const clients = createAzureMlClients(platforms.settings);
const azureMl = createAzureMlActivities(clients);

const environment: EnvironmentDefinition = { name: 'custom-tf-env', version: '1.5.1', image: 'docker.io/library/node:24', conda: 'dependencies:\n  - python=3.11\n', description: 'Scoring', tags: { backward_compatible: 'true' } };

void test('an environment version is registered once; a second call, by another run too, changes nothing; another content is a conflict', async () => {
  const input = { workspace: productionWorkspace, environment, run: 'updateEnvironment:r:1/a' };
  const first = await platforms.changesOf(() => platforms.run(azureMl.registerEnvironment, input));
  assert.equal(first.value.state, 'registered');
  assert.match(first.value.environmentId, /\/prod-ml-workspace\/environments\/custom-tf-env\/versions\/1\.5\.1$/);
  assert.deepEqual(first.changes, ['PUT versions/1.5.1']);
  const second = await platforms.changesOf(() => platforms.run(azureMl.registerEnvironment, { ...input, run: 'updateEnvironment:r:1/b' }));
  assert.deepEqual([second.value.state, second.changes], ['present', []]);
  await assert.rejects(platforms.run(azureMl.registerEnvironment, { ...input, environment: { ...environment, image: 'other' } }), failure('Conflict', true, /custom-tf-env:1\.5\.1 exists already in prod-ml-workspace and differs in image/));
});

void test('a write that was accepted although the connection was cut is found by the next attempt', async () => {
  platforms.fault({ method: 'PUT', path: '/test-ml-workspace/environments/custom-tf-env/versions/' }, { kind: 'cutAfterAccept' });
  const { value: { failures, result }, changes } = await platforms.changesOf(() => platforms.retried(azureMl.registerEnvironment, { workspace: testWorkspace, environment, run: 'r' }));
  assert.deepEqual([failures, result.state, changes.length], [['Unavailable'], 'present', 1]);
});

void test('a deployment gets another environment and keeps its model; a second call changes nothing; restoring puts the former one back', async () => {
  const { ref, template } = circuitDeployment('C002');
  const before = await platforms.run(azureMl.readBatchDeployment, ref);
  const input = { ...ref, key: freshKey(), before, template, model: before.model!, environment: 'azureml:custom-tf-env:1.5.1', tags: { environment: 'custom-tf-env:1.5.1', run: 'u/1' } };
  const { value, changes } = await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, input));
  assert.deepEqual([changes.length, value.model, value.tags['model_version']], [1, before.model, before.tags['model_version']]);
  assert.match((value.definition!['properties'] as { environmentId: string }).environmentId, /custom-tf-env\/versions\/1\.5\.1$/);
  assert.deepEqual((await platforms.changesOf(() => platforms.run(azureMl.deployBatchModel, input))).changes, []);
  const restored = await platforms.run(azureMl.restoreBatchDeployment, { ...ref, key: freshKey(), before, run: 'u/1', settleMs: 0 });
  assert.deepEqual([restored.state, restored.found.definition], ['restored', before.definition]);
});

void test('a trial serves what production serves, in the new environment; a second call changes nothing; whoever changes it meanwhile is a finding', async () => {
  const { ref: production, template } = circuitDeployment('C001');
  const ref = { ...production, workspace: testWorkspace };
  const served = await platforms.run(azureMl.readBatchDeployment, production);
  const input = { ...ref, key: freshKey(), from: productionWorkspace, template, environment: 'azureml:custom-tf-env:1.5.1', tags: { run: 'item/1', environment: 'custom-tf-env:1.5.1' } };
  const first = await platforms.changesOf(() => platforms.run(azureMl.deployTrial, input));
  assert.deepEqual([first.value, first.changes.length], [{ model: served.model }, 1]);
  const tried = await platforms.run(azureMl.readBatchDeployment, ref);
  assert.match((tried.definition!['properties'] as { environmentId: string }).environmentId, /\/test-ml-workspace\/environments\/custom-tf-env\/versions\/1\.5\.1$/);
  assert.deepEqual((await platforms.changesOf(() => platforms.run(azureMl.deployTrial, input))).changes, []);
  assert.deepEqual(await platforms.run(azureMl.deployTrial, { ...input, deployment: 'deployment-circuit-C999' }), { model: null });

  const { jobName, outputUri } = await platforms.run(azureMl.invokeBatchEndpoint, { ...ref, key: freshKey(), dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', experimentName: 'test' });
  const { result: jobStatus } = await platforms.retried(azureMl.awaitJob, { workspace: testWorkspace, jobName, intervalMs: 50 });
  const check = (run: string) => platforms.run(azureMl.checkTrial, { ...ref, run, jobName, jobStatus, outputUri, minimumRows: 1_000 });
  assert.deepEqual((await check('item/1')).findings, []);
  const doubted = await check('item/2');
  assert.deepEqual([doubted.passed, doubted.findings], [false, ['the test deployment was changed meanwhile, by item/1: another model may have been tested']]);
});

const code = (source: string, more: object = {}) => ({ cell_type: 'code', execution_count: 1, source: [source], outputs: [], ...more });
const kept = async (name: string, cells: object[] | null): Promise<{ link: string; sha256: string; by: string }> => {
  const text = cells === null ? 'no notebook' : JSON.stringify({ nbformat: 4, cells });
  await clients.blob.write({ account: STORAGE_ACCOUNT, container: 'dev-ml-workspace', name: `notebooks/${name}` }, text, 'application/json');
  return { link: `azureml://datastores/workspaceblobstore/paths/notebooks/${name}`, sha256: sha256Hex(text), by: 'dana' };
};
const check = async (notebook: { link: string; sha256: string; by: string }) => await platforms.run(azureMl.checkNotebook, { workspace: devWorkspace, notebook });

void test('a notebook that ran to its end passes; an error, an idle cell, another digest and no notebook at all are findings; one that lies elsewhere is not read', async () => {
  const good = await kept('good.ipynb', [{ cell_type: 'markdown', source: 'Scoring' }, code('load()'), code('score()'), code('')]);
  assert.deepEqual(await check(good), { ...good, isRead: true, findings: [], cells: 2, executed: 2 });
  assert.match((await check({ ...good, sha256: '0'.repeat(64) })).findings[0]!, /its digest is .* not the one given/);
  const failed = await check(await kept('failed.ipynb', [code('score()', { outputs: [{ output_type: 'error', ename: 'ValueError', evalue: 'shape' }] }), code('never()', { execution_count: null })]));
  assert.deepEqual(failed.findings, ['a cell failed: ValueError: shape', '1 of 2 code cells were not executed']);
  assert.deepEqual((await check(await kept('empty.ipynb', []))).findings, ['it has no code']);
  assert.deepEqual((await check(await kept('text.ipynb', null))).findings, ['it is no Jupyter notebook']);
  assert.deepEqual((await check({ ...good, link: 'azureml://datastores/workspaceblobstore/paths/notebooks/none.ipynb' })).findings, ['there is no such notebook']);
  assert.equal((await check({ ...good, link: 'https://example.com/n.ipynb' })).isRead, false);
});

void test('a report is kept under its step; a second call changes nothing', async () => {
  const input = { key: freshKey(), workspace: testWorkspace, name: 'integration-test.csv', text: 'model,state\nP001/C001,passed\n' };
  const first = await platforms.run(azureMl.keepReport, input);
  const second = await platforms.changesOf(() => platforms.run(azureMl.keepReport, input));
  assert.deepEqual([second.value, second.changes], [first, []]);
  assert.equal(await clients.blob.read({ account: STORAGE_ACCOUNT, container: 'test-ml-workspace', name: first.uri.split('/paths/')[1]! }, 1000), input.text);
});

void test('batch jobs are counted by deployment, by how they ended, and by when', async () => {
  const { ref } = circuitDeployment('C003');
  const other = circuitDeployment('C004').ref;
  const score = async (place: typeof ref, dataUri: string): Promise<string> => {
    const { jobName } = await platforms.run(azureMl.invokeBatchEndpoint, { ...place, key: freshKey(), dataUri, experimentName: 'test' });
    return (await platforms.retried(azureMl.awaitJob, { workspace: place.workspace, jobName, intervalMs: 50 })).result.status;
  };
  const good = 'azureml://datastores/workspaceblobstore/paths/data/weather.csv';
  assert.equal(await score(ref, good), 'Completed');
  await new Promise((done) => setTimeout(done, 10));
  const since = platforms.sandbox.context.clock.iso();
  assert.equal(await score(ref, 'azureml://datastores/workspaceblobstore/paths/data/none.csv'), 'Failed');
  await score(other, good);
  const read = async (places: (typeof ref)[]) => await platforms.run(azureMl.readBatchSuccess, { workspace: productionWorkspace, places, since });
  assert.deepEqual(await read([ref]), { before: { ended: 1, failed: 0 }, after: { ended: 1, failed: 1 } });
  assert.deepEqual(await read([ref, other]), { before: { ended: 1, failed: 0 }, after: { ended: 2, failed: 1 } });
});
