/** `resolveTrainingFailures` against trainings of the stand-in that really fail, for five causes at once, and the counter that starts it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { writeVersion } from '../../sandbox/azure-resource-manager/assets.ts';
import { DEV_WORKSPACE, machineLearningId } from '../../sandbox/core/tenancy.ts';
import { decide } from '../../starters/decide.ts';
import { failureCountId, resolveTrainingFailuresId, type FailureCount } from '../../workflows/domain/failure-count.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { FailureRow, ResolveTrainingFailuresResult } from '../../workflows/domain/training-failures.ts';
import { eventually } from '../support/eventually.ts';
import { pullRequestThreads, workItems } from '../support/platform-state.ts';
import { Recoveries } from '../support/recoveries.ts';
import { StandInControl } from '../support/stand-in-control.ts';

const recoveries = await Recoveries.start();
after(() => recoveries.stop());
const { sandbox, azureMl, temporal: { client: { workflow } } } = recoveries;
const standIn = new StandInControl(sandbox);
const dev = (path: string): string => machineLearningId(`workspaces/${DEV_WORKSPACE}/${path}`);
const paths = 'azureml://datastores/workspaceblobstore/paths/data';

interface Order {
  hyperparameters?: object;
  data?: string;
  environment?: string;
  /** The reason that the run history gives, of a job that its platform ends. */
  dies?: string;
  change?: { repositoryId: string; pullRequestId: number };
}

/** A training job as a release submits it, which fails. */
async function failing(circuit: string, name: string, { hyperparameters = { epochs: 2 }, data = 'weather.csv', environment = '1', dies, change }: Order): Promise<string> {
  const [plant = '', of = ''] = circuit.split('/');
  if (dies !== undefined) await standIn.pace({ match: `^${DEV_WORKSPACE}/${name}$`, durationMs: 0, dies: { at: 0, message: dies }, times: 1 });
  const properties = {
    jobType: 'Command',
    command: 'node train.ts --data ${{inputs.data}} --location Seattle --column temp_max --output ${{outputs.model}}',
    experimentName: `train-${plant}-${of}`,
    codeId: dev('codes/sensor-training/versions/1'),
    environmentId: dev(`environments/sensor-env/versions/${environment}`),
    computeId: dev('computes/cpu-cluster'),
    environmentVariables: { TRAINING_CONFIG: JSON.stringify({ cutoff_date: '2015-06-30', hyperparameters }) },
    inputs: { data: { jobInputType: 'uri_file', uri: `${paths}/${data}`, mode: 'ReadOnlyMount' } },
    outputs: { model: { jobOutputType: 'custom_model', uri: `azureml://datastores/workspaceblobstore/paths/models/${plant}-${of}/${name}` } },
    tags: { plant, circuit: of, model_version: `${change?.pullRequestId ?? 0}-aaaaaaaa`, ...(change && { pull_request: String(change.pullRequestId), run: `releaseChange:${change.repositoryId}:${change.pullRequestId}/first` }) },
  };
  await azureMl.arm.send({ method: 'PUT', url: dev(`jobs/${name}`), query: { 'api-version': '2022-10-01' }, body: { properties } });
  await eventually(() => assert.equal(sandbox.context.jobs.runs.get(DEV_WORKSPACE, name)?.status, 'Failed'), { timeoutMs: 20_000 });
  return name;
}

const quota = (used: number, limit: number, over?: 'fail') => standIn.quota({ name: 'Standard DSv2 Family Cluster Dedicated vCPUs', used, limit, ...(over && { over }) });
const look = async (): Promise<void> => void (await workflow.execute('findTrainingFailures', { taskQueue: TaskQueue.Runbooks, workflowId: 'findTrainingFailures:test', args: [{}] }));
const count = () => workflow.getHandle(failureCountId(DEV_WORKSPACE)).query<FailureCount>('status');
const config = (line: string): string => `training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    ${line}\n`;

async function answer(handle: WorkflowHandle, gate: string, verdict: object): Promise<GateView> {
  const open = await eventually(async () => {
    const view = await handle.query<GateView | null>('gate');
    assert.equal(view?.gate, gate);
    return view;
  }, { timeoutMs: 60_000 });
  await decide(workflow, { workflowId: handle.workflowId }, { gate, by: 'alice', verdict: 'approve', ...verdict });
  return open;
}

