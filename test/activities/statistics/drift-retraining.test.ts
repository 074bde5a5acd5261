/** The activities of a retraining after drift, with the real clients against the stand-in and the demo's real weather. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createStatisticsClients } from '../../../activities/statistics/clients.ts';
import { createStatisticsActivities } from '../../../activities/statistics/index.ts';
import { degradationThresholds } from '../../../workflows/domain/degradation.ts';
import { decideDrift } from '../../../workflows/domain/drift-decision.ts';
import { devWorkspace as registered, inference, productionWorkspace as workspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const statistics = createStatisticsActivities(createStatisticsClients(platforms.settings));
const target = { plant: 'P001', circuit: 'C001' };
const serving = { endpoint: 'batch-endpoint-plant-P001', deployment: 'deployment-circuit-C001' };
const sensor = { station: 'Seattle', column: 'temp_max' };
const about = { workspace, dataUri: inference.dataUri, sensor, asOf: '2015-09-30', recorded: null, ...degradationThresholds };

/** A file in the production workspace's storage, as a pipeline would put it there. */
const put = (name: string, content: string): string => {
  platforms.sandbox.context.blobs.write(`prod-ml-workspace/${name}`, Buffer.from(content), 'text/csv');
  return `azureml://datastores/workspaceblobstore/paths/${name}`;
};
const stored = (uri: string) => platforms.sandbox.context.blobs.read(uri.replace('azureml://datastores/workspaceblobstore/paths/', 'prod-ml-workspace/'))?.toString() ?? '';
const analyse = (more: object) => platforms.run(statistics.analyseDrift, { ...about, ...more });

void test('drift is held against the year before until a baseline is recorded, then against that, and only what came since is judged', async () => {
  const first = await analyse({});
  assert.deepEqual([first.state, first.newest, first.baseline], ['measured', '2015-09-30', { from: '2014-07-03', until: '2015-07-02', source: 'year before' }]);
  const readBaseline = () => platforms.run(statistics.readDriftBaseline, { workspace, target, serving, registered });
  assert.deepEqual(await readBaseline(), { baseline: null, remark: null });

  const move = { key: freshKey(), workspace, target, dataUri: inference.dataUri, station: 'Seattle', until: '2015-06-30', modelVersion: '7-aaaa' };
  const moved = await platforms.changesOf(() => platforms.run(statistics.moveDriftBaseline, move));
  assert.deepEqual(moved.value, { asset: `drift-baseline-P001-C001:2015-06-30-${move.key.key.slice(0, 8)}`, dataUri: inference.dataUri, station: 'Seattle', from: '2014-07-01', until: '2015-06-30', trackedSince: '2015-07-01', modelVersion: '7-aaaa' });
  assert.equal(moved.changes.length, 1);
  const again = await platforms.changesOf(() => platforms.run(statistics.moveDriftBaseline, move));
  assert.deepEqual([again.changes, again.value], [[], moved.value], 'a second call changes nothing');
  await assert.rejects(platforms.run(statistics.moveDriftBaseline, { ...move, modelVersion: '8-bbbb' }), failure('Conflict', true, /differs in tags\.model_version; it was left alone/));

  const { baseline: recorded } = await readBaseline();
  assert.deepEqual(recorded, moved.value);
  const second = await analyse({ recorded });
  assert.deepEqual([second.baseline.source, second.from, second.baseline.from], ['recorded', '2015-07-03', '2014-07-01']);
  const newer = await platforms.run(statistics.moveDriftBaseline, { ...move, key: freshKey(), until: '2015-09-20', modelVersion: '9-cccc' });
  assert.deepEqual(await readBaseline(), { baseline: newer, remark: `It is not known which version serves: the newest drift baseline is taken, ${newer.asset} of 9-cccc` });
  const fresh = await analyse({ recorded: newer });
  assert.deepEqual([fresh.state, fresh.from], ['too few', '2015-09-21']);
  assert.match(fresh.detail, /no feature has 20 readings in 2015-09-21 to 2015-09-30 \(at most 10\).*; the baseline was moved up to 2015-09-20 and only what came since is judged/);
});

void test('a write whose answer is lost is found by the next attempt', async () => {
  const move = { key: freshKey(), workspace, target: { plant: 'P001', circuit: 'C002' }, dataUri: inference.dataUri, station: 'Seattle', until: '2015-06-30', modelVersion: '1' };
  platforms.fault({ method: 'PUT', path: 'drift-baseline-P001-C002' }, { kind: 'cutAfterAccept' });
  const { value, changes } = await platforms.changesOf(() => platforms.retried(statistics.moveDriftBaseline, move));
  assert.deepEqual([value.failures, changes.length, value.result.until], [['Unavailable'], 1, '2015-06-30']);
});

