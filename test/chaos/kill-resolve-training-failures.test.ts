/** `resolveTrainingFailures` as a whole, its worker killed over each effect before it is recorded: each author told once, each request drafted once, each job retried once, one rebuilt environment, one release. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEV_WORKSPACE, machineLearningId } from '../../sandbox/core/tenancy.ts';
import { resolveTrainingFailures } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { ResolveTrainingFailuresResult } from '../../workflows/domain/training-failures.ts';
import { eventually } from '../support/eventually.ts';
import { pullRequestThreads } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import type { Stack } from '../support/stack.ts';
import { sameThoughKilled } from '../recovery/support/whole-runs.ts';

const dev = (path: string): string => machineLearningId(`workspaces/${DEV_WORKSPACE}/${path}`);
const query = { 'api-version': '2022-10-01' };
const family = 'Standard DSv2 Family Cluster Dedicated vCPUs';
const config = (line: string): string => `training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    ${line}\n`;
interface Change { repositoryId: string; pullRequestId: number }

interface Order {
  hyperparameters?: object;
  environment?: string;
  /** The reason that the run history gives, of a job that its platform ends. */
  dies?: string;
  change?: Change;
}

/** A training job as a release submits it, which fails. */
async function failing({ standIn, azureMl: { arm } }: Stack, circuit: string, name: string, { hyperparameters = { epochs: 2 }, environment = '1', dies, change }: Order): Promise<void> {
  const [plant = '', of = ''] = circuit.split('/');
  if (dies !== undefined) await standIn.pace({ match: `^${DEV_WORKSPACE}/${name}$`, durationMs: 0, dies: { at: 0, message: dies }, times: 1 });
  const properties = {
    jobType: 'Command', experimentName: `train-${plant}-${of}`,
    command: 'node train.ts --data ${{inputs.data}} --location Seattle --column temp_max --output ${{outputs.model}}',
    codeId: dev('codes/sensor-training/versions/1'), environmentId: dev(`environments/sensor-env/versions/${environment}`), computeId: dev('computes/cpu-cluster'),
    environmentVariables: { TRAINING_CONFIG: JSON.stringify({ cutoff_date: '2015-06-30', hyperparameters }) },
    inputs: { data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', mode: 'ReadOnlyMount' } },
    outputs: { model: { jobOutputType: 'custom_model', uri: `azureml://datastores/workspaceblobstore/paths/models/${plant}-${of}/${name}` } },
    tags: { plant, circuit: of, model_version: `${change?.pullRequestId ?? 0}-aaaaaaaa`, ...(change && { pull_request: String(change.pullRequestId), run: `releaseChange:${change.repositoryId}:${change.pullRequestId}/first` }) },
  };
  await arm.send({ method: 'PUT', url: dev(`jobs/${name}`), query, body: { properties } });
  await eventually(async () => {
    const { body } = await arm.send<{ properties: { status: string } }>({ method: 'GET', url: dev(`jobs/${name}`), query });
    assert.equal(body.properties.status, 'Failed');
  }, { timeoutMs: 60_000 });
}

async function prepare(stack: Stack): Promise<Change> {
  const { standIn } = stack;
  const wrong = await standIn.completePullRequest({ 'config/plants/P001/C002.yml': config('dropout: 1') });
  const sound = await standIn.completePullRequest({ 'config/plants/P001/C004.yml': config('epochs: 2') });
  await stack.azureMl.arm.send({ method: 'PUT', url: dev('environments/sensor-env/versions/2'), query, body: { properties: { image: 'docker.io/library/node:24', osType: 'Linux', tags: { libraries: 'csv-parse' } } } });
  await standIn.quota({ name: family, used: 22, limit: 24 });
  await failing(stack, 'P001/C002', 'wrong-config', { hyperparameters: { dropout: 1 }, change: wrong });
  await failing(stack, 'P001/C003', 'no-quota', { dies: 'ComputeError: Not enough quota available for STANDARD_DS3_V2 in SubscriptionId ***. Current usage/limit: 22/24. Additional needed: 4' });
  await failing(stack, 'P001/C004', 'no-library', { environment: '2', change: sound });
  return wrong;
}

/** alice says yes to the rebuild, and that the quota is repaired once it is: each once. */
function people(stack: Stack, workflowId: string): () => Promise<void> {
  const releases = new Releases(stack);
  const done = new Set<string>();
  let refused: Error | undefined;
  return async () => {
    if (refused !== undefined) throw refused;
    const { gate, pending } = await releases.look(workflowId);
    if (gate === null || pending.length > 0 || done.has(gate)) return;
    done.add(gate);
    if (gate === 'repaired') await stack.standIn.quota({ name: family, used: 0, limit: 24 });
    // Not waited for: the worker that takes the answer may be killed over it.
    releases.decide(workflowId, { gate, by: 'alice' }).catch((error: unknown) => (refused = error as Error));
  };
}

test('resolveTrainingFailures leaves the same behind though the worker dies over each effect before it is recorded', async (context) => {
  await sameThoughKilled<ResolveTrainingFailuresResult, Change>(context, {
    estate: { settle: '2s' },
    prepare,
    start: async (stack) => (await startRunbook(stack.client, resolveTrainingFailures, { workspace: DEV_WORKSPACE }, { startedBy: 'carol' })).workflowId,
    people,
    effects: ['commentOnPullRequest', 'createWorkItem', 'registerEnvironment', 'retryTrainingJob', 'registerModel', 'keepReport'],
    items: 'retryTraining',
    isOwn: (change) => /jobs\/|environments\/|threads|workitems|training-failures|dev\/data|dev\/models/i.test(change) && !/scoring|test\/|prod\//.test(change),
    messages: /Rebuild|repaired/,
    started: ['resolveTrainingFailures', 'retryTraining', 'releaseModel'],
  }, async ({ stack, result }) => {
    assert.deepEqual([result.failures, result.causes, result.rebuilt.length, result.retried?.passed], [3, { config: 1, quota: 1, environment: 1 }, 1, 2], `${result.reason} ${JSON.stringify(result.rows)}`);
    const wrong = (await pullRequestThreads(stack, 1)).length + (await pullRequestThreads(stack, 2)).length;
    assert.equal(wrong, 1, 'one author, one comment');
  });
});