test('five causes at once: each is fixed as far as it may, the failed ones alone are retried, each once, and the counter is quiet again', async () => {
  const wrong = await standIn.completePullRequest({ 'config/plants/P001/C002.yml': config('dropout: 1') });
  const sound = await standIn.completePullRequest({ 'config/plants/P001/C004.yml': config('epochs: 2') });
  writeVersion(sandbox.context.resources, dev('environments/sensor-env/versions/2'), { properties: { image: 'docker.io/library/node:24', osType: 'Linux', tags: { libraries: 'csv-parse' } } });
  await quota(22, 24);

  await failing('P001/C001', 'older', { data: 'late.csv' });
  await failing('P001/C001', 'late-data', { data: 'late.csv' });
  await failing('P001/C002', 'wrong-config', { hyperparameters: { dropout: 1 }, change: wrong });
  await quota(22, 24, 'fail'); // its node has no room
  await failing('P001/C003', 'no-quota', {});
  await quota(22, 24);
  await failing('P001/C004', 'no-library', { environment: '2', change: sound });
  await look();
  assert.deepEqual([(await count()).counted.length, (await count()).run], [5, null], 'five are not too many');

  await failing('P002/C001', 'odd', { dies: 'the process ended without a word' });
  await failing('P002/C002', 'lost-data', { data: 'lost.csv' });
  sandbox.context.blobs.write(`${DEV_WORKSPACE}/data/late.csv`, Buffer.from(sandbox.context.blobs.read(`${DEV_WORKSPACE}/data/weather.csv`)));
  await look();
  const { run } = await eventually(async () => {
    const counted = await count();
    assert.ok(counted.run);
    return counted;
  });
  assert.deepEqual([run!.workflowId, run!.jobs.length], [resolveTrainingFailuresId(DEV_WORKSPACE), 7]);
  const handle = workflow.getHandle(run!.workflowId);

  const environment = await answer(handle, 'environment', {});
  assert.match(environment.card.question, /^Rebuild azureml:sensor-env:2 and retry P001\/C004 in it\?$/);
  assert.ok(environment.card.facts.some((fact) => /Cannot find package 'ml-matrix'/.test(fact)), environment.card.facts.join('\n'));
  await look(); // told again while the run is under way
  await eventually(async () => assert.equal((await handle.query<GateView | null>('gate'))?.gate, 'repaired'), { timeoutMs: 60_000 });
  await quota(0, 24);
  const repaired = await answer(handle, 'repaired', { except: ['P002/C001'] });
  assert.ok(repaired.card.facts.some((fact) => /22 of 24 vCPUs of Standard DSv2 Family Cluster Dedicated vCPUs are used, a node needs 4; the request is drafted in work item/.test(fact)), repaired.card.facts.join('\n'));

  const result = (await handle.result()) as ResolveTrainingFailuresResult;
  const row = (jobName: string): FailureRow => result.rows.find((each) => each.jobName === jobName)!;
  assert.deepEqual([result.outcome, result.failures, result.causes], ['rejected', 7, { dataAccess: 3, config: 1, quota: 1, environment: 1, unknown: 1 }], result.reason);
  assert.deepEqual(result.rows.map(({ jobName, retry }) => [jobName, retry]), [['older', 'left'], ['late-data', 'passed'], ['wrong-config', 'left'], ['no-quota', 'passed'], ['no-library', 'passed'], ['odd', 'left'], ['lost-data', 'left']], JSON.stringify(result.rows, null, 1));
  assert.equal(row('older').fix, 'a newer job of the circuit failed too, and stands for it');
  assert.match(row('wrong-config').fix, new RegExp(`^dana@example\\.com was told on pull request ${wrong.pullRequestId}: config/plants/P001/C002\\.yml:5; merging`));
  assert.match(row('lost-data').fix, /data\/lost\.csv is not there, although it was said to be repaired$/);
  assert.match(row('odd').fix, /left out by alice$/);
  assert.match(row('no-library').detail, /releaseModel:P001:C004:\d+-aaaaaaaa was started/);
  assert.match(row('late-data').detail, /register its model by hand/);
  assert.deepEqual([result.retried?.total, result.retried?.passed, result.quota[0]?.limit, result.rebuilt.length], [3, 3, 24, 1]);

  // What the platforms hold: each retry once, the environment under its new version, the table, the request, the author's comment.
  const jobs = sandbox.context.resources.children(dev('').slice(0, -1), 'jobs').map(({ name, properties }) => ({ name, tags: properties['tags'] as Record<string, string> | undefined }));
  assert.deepEqual(jobs.flatMap(({ tags }) => (tags?.['retry_of'] === undefined ? [] : [tags['retry_of']])).sort(), ['late-data', 'no-library', 'no-quota']);
  assert.ok(sandbox.context.resources.get(dev(`environments/sensor-env/versions/${result.rebuilt[0]!.to.split(':').at(-1)}`)));
  const table = Buffer.from(sandbox.context.blobs.read(`${DEV_WORKSPACE}/${result.table!.uri.split('/paths/')[1]}`)).toString();
  assert.equal(table.trim().split('\n').length, 8, table);
  const [thread] = await pullRequestThreads(recoveries, wrong.pullRequestId);
  assert.match(thread!.content, /config\/plants\/P001\/C002\.yml:5.*job wrong-config/);
  const titles = (await workItems(recoveries)).map(({ title }) => title);
  assert.deepEqual(titles.map((title) => title.split(':')[0]), ['Training cannot read its data', 'Quota for trainings on cpu-cluster', `Training failures in ${DEV_WORKSPACE}`]);

  await eventually(async () => assert.deepEqual([(await count()).run, (await count()).counted.length], [null, 0]));
  await look();
  assert.deepEqual([(await count()).run, (await count()).counted.length], [null, 0], 'quiet again');
  await workflow.getHandle(`releaseModel:P001:C004:${sound.pullRequestId}-aaaaaaaa`).terminate('the test has seen it');
});

test('a release\'s own failed training is counted at once', async () => {
  const change = await standIn.completePullRequest({ 'config/plants/P002/C004.yml': config('epochs: 3') });
  await standIn.pace({ match: `^${DEV_WORKSPACE}/train-P002-C004-`, durationMs: 0, dies: { at: 0, message: 'StreamAccessException: NotFound' }, times: 1 });
  await assert.rejects(workflow.execute('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseChange:${change.repositoryId}:${change.pullRequestId}`, args: [{ repositoryId: change.repositoryId, pullRequestId: change.pullRequestId }] }));
  await eventually(async () => assert.deepEqual((await count()).counted.map(({ target }) => target), [{ plant: 'P002', circuit: 'C004' }]));
});

test('a workspace in which nobody trains is refused by name', async () => {
  const result = (await workflow.execute('resolveTrainingFailures', { taskQueue: TaskQueue.Runbooks, workflowId: 'resolveTrainingFailures:elsewhere', args: [{ workspace: 'elsewhere' }] })) as ResolveTrainingFailuresResult;
  assert.deepEqual([result.outcome, result.reason], ['rejected', `workspace: the estate trains in ${DEV_WORKSPACE}, not in elsewhere`]);
});
