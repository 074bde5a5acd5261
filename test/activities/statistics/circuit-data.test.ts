import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { createStatisticsClients } from '../../../activities/statistics/clients.ts';
import { createStatisticsActivities } from '../../../activities/statistics/index.ts';
import { decideCause } from '../../../workflows/domain/degradation-decision.ts';
import { degradationThresholds } from '../../../workflows/domain/degradation.ts';
import { circuitDeployment, inference, productionWorkspace as workspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const clients = createStatisticsClients(platforms.settings);
const azureMl = createAzureMlActivities(clients);
const statistics = createStatisticsActivities(clients);
const { ref } = circuitDeployment('C001');
const sensor = { station: 'Seattle', column: 'temp_max' };
const about = { workspace, dataUri: inference.dataUri, sensor, asOf: '2015-12-31' };
const errorTerms = { ...about, window: 'month' as const, windows: 13, minimumRows: 20 };

/** A file in the production workspace's storage, as a pipeline would put it there. */
const put = (name: string, content: string): string => {
  platforms.sandbox.context.blobs.write(`prod-ml-workspace/${name}`, Buffer.from(content), 'text/csv');
  return `azureml://datastores/workspaceblobstore/paths/${name}`;
};
const weather = readFileSync(new URL('../../../node_modules/vega-datasets/data/weather.csv', import.meta.url), 'utf8');

void test('before anything was scored there are no predictions, which is a state', async () => {
  assert.deepEqual(await platforms.run(statistics.findPredictions, ref), { found: null, jobs: 0 });
  const report = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: null });
  assert.deepEqual([report.state, report.detail, report.current.rows, report.trend.length], ['no predictions', 'the deployment has scored nothing yet', 0, 13]);
});

void test('the errors of what the trained model really predicted, by month, and a report of them in storage, written once', async () => {
  const { jobName, outputUri } = await platforms.run(azureMl.invokeBatchEndpoint, { key: freshKey(), ...ref, dataUri: inference.dataUri, experimentName: 'score' });
  await platforms.retried(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 });
  const { found, jobs } = await platforms.run(statistics.findPredictions, ref);
  assert.deepEqual([found?.jobName, found?.uri, jobs], [jobName, outputUri, 1]);
  assert.deepEqual(await platforms.run(statistics.findPredictions, { ...ref, deployment: 'deployment-circuit-C002' }), { found: null, jobs: 0 });

  const { value: performance, changes } = await platforms.changesOf(() => platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: outputUri }));
  assert.deepEqual(changes, []);
  assert.deepEqual([performance.state, performance.current.from, performance.current.until, performance.current.rows], ['measured', '2015-12-01', '2015-12-31', 31]);
  assert.equal(performance.trend.length, 13);
  for (const { rows, mae, rmse } of performance.trend) assert.ok(rows >= 28 && mae! > 0.5 && mae! < 6 && rmse! >= mae!);
  assert.ok(performance.baseline.rows >= 330 && performance.season.rows === 31);
  assert.ok(JSON.stringify(performance).length < 5_000, 'figures go into history, rows do not');

  const data = await platforms.run(statistics.checkCircuitData, { ...about, ...degradationThresholds });
  assert.deepEqual([data.rows, data.newest, data.findings], [90, '2015-12-31', []]);
  const drift = await platforms.run(statistics.measureCircuitDrift, { ...about, ...degradationThresholds });
  assert.deepEqual(drift.features.map(({ feature }) => feature), ['precipitation', 'temp_max', 'temp_min', 'wind']);
  const holdoutMae = (await platforms.run(azureMl.readModelHistory, { workspace: { ...workspace, workspace: 'dev-ml-workspace' }, model: 'P001-C001', limit: 10 }))[0]!.mae!;
  const evidence = { serving: '1', holdoutMae, predictions: found, performance, data, drift };
  assert.equal(decideCause(evidence, degradationThresholds).finding, 'nothing', 'a real model on its real data');

  const key = freshKey();
  const facts = { circuit: 'P001/C001', sensor, asOf: '2015-12-31', alert: 'mae-high', finding: 'nothing' as const, reasoning: ['a <b>'], evidence, run: 'test/1' };
  const first = await platforms.changesOf(() => platforms.run(statistics.writeDegradationReport, { key, workspace, facts }));
  assert.equal(first.changes.length, 2);
  const second = await platforms.changesOf(() => platforms.run(statistics.writeDegradationReport, { key, workspace, facts }));
  assert.deepEqual([second.changes, second.value], [[], first.value]);
  const stored = (uri: string) => platforms.sandbox.context.blobs.read(uri.replace('azureml://datastores/workspaceblobstore/paths/', 'prod-ml-workspace/'))?.toString() ?? '';
  assert.match(stored(first.value.plotUri), /<title id="trend-title">Errors of P001\/C001 \(temp_max\) up to 2015-12-31<\/title>\n<desc id="trend-desc">2014-12-01 to 2014-12-31: MAE/);
  assert.match(stored(first.value.reportUri), /a &lt;b&gt;[^]*<svg [^]*hold-out of its training/);
});

