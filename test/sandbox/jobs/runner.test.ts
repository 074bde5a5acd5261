import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineLearningClients } from '../support/machine-learning.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

test('a compute runs two jobs at once, the others are queued and can be canceled', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  for (const name of ['one', 'two', 'three', 'four']) await clients.putJob(name, { command: 'sleep 300' });
  await clients.jobReaches('Running', 'two');
  await clients.jobReaches('Queued', 'three');
  await clients.jobReaches('Queued', 'four');
  const cancel = (name: string) => clients.raw('POST', `workspaces/dev-ml-workspace/jobs/${name}/cancel`);
  await cancel('three');
  assert.equal(await clients.jobStatus('three'), 'Canceled');
  await cancel('one');
  await clients.jobReaches('Running', 'four');
  assert.equal(await clients.jobStatus('three'), 'Canceled');
});

test('the log can be read while the job writes it', async (t) => {
  const clients = new MachineLearningClients(await StandIn.start(t));
  await clients.putJob('talking', { command: 'echo first; sleep 300' });
  await clients.jobReaches('Running', 'talking');
  await eventually(async () => (await clients.log('talking')) === 'first\n');
  assert.equal(await clients.jobStatus('talking'), 'Running');
});

test('a restart keeps everything and runs a running job again from its beginning', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  await clients.putJob('done', { command: 'echo done' });
  await clients.jobReaches('Completed', 'done');
  // Endless at first; the second time it finds the marker beside its working directory and ends.
  await clients.putJob('cut', { command: 'echo begun; if test -e ../marker; then exit 0; fi; touch ../marker; sleep 300' });
  await clients.jobReaches('Running', 'cut');
  await eventually(async () => (await clients.log('cut')) === 'begun\n');
  await standIn.restart();
  await clients.jobReaches('Completed', 'cut');
  assert.equal(await clients.log('cut'), 'begun\n');
  assert.equal(await clients.jobStatus('done'), 'Completed');
  assert.equal(await clients.log('done'), 'done\n');
});

test('values and data are put into the command, and the job has nothing of the environment of the stand-in', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  process.env['HOLDPOINT_TEST_SECRET'] = 'secret';
  t.after(() => delete process.env['HOLDPOINT_TEST_SECRET']);
  await clients.putJob('shell', {
    command: 'echo ${{inputs.word}} $GREETING $HOLDPOINT_TEST_SECRET; cp ${{inputs.data}} ${{outputs.file}}; cp ${{inputs.data}} ${{outputs.folder}}/w.csv',
    environmentVariables: { GREETING: 'hello' },
    inputs: {
      word: { jobInputType: 'literal', value: "it's; echo $HOME" },
      data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv' },
    },
    outputs: {
      file: { jobOutputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/copies/w.csv' },
      folder: { jobOutputType: 'uri_folder' },
    },
  });
  await clients.jobReaches('Completed', 'shell');
  assert.equal(await clients.log('shell'), "it's; echo $HOME hello\n");
  const sizeOf = (path: string) => standIn.context.blobs.get(`dev-ml-workspace/${path}`)?.sizeBytes;
  assert.ok(sizeOf('data/weather.csv'));
  assert.equal(sizeOf('copies/w.csv'), sizeOf('data/weather.csv'));
  assert.equal(sizeOf('azureml/shell/folder/w.csv'), sizeOf('data/weather.csv'));
});