void test('data that are missing, empty, of one row, of another station or without a baseline are states that say what is wrong', async () => {
  const detail = async (more: object): Promise<string> => {
    const { state, detail: said } = await analyse(more);
    assert.equal(state, 'too few');
    return said;
  };
  assert.match(await detail({ dataUri: 'azureml://datastores/workspaceblobstore/paths/data/none.csv' }), /^the readings azureml:.*none\.csv do not exist$/);
  assert.match(await detail({ dataUri: put('data/empty.csv', '') }), /are empty$/);
  assert.match(await detail({ dataUri: put('data/one.csv', 'location,date,temp_max\nSeattle,2015-09-30,4\n') }), /^no feature has 20 readings in 2015-07-03 to 2015-09-30 \(at most 1\) and in the year before, 2014-07-03 to 2015-07-02 \(at most 0\)$/);
  assert.match(await detail({ sensor: { ...sensor, station: 'Berlin' } }), /have no row of station Berlin; they know Seattle, New York$/);
  assert.match(await detail({ asOf: '2012-03-30' }), /in the year before, 2011-01-01 to 2011-12-31 \(at most 0\)$/);
  assert.match(await detail({ given: { from: '2001-01-01', until: '2001-12-31' } }), /in the baseline, 2001-01-01 to 2001-12-31 \(at most 0\)$/);
  assert.match(await detail({ features: ['humidity'] }), /^there is no feature to compare; the readings have no column humidity$/);
  assert.match(await detail({ recorded: { asset: 'a:1', dataUri: inference.dataUri, station: 'New York', from: '2014-07-01', until: '2015-06-30', trackedSince: '2015-07-01', modelVersion: '1' } }), /^the baseline a:1 is of station New York, and the circuit is at Seattle by now/);
});

void test('the platform\'s own report is read as Azure ML\'s model monitoring writes it', async () => {
  const read = (uri: string) => platforms.run(statistics.readPlatformDriftReport, { workspace, uri });
  const metrics = {
    PopulationStabilityIndex: { groups: { temp_max: { value: 0.31, threshold: 0.2 }, wind: { value: 0.02, threshold: 0.2 } } },
    TwoSampleKolmogorovSmirnovTest: { groups: { temp_min: { value: 0.0001, threshold: 0.05 }, wind: { value: 0.001, threshold: 0.05 } } },
    num_calls: { value: 3 },
  };
  const uri = put('monitoring/P001-C001/signals/data-drift.json', JSON.stringify({ signalName: 'data-drift', signalType: 'DataDrift', version: '1.0.0', metrics }));
  const found = await read(uri);
  assert.ok('report' in found);
  assert.deepEqual(found.report.features.map(({ feature, metric, drifted }) => `${feature} ${metric} ${drifted}`), ['temp_max PopulationStabilityIndex true', 'wind PopulationStabilityIndex false', 'temp_min TwoSampleKolmogorovSmirnovTest true']);
  const problem = async (address: string): Promise<string> => {
    const answer = await read(address);
    assert.ok('problem' in answer);
    return answer.problem;
  };
  assert.match(await problem(put('m/x', '').replace(/x$/, 'none.json')), /^there is no drift report azureml:/);
  assert.match(await problem(put('m/page.json', '<html>')), /is no signal of Azure ML's model monitoring: the file /);
  assert.match(await problem(put('m/quality.json', JSON.stringify({ signalName: 'q', signalType: 'DataQuality', metrics: {} }))), /is a signal of type DataQuality, not of data drift$/);
});

void test('the report shows the distributions now and a year ago, and is written once', async () => {
  const analysis = await analyse({});
  const facts = { key: freshKey(), workspace, dataUri: inference.dataUri, sensor, circuit: 'P001/C001', analysis, decision: decideDrift(analysis, [], null), reported: null, run: 'test/1' };
  const first = await platforms.changesOf(() => platforms.run(statistics.writeDriftReport, facts));
  assert.equal(first.changes.length, 2);
  const second = await platforms.changesOf(() => platforms.run(statistics.writeDriftReport, facts));
  assert.deepEqual([second.changes, second.value], [[], first.value]);
  const plot = stored(first.value.plotUri);
  assert.match(plot, /^<svg [^>]*role="img"[^]*<title id="drift-title">Readings of Seattle for P001\/C001, 2015-07-03 to 2015-09-30<\/title>\n<desc id="drift-desc">temp_max: mean 24\.7 of 90 readings now, mean 25\.4 of 90 readings in the same season a year ago, mean [\d.]+ of 365 readings in the baseline; differs from the baseline/);
  assert.equal(plot, readFileSync('docs/images/drift-seattle-2015.svg', 'utf8'), 'the picture of docs/drift.md');
  assert.equal(plot.match(/<polyline class="season"/g)?.length, 4);
  assert.doesNotMatch(plot, /NaN|undefined|<script/);
  const page = stored(first.value.reportUri);
  assert.match(page, /<h2>Finding: expected and gradual<\/h2>[^]*<svg [^]*<td>the baseline<\/td>[^]*<td>the same season<\/td>/);
});