void test('predictions that nothing was measured for yet, and too few of them', async () => {
  const predictionsUri = put('predictions/future.csv', ['date,prediction', ...Array.from({ length: 15 }, (_, index) => `2016-01-${String(index + 1).padStart(2, '0')},5`)].join('\n'));
  const future = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri, asOf: '2016-01-31' });
  assert.deepEqual([future.state, future.detail], ['no actuals', '15 days of 2016-01-01 to 2016-01-31 were predicted and none of them has been measured yet']);
  const few = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: put('predictions/one.csv', 'date,prediction\n2015-12-31,4\nx,3\n'), asOf: '2015-12-31' });
  assert.deepEqual([few.state, few.detail], ['too few', '1 of 1 predictions for 2015-12-01 to 2015-12-31 have an actual; 20 are needed; 1 predictions of Seattle are unusable']);
  const gone = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: put('x', '').replace(/x$/, 'none.csv') });
  assert.deepEqual([gone.state, gone.detail.slice(0, 16)], ['no predictions', 'the predictions ']);
  const other = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: put('predictions/odd.csv', 'day,value\n1,2\n') });
  assert.match(other.detail, /header is "day,value"/);
});

void test('data that are missing, empty, of another station, late, or have a row only are findings that say so', async () => {
  const check = async (dataUri: string, more: object = {}) => (await platforms.run(statistics.checkCircuitData, { ...about, ...degradationThresholds, dataUri, ...more })).findings;
  const grave = async (dataUri: string, more: object = {}) => (await check(dataUri, more)).filter(({ grave: isGrave }) => isGrave).map(({ fault, detail }) => `${fault}: ${detail}`).join('; ');
  assert.match(await grave('azureml://datastores/workspaceblobstore/paths/data/none.csv'), /^unreadable: the readings azureml:.*none\.csv do not exist$/);
  assert.match(await grave(put('data/empty.csv', '')), /^unreadable: .* are empty$/);
  assert.match(await grave(put('data/other.csv', 'a,b\n1,2\n')), /^unreadable: the readings have no column location and no column date/);
  assert.match(await grave(inference.dataUri, { sensor: { station: 'Berlin', column: 'temp_max' } }), /^station: the readings have no row of Berlin; they know Seattle, New York$/);
  assert.match(await grave(inference.dataUri, { asOf: '2016-01-10' }), /^late: the newest reading is of 2015-12-31: 10 days late at 2016-01-10$/);
  assert.match(await grave(put('data/one.csv', 'location,date,temp_max\nSeattle,2015-12-31,4\n')), /^gap: 89 of 90 days have no reading \(2015-10-03 to 2015-12-30\)$/);
  assert.match(await grave(inference.dataUri, { features: ['humidity'] }), /^schema: column humidity is missing; there are location, date, precipitation/);
  assert.equal((await platforms.run(statistics.measureCircuitDrift, { ...about, ...degradationThresholds, dataUri: put('data/one.csv', 'location,date,temp_max\nSeattle,2015-12-31,4\n') })).state, 'too few');
});

void test('a sensor that reads eight degrees too high since November is a sudden drift beyond the season', async () => {
  const warm = weather.split('\n').map((line) => line.replace(/^(Seattle,2015-1[12]-\d\d,[^,]*),([^,]*),/, (_all, start: string, value: string) => `${start},${Number(value) + 8},`)).join('\n');
  const drift = await platforms.run(statistics.measureCircuitDrift, { ...about, ...degradationThresholds, driftDays: 61, dataUri: put('data/warm.csv', warm) });
  const temperature = drift.features.find(({ feature }) => feature === 'temp_max')!;
  assert.equal(temperature.season!.drifted, true);
  assert.ok(temperature.magnitude > 1);
  assert.equal(temperature.change!.kind, 'sudden');
  assert.match(temperature.change!.at, /^2015-(10-2\d|10-3\d|11-0\d)$/);
  assert.equal(drift.features.find(({ feature }) => feature === 'wind')!.season!.drifted, false);
});

void test('a storage that is away is an error to be repeated, not a finding; an address that is none is not repeated', async () => {
  platforms.fault({ method: 'GET', path: 'weather\\.csv' }, { kind: 'status', status: 503 });
  const { result, failures } = await platforms.retried(statistics.checkCircuitData, { ...about, ...degradationThresholds });
  assert.deepEqual([failures, result.findings], [['Unavailable'], []]);
  await assert.rejects(platforms.run(statistics.checkCircuitData, { ...about, ...degradationThresholds, dataUri: '/data/weather.csv' }), failure('InvalidRequest', true));
  platforms.fault({ method: 'PUT', path: 'trend\\.svg' }, { kind: 'cutAfterAccept' });
  const performance = await platforms.run(statistics.measurePredictionErrors, { ...errorTerms, predictionsUri: null });
  const data = await platforms.run(statistics.checkCircuitData, { ...about, ...degradationThresholds });
  const drift = await platforms.run(statistics.measureCircuitDrift, { ...about, ...degradationThresholds });
  const facts = { circuit: 'P001/C001', sensor, asOf: '2015-12-31', alert: null, finding: 'inconclusive' as const, reasoning: [], evidence: { serving: null, holdoutMae: null, predictions: null, performance, data, drift }, run: 'test/1' };
  const written = await platforms.changesOf(() => platforms.retried(statistics.writeDegradationReport, { key: freshKey(), workspace, facts }));
  assert.deepEqual([written.value.failures, written.changes.length], [['Unavailable'], 2]);
});
