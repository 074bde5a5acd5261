import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORAGE_ACCOUNT } from '../../sandbox/core/tenancy.ts';
import { CIRCUITS } from '../../sandbox/seed/estate.ts';
import { updateEnvironment } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { UpdateEnvironmentResult } from '../../workflows/domain/environment.ts';
import { eventually } from '../support/eventually.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';

const stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s' }, settle: '2s' } });
after(() => stack.stop());
const releases = new Releases(stack);

const file = (version: string) => `name: custom-tf-env\nversion: "${version}"\nimage: docker.io/library/node:24\nconda_file: conda.yml\ntags:\n  backward_compatible: "true"\n  requires_retrain: "false"\n  change_summary: Fixed logging bug\n`;
const cell = (outputs: object[] = []) => ({ cell_type: 'code', execution_count: 1, source: ['model.predict(rows)'], outputs });
const targets = CIRCUITS.map(({ plant, name }) => ({ plant, circuit: name }));
const writes = async (path: RegExp, method: string) => (await stack.standIn.ledger()).filter((entry) => entry.method === method && entry.changed && path.test(entry.path));

void test('a patch of the environment reaches every deployment once, though the worker is killed while models are tested and while deployments are updated', async () => {
  await stack.standIn.completePullRequest({ 'environment/custom_tf_env.yml': file('1.5.0'), 'environment/conda.yml': 'dependencies: [python=3.11]\n' });
  const { repositoryId, pullRequestId } = await stack.standIn.completePullRequest({ 'environment/custom_tf_env.yml': file('1.5.1') });
  const text = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell()] });
  await stack.azureMl.blob.write({ account: STORAGE_ACCOUNT, container: 'dev-ml-workspace', name: 'notebooks/score.ipynb' }, text, 'application/json');

  await stack.startWorker();
  const notebook = { link: 'azureml://datastores/workspaceblobstore/paths/notebooks/score.ipynb', sha256: sha256Hex(text) };
  const { workflowId } = await startRunbook(stack.client, updateEnvironment, { repositoryId, pullRequestId, notebook, waveSize: 3 }, { startedBy: 'dana' });
  const before = new Map(await Promise.all(targets.map(async (target) => [targetLabel(target), await deploymentOf(stack, target)] as const)));
  await releases.decide(workflowId, { gate: 'stage1', by: 'alice' });

  await eventually(async () => assert.ok((await writes(/\/scoring\/test-ml-workspace\//, 'POST')).length >= 3), { timeoutMs: 60_000 });
  await killAndRestart();
  await releases.reaches(workflowId, 'Stage 3 approval');
  await releases.decide(workflowId, { gate: 'stage3', by: 'bob' });

  const deployments = /\/workspaces\/prod-ml-workspace\/batchEndpoints\/[^/]+\/deployments\//;
  await eventually(async () => assert.ok((await writes(deployments, 'PUT')).length >= 4), { timeoutMs: 60_000 });
  await killAndRestart();
  const result = (await stack.client.workflow.getHandle(workflowId).result()) as UpdateEnvironmentResult;

  assert.equal(result.outcome, 'succeeded', result.reason);
  assert.deepEqual(result.updated, targets.map(targetLabel));
  assert.deepEqual([result.test?.total, result.test?.passed, result.leftOut], [8, 8, []]);
  for (const target of targets) {
    const [was, is] = [before.get(targetLabel(target))!, await deploymentOf(stack, target)];
    assert.match((is.definition!['properties'] as { environmentId: string }).environmentId, /\/prod-ml-workspace\/environments\/custom-tf-env\/versions\/1\.5\.1$/);
    assert.equal(is.model, was.model);
    assert.equal(is.tags['previous_environment'], 'sensor-env:1');
    assert.equal(is.tags['model_version'], was.tags['model_version']);
  }
  assert.equal((await writes(deployments, 'PUT')).length, 8, 'each deployment was written once');
  const table = await stack.azureMl.blob.read({ account: STORAGE_ACCOUNT, container: 'test-ml-workspace', name: result.test!.table!.uri.split('/paths/')[1]! }, 100_000);
  assert.equal(sha256Hex(table!), result.test!.table!.sha256);
  assert.match(table!, /^model,state,detail,output\nP001\/C001,passed,\d+ predictions,azureml:/);
});

async function killAndRestart(): Promise<void> {
  await stack.worker!.kill();
  await sleep(500);
  await stack.startWorker();
}
