import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { DEV_WORKSPACE, RESOURCE_GROUP } from '../../../sandbox/core/tenancy.ts';
import { COMMAND_JOB, MachineLearningClients, trainingJob } from '../support/machine-learning.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

test('a training job really runs: its metrics, its log and its model come back', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  const submitted = await clients.putJob('train-1', trainingJob('train-1', { epochs: 3 }));
  assert.equal(submitted.properties.status, 'NotStarted');
  await clients.jobReaches('Completed', 'train-1');

  const { info, data } = await clients.mlflowRun('train-1');
  assert.equal(info.status, 'FINISHED');
  const metrics = Object.fromEntries(data.metrics.map(({ key, value }) => [key, value]));
  assert.deepEqual(Object.keys(metrics).sort(), ['dropped_rows', 'holdout_rows', 'mae', 'r2', 'rmse', 'rows', 'train_loss']);
  assert.equal(metrics['rows'], 1277);
  assert.ok(data.params.some(({ key, value }) => key === 'epochs' && value === '3'));

  const log = await clients.log('train-1');
  assert.match(log, /^epoch 3\/3 loss /m);
  assert.equal(Number(/^mae (\S+)/m.exec(log)?.[1]), Number(metrics['mae']?.toFixed(4)));

  const model = clients.container.getBlobClient(`${DEV_WORKSPACE}/models/P001-C001/train-1/model.json`);
  const saved = JSON.parse((await model.downloadToBuffer()).toString()) as { column: string };
  assert.equal(saved.column, 'temp_max');
});

test('a failed job has its reason in the run history, and none in the resource', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  await clients.putJob('bad', trainingJob('bad', { dropout: 1 }));
  await clients.jobReaches('Failed', 'bad');
  const { status, error } = await clients.details('bad');
  assert.equal(status, 'Failed');
  assert.equal(error?.error.code, 'UserError');
  assert.match(error?.error.message ?? '', /exited with status code 1\. .*Error: /);
  assert.match(await clients.log('bad'), /Unrecognized key: "dropout"/);

  await clients.putJob('no-data', { inputs: { data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/nowhere' } } });
  await clients.jobReaches('Failed', 'no-data');
  assert.match((await clients.details('no-data')).error?.error.message ?? '', /The input data .* has no files/);
});

test('the name is the key: the same definition again is 200, another one is refused, tags may change', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  await clients.putJob('once', { tags: { a: '1' }, unknownToTheSdk: { kept: true } });
  await clients.jobReaches('Completed', 'once');
  const again = await clients.putJob('once', { tags: { a: '1' }, unknownToTheSdk: { kept: true } });
  assert.deepEqual(again.properties['unknownToTheSdk'], { kept: true });
  const tagged = await clients.putJob('once', { tags: { a: '2' }, displayName: 'Once', unknownToTheSdk: { kept: true } });
  assert.deepEqual(tagged.properties['tags'], { a: '2' });
  await assert.rejects(clients.putJob('once', { command: 'echo other' }), { code: 'UserError', statusCode: 400, message: /job with this name already exists/ });

  const writes = (await standIn.ledger()).filter(({ method }) => method === 'PUT');
  assert.deepEqual(writes.map(({ status, changed }) => ({ status, changed })), [
    { status: 201, changed: true },
    { status: 200, changed: false },
    { status: 200, changed: true },
    { status: 400, changed: false },
  ]);
});

test('the SDK loses the address of an input, and the stand-in says so', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  const properties = { ...COMMAND_JOB, jobType: 'Command' as const, inputs: { data: { jobInputType: 'uri_file' as const, uri: 'azureml://datastores/x/paths/y' } } };
  await assert.rejects(clients.arm.jobs.createOrUpdate(RESOURCE_GROUP, DEV_WORKSPACE, 'typed', { properties }), /The input data has no uri/);
  const { inputs: _inputs, ...withoutInputs } = properties;
  const created = await clients.arm.jobs.createOrUpdate(RESOURCE_GROUP, DEV_WORKSPACE, 'typed', { properties: withoutInputs });
  assert.equal(created.name, 'typed');
});

test('a running job is canceled with everything that it started; a job that has ended stays as it is', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  await clients.putJob('endless', { command: 'sleep 300 & echo child $!; wait' });
  await clients.jobReaches('Running', 'endless');
  await eventually(async () => (await clients.log('endless')).startsWith('child'));
  const child = Number(/child (\d+)/.exec(await clients.log('endless'))?.[1]);
  await clients.arm.jobs.beginCancelAndWait(RESOURCE_GROUP, DEV_WORKSPACE, 'endless', { updateIntervalInMs: 50 });
  assert.equal(await clients.jobStatus('endless'), 'Canceled');
  assert.equal((await clients.mlflowRun('endless')).info.status, 'KILLED');
  // Gone, or a zombie where nothing reaps orphans.
  assert.match(spawnSync('ps', ['-o', 'stat=', '-p', String(child)], { encoding: 'utf8' }).stdout, /^(Z.*)?\s*$/);

  await clients.arm.jobs.beginCancelAndWait(RESOURCE_GROUP, DEV_WORKSPACE, 'endless', { updateIntervalInMs: 50 });
  assert.equal(await clients.jobStatus('endless'), 'Canceled');
});

test('jobs are listed page by page, by tag and by view', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  for (let number = 1; number <= 23; number += 1) {
    await clients.putJob(`job-${number}`, { tags: number % 2 ? { odd: 'yes' } : {}, isArchived: number > 21 });
  }
  const names = async (options: object) => {
    const found: (string | undefined)[] = [];
    for await (const { name } of clients.arm.jobs.list(RESOURCE_GROUP, DEV_WORKSPACE, options)) found.push(name);
    return found;
  };
  assert.equal((await names({})).length, 21);
  assert.equal((await names({ tag: 'odd' })).length, 11);
  assert.deepEqual(await names({ listViewType: 'ArchivedOnly' }), ['job-22', 'job-23']);
  assert.equal((await names({ listViewType: 'All' })).length, 23);
});

test('a job is deleted once it has ended', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  await clients.putJob('short', {});
  await clients.jobReaches('Completed', 'short');
  await clients.arm.jobs.beginDeleteAndWait(RESOURCE_GROUP, DEV_WORKSPACE, 'short', { updateIntervalInMs: 50 });
  await assert.rejects(clients.arm.jobs.get(RESOURCE_GROUP, DEV_WORKSPACE, 'short'), { statusCode: 404, code: 'ResourceNotFound' });
});
