import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { writeVersion } from '../../../sandbox/azure-resource-manager/assets.ts';
import { DEV_WORKSPACE, machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { trainingJobName } from '../../../workflows/domain/keys.ts';
import { StandInControl } from '../../support/stand-in-control.ts';
import { eventually } from '../../support/eventually.ts';
import { devWorkspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const clients = createAzureMlClients(platforms.settings);
const azureMl = createAzureMlActivities(clients);
const azureDevOps = createAzureDevOpsActivities(createAzureDevOpsClients(platforms.settings));
const standIn = new StandInControl(platforms.sandbox);
const { resources, jobs } = platforms.sandbox.context;
const dev = (path: string): string => machineLearningId(`workspaces/${DEV_WORKSPACE}/${path}`);
const target = { plant: 'P001', circuit: 'C001' };
const targets = [target, { plant: 'P001', circuit: 'C002' }];

/** A job that fails at once, and waits until it has. */
async function failing(name: string, more: object = {}, command = 'echo StreamAccessException: NotFound >&2; exit 1'): Promise<string> {
  const properties = {
    jobType: 'Command', command, environmentId: dev('environments/sensor-env/versions/1'), computeId: dev('computes/cpu-cluster'), tags: { plant: 'P001', circuit: 'C001', model_version: '42-a', run: 'releaseChange:b1%2Fa7:42/first' },
    outputs: { model: { jobOutputType: 'custom_model', uri: `azureml://datastores/workspaceblobstore/paths/models/P001-C001/${name}` }, notes: { jobOutputType: 'uri_folder', uri: 'azureml://datastores/workspaceblobstore/paths/shared' } },
    ...more,
  };
  await clients.arm.send({ method: 'PUT', url: dev(`jobs/${name}`), query: { 'api-version': '2022-10-01' }, body: { properties } });
  await eventually(() => assert.ok(['Failed', 'Completed'].includes(jobs.runs.get(DEV_WORKSPACE, name)?.status ?? '')));
  return name;
}
const find = (more: object = {}) => platforms.run(azureMl.findFailedTrainings, { workspace: devWorkspace, since: new Date(Date.now() - 3_600_000).toISOString(), longestMs: 3_600_000, named: [], targets, ...more });

void test('failed trainings are found over all pages: by their tags or their experiment, with their change, and with what came later', async () => {
  for (let index = 0; index < 22; index += 1) await clients.arm.send({ method: 'PUT', url: dev(`jobs/other-${index}`), query: { 'api-version': '2022-10-01' }, body: { properties: { jobType: 'Command', command: 'exit 1', environmentId: dev('environments/sensor-env/versions/1') } } });
  await failing('tagged');
  await failing('by-experiment', { tags: {}, experimentName: 'train-P001-C002' });
  await failing('of-no-circuit', { tags: { plant: 'P009', circuit: 'C001' } });
  const { jobs: found, complete } = await find();
  assert.deepEqual([found.map(({ jobName }) => jobName), complete], [['tagged', 'by-experiment'], true]);
  assert.deepEqual([found[0]!.target, found[0]!.change, found[0]!.version, found[0]!.later], [target, { repositoryId: 'b1/a7', pullRequestId: 42 }, '42-a', null]);
  assert.deepEqual([found[1]!.change, found[1]!.version], [null, null]);

  await failing('trained-again', {}, 'true');
  assert.deepEqual((await find()).jobs[0]!.later, { jobName: 'trained-again', status: 'Completed' });
  const never = { since: new Date(Date.now() + 3_600_000).toISOString(), longestMs: 0 };
  assert.deepEqual((await find(never)).jobs, []);
  assert.deepEqual((await find({ ...never, named: ['tagged', 'nowhere'] })).jobs.map(({ jobName }) => jobName), ['tagged']);
});

void test('a failed training is judged by its log, with what its definition names; one that never started by the run history', async () => {
  const report = await platforms.run(azureMl.readTrainingFailure, { workspace: devWorkspace, jobName: 'tagged' });
  assert.deepEqual([report.cause, report.evidence?.line, report.tail, report.environmentId], ['dataAccess', 'StreamAccessException: NotFound', ['StreamAccessException: NotFound'], dev('environments/sensor-env/versions/1')]);
  const uri = 'azureml://datastores/workspaceblobstore/paths/data/nowhere.csv';
  await failing('no-data', { inputs: { data: { jobInputType: 'uri_file', uri } } });
  const early = await platforms.run(azureMl.readTrainingFailure, { workspace: devWorkspace, jobName: 'no-data' });
  assert.deepEqual([early.cause, early.evidence?.source, early.details.path, early.inputs], ['dataAccess', 'run history', uri, [uri]]);
  assert.match(early.tail[0]!, /has no files/);
  await assert.rejects(platforms.run(azureMl.readTrainingFailure, { workspace: devWorkspace, jobName: 'nowhere' }), failure('NotFound', true, /./));
});

void test('a failed job is submitted once more as it was, with outputs of its own; a second call changes nothing; another definition under its name is a conflict', async () => {
  const key = freshKey();
  const jobName = trainingJobName(target, key);
  const input = { workspace: devWorkspace, jobName, key, failedJob: 'tagged', environment: null, run: 'resolveTrainingFailures:dev/a' };
  const first = await platforms.changesOf(() => platforms.run(azureMl.retryTrainingJob, input));
  assert.deepEqual(first.changes, [`PUT jobs/${jobName}`]);
  const { properties } = resources.get(dev(`jobs/${jobName}`))!;
  const failed = resources.get(dev('jobs/tagged'))!.properties;
  assert.deepEqual([properties['command'], properties['environmentId']], [failed['command'], failed['environmentId']]);
  assert.deepEqual(properties['outputs'], { model: { jobOutputType: 'custom_model', uri: `azureml://datastores/workspaceblobstore/paths/models/P001-C001/${jobName}` }, notes: { jobOutputType: 'uri_folder' } });
  assert.deepEqual(properties['tags'], { plant: 'P001', circuit: 'C001', model_version: '42-a', run: 'resolveTrainingFailures:dev/a', retry_of: 'tagged' });
  const second = await platforms.changesOf(() => platforms.run(azureMl.retryTrainingJob, input));
  assert.deepEqual([second.value, second.changes], [first.value, []]);
  await assert.rejects(platforms.run(azureMl.retryTrainingJob, { ...input, environment: 'azureml:sensor-env:9' }), failure('Conflict', true, /a job .* with other contents exists already/));
});

void test('a write that was accepted although the connection was cut is found by the next attempt', async () => {
  const key = freshKey();
  const jobName = trainingJobName(target, key);
  platforms.fault({ method: 'PUT', path: `/jobs/${jobName}` }, { kind: 'cutAfterAccept' });
  const { value: { failures }, changes } = await platforms.changesOf(() => platforms.retried(azureMl.retryTrainingJob, { workspace: devWorkspace, jobName, key, failedJob: 'tagged', environment: null, run: 'r' }));
  assert.deepEqual([failures, changes.length], [['Unavailable'], 1]);
});

void test('usage against limit: the family of the machines or the region, whichever is tighter; nothing for a compute that is gone', async () => {
  const read = (compute: string) => platforms.run(azureMl.readComputeQuota, { workspace: devWorkspace, compute });
  assert.deepEqual(await read('azureml:cpu-cluster'), { compute: 'cpu-cluster', vmSize: 'STANDARD_DS3_V2', vCpus: 4, maxNodes: 2, location: 'westeurope', name: 'Standard DSv2 Family Cluster Dedicated vCPUs', used: 0, limit: 24 });
  await standIn.quota({ name: 'Total Cluster Dedicated Regional vCPUs', used: 49, limit: 50 });
  const regional = await read(dev('computes/cpu-cluster'));
  assert.deepEqual([regional?.name, regional?.used, regional?.limit], ['Total Cluster Dedicated Regional vCPUs', 49, 50]);
  assert.equal(await read('azureml:nowhere'), null);
});

void test('an environment is planned anew as the same definition under a version of the step; twice the same; what cannot be rebuilt says why', async () => {
  const conda = 'name: train\ndependencies:\n  - python=3.11 # as in production\n';
  writeVersion(resources, dev('environments/tf/versions/1.5.0'), { properties: { image: 'docker.io/library/node:24', condaFile: conda, description: 'Training', tags: { backward_compatible: 'true', libraries: 'none' } } });
  const key = freshKey();
  const plan = (path: string, of = key) => platforms.run(azureMl.planEnvironmentRebuild, { workspace: devWorkspace, environmentId: path, key: of });
  const planned = await plan(dev('environments/tf/versions/1.5.0'));
  assert.ok(planned.kind === 'planned');
  const mark = key.key.slice(0, 8);
  assert.deepEqual([planned.from, planned.environment.version, planned.environment.tags], ['azureml:tf:1.5.0', `1.5.0-rebuilt-${mark}`, { backward_compatible: 'true', rebuilt_from: '1.5.0' }]);
  assert.ok(planned.environment.conda?.startsWith(conda), planned.environment.conda ?? 'none');
  assert.deepEqual((parse(planned.environment.conda ?? '') as { variables: object }).variables, { HOLDPOINT_REBUILD: mark });
  assert.deepEqual(await plan(dev('environments/tf/versions/1.5.0')), planned);
  await platforms.run(azureMl.registerEnvironment, { workspace: devWorkspace, environment: planned.environment, run: 'r' });
  const again = await plan(dev(`environments/tf/versions/${planned.environment.version}`), freshKey());
  assert.ok(again.kind === 'planned');
  assert.match(again.environment.version, /^1\.5\.0-rebuilt-[0-9a-f]{8}$/);
  for (const [id, reason] of [[dev('environments/tf/versions/9'), /does not have azureml:tf:9/], ['azureml://registries/r/environments/tf/versions/1', /no environment of the workspace/], ['', /no environment of the workspace/]] as const) {
    const none = await plan(id);
    assert.ok(none.kind === 'none');
    assert.match(none.reason, reason);
  }
});

void test('a configuration error is located at the merge: by the field that the log names, or by what a check finds; a missing file says so', async () => {
  const text = 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    epochs: 3\n';
  const change = await standIn.completePullRequest({ 'config/plants/P001/C001.yml': text, 'config/plants/P001/C002.yml': `${text}    dropout: 1\n`, 'config/plants/P001/C003.yml': null });
  const locate = (circuit: string, field: string | null) => platforms.run(azureDevOps.locateConfigError, { repositoryId: change.repositoryId, pullRequestId: change.pullRequestId, target: { plant: 'P001', circuit }, field });
  const { author, found } = await locate('C001', 'hyperparameters.epochs');
  assert.deepEqual([author, found.path, found.line], ['dana@example.com', 'config/plants/P001/C001.yml', 5]);
  assert.equal((await locate('C001', null)).found.line, null);
  const refused = (await locate('C002', null)).found;
  assert.deepEqual([refused.line, /unknown key/.test(refused.reason)], [6, true]);
  assert.match((await locate('C003', null)).found.reason, /not there after the merge/);
});
