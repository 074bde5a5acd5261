import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIENCE, DEV_WORKSPACE, machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { MachineLearningClients } from '../support/machine-learning.ts';
import { StandIn } from '../support/stand-in.ts';

interface Run {
  run: { info: { run_id: string; status: string }; data: { metrics: { key: string; value: number | string; step: number }[]; params: object[]; tags: object[] } };
}

/** Calls of the MLflow REST API of the dev workspace, under one version of its path. */
async function start(t: Parameters<typeof StandIn.start>[0], version = 'v2.0') {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  const headers = await clients.bearer(AUDIENCE.resourceManager);
  const base = `/mlflow/${version}${machineLearningId(`workspaces/${DEV_WORKSPACE}`)}/api/2.0/mlflow`;
  const call = async <T>(method: string, path: string, body?: object) => standIn.call<T>(method, `${base}/${path}`, body, headers);
  return { standIn, clients, call };
}

for (const version of ['v1.0', 'v2.0']) {
  test(`a run is created, logged to, read and ended under ${version}`, async (t) => {
    const { call } = await start(t, version);
    const { run_id: id } = (await call<Run>('POST', 'runs/create', { experiment_id: '0', tags: [{ key: 'a', value: 'b' }] })).body.run.info;
    for (const [step, value] of [0.5, 'NaN', 0.25].entries()) await call('POST', 'runs/log-metric', { run_id: id, key: 'loss', value, step, timestamp: 1 });
    await call('POST', 'runs/log-batch', { run_id: id, metrics: [{ key: 'mae', value: 1, step: 0, timestamp: 1 }], params: [{ key: 'p', value: '1' }] });
    await call('POST', 'runs/log-parameter', { run_id: id, key: 'q', value: '2' });
    await call('POST', 'runs/set-tag', { run_id: id, key: 'c', value: 'd' });
    await call('POST', 'runs/update', { run_id: id, status: 'FINISHED', end_time: 2 });

    const { run } = (await call<Run>('GET', `runs/get?run_id=${id}`)).body;
    assert.equal(run.info.status, 'FINISHED');
    assert.deepEqual(run.data.metrics.map(({ key, value, step }) => [key, value, step]), [['loss', 0.25, 2], ['mae', 1, 0]]);
    assert.deepEqual(run.data.params, [{ key: 'p', value: '1' }, { key: 'q', value: '2' }]);
    assert.deepEqual(run.data.tags, [{ key: 'a', value: 'b' }, { key: 'c', value: 'd' }]);
    const history = (await call<{ metrics: { value: number | string }[] }>('GET', `metrics/get-history?run_id=${id}&metric_key=loss`)).body;
    assert.deepEqual(history.metrics.map(({ value }) => value), [0.5, 'NaN', 0.25]);
    assert.equal((await call<{ runs: object[] }>('POST', 'runs/search', {})).body.runs.length, 1);
  });
}

test('an unknown run and a malformed request are refused in the words of MLflow', async (t) => {
  const { call } = await start(t);
  const missing = await call<{ error_code: string }>('GET', 'runs/get?run_id=nobody');
  assert.deepEqual([missing.status, missing.body.error_code], [404, 'RESOURCE_DOES_NOT_EXIST']);
  const malformed = await call<{ error_code: string }>('POST', 'runs/log-metric', { run_id: 'nobody' });
  assert.deepEqual([malformed.status, malformed.body.error_code], [400, 'INVALID_PARAMETER_VALUE']);
});

test('a job that diverges has its losses logged as they are', async (t) => {
  const { clients, call } = await start(t);
  const code = machineLearningId(`workspaces/${DEV_WORKSPACE}/codes/sensor-training/versions/1`);
  await clients.putJob('diverging', {
    command: 'node train.ts --data ${{inputs.data}} --location Seattle --column wind --output ${{outputs.model}}',
    codeId: code,
    environmentVariables: { TRAINING_CONFIG: JSON.stringify({ hyperparameters: { learning_rate: 1e308, epochs: 3 } }) },
    inputs: { data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv' } },
    outputs: { model: { jobOutputType: 'custom_model' } },
  });
  await clients.jobReaches('Completed', 'diverging');
  const { metrics } = (await call<Run>('GET', 'runs/get?run_id=diverging')).body.run.data;
  assert.equal(metrics.find(({ key }) => key === 'train_loss')?.value, 'NaN');
  assert.equal(metrics.find(({ key }) => key === 'mae')?.value, 'NaN');
});
