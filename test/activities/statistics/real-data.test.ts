/** The pure statistics on the demo's real data: two stations, four years of weather with real seasons. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkReadings } from '../../../activities/statistics/data-checks.ts';
import { measureDrift } from '../../../activities/statistics/drift.ts';
import { measurePerformance } from '../../../activities/statistics/prediction-errors.ts';
import { numberColumns, readReadings, type ReadingRow, type ReadingsTable } from '../../../activities/statistics/readings-table.ts';
import { trendSvg } from '../../../activities/statistics/trend-svg.ts';
import { judgeDrift } from '../../../workflows/domain/degradation-decision.ts';
import { degradationThresholds } from '../../../workflows/domain/degradation.ts';

const weather = readFileSync(new URL('../../../node_modules/vega-datasets/data/weather.csv', import.meta.url), 'utf8');
const station = (name: string): ReadingsTable => {
  const table = readReadings(weather, name);
  assert.ok(!('problem' in table));
  return table;
};
const seattle = station('Seattle');
const newYork = station('New York');
const features = numberColumns(seattle);
const terms = { ...degradationThresholds, station: 'Seattle', features, from: '2015-10-03', asOf: '2015-12-31' };
const changed = (change: (row: ReadingRow) => ReadingRow[]): ReadingsTable => ({ ...seattle, rows: seattle.rows.flatMap((row) => (row.date >= '2015-11-01' ? change(row) : [row])) });
const faults = (table: ReadingsTable) => checkReadings(table, terms).findings.map(({ fault, days, grave }) => `${fault} ${days}${grave ? ' grave' : ''}`);

describe('the readings', () => {
  it('are four years of two stations, whose columns of numbers are the features', () => {
    assert.deepEqual([seattle.rows.length, newYork.rows.length, seattle.stations], [1461, 1461, ['Seattle', 'New York']]);
    assert.deepEqual(features, ['precipitation', 'temp_max', 'temp_min', 'wind']);
  });

  it('are clean, and each fault that is put into them is found and named', () => {
    assert.deepEqual(faults(seattle), []);
    assert.deepEqual(faults(changed((row) => (row.date.endsWith('-10') ? [] : [row]))), ['gap 2']);
    assert.deepEqual(faults(changed((row) => (row.date < '2015-11-20' ? [] : [row]))), ['gap 19 grave']);
    assert.deepEqual(faults(changed((row) => (row.date === '2015-12-05' ? [row, row] : [row]))), ['duplicate 1']);
    assert.deepEqual(faults(changed((row) => (row.date === '2015-12-05' ? [{ ...row, values: { ...row.values, wind: Number.NaN } }] : [row]))), ['missing 1']);
    assert.deepEqual(faults(changed((row) => (row.date === '2015-12-05' ? [{ ...row, values: { ...row.values, wind: -1 } }] : [row]))), ['range 1']);
    assert.deepEqual(faults(changed((row) => [{ ...row, values: { ...row.values, temp_max: 1.8 * row.values['temp_max']! + 132 } }])), ['range 61 grave'], 'a unit that was changed');
    assert.deepEqual(faults(changed((row) => [{ ...row, values: { ...row.values, temp_min: 4.4 } }])), ['stuck 61 grave']);
    assert.deepEqual(faults(changed((row) => (row.date > '2015-12-20' ? [] : [row]))), ['late 11 grave']);
    assert.deepEqual(faults(changed((row) => [{ ...row, date: row.date === '2015-12-05' ? '5.12.2015' : row.date }])), ['schema 1', 'gap 1']);
  });
});

describe('drift in real weather', () => {
  const unexpected = (table: ReadingsTable, asOf: string) => judgeDrift(measureDrift(table.rows, features, asOf, degradationThresholds).features);
  const quarters = ['2013-12-31', '2014-03-31', '2014-06-30', '2014-09-30', '2014-12-31', '2015-03-31', '2015-06-30', '2015-09-30', '2015-12-31'];

  it('is explained by the season in all but a few quarters: a year\'s distribution alone would cry in every one', () => {
    const all = [seattle, newYork].flatMap((table) => quarters.map((asOf) => unexpected(table, asOf)));
    assert.ok(all.filter(({ unexpected: real, seasonal }) => real.length + seasonal.length > 0).length >= 16);
    assert.ok(all.filter(({ unexpected: real }) => real.length > 0).length <= 4);
  });

  it('is found where there was one: New York\'s last quarter of 2015, far too warm, and not in Seattle', () => {
    const [warm] = unexpected(newYork, '2015-12-31').unexpected;
    assert.equal(warm?.feature, 'temp_max');
    assert.ok(warm.magnitude > 0.4 && warm.season!.ksP < 0.001);
    assert.match(warm.change!.at, /^2015-1[01]/);
    assert.deepEqual(unexpected(seattle, '2015-12-31').unexpected, []);
  });

  it('is found when one station\'s sensor sends the other one\'s readings', () => {
    const mixed = [...seattle.rows.filter(({ date }) => date < '2015-07-01'), ...newYork.rows.filter(({ date }) => date >= '2015-07-01')];
    const drifted = judgeDrift(measureDrift(mixed, features, '2015-09-28', degradationThresholds).features).unexpected;
    const names = drifted.map(({ feature }) => feature);
    assert.deepEqual(drifted[1]?.change, { at: '2015-07-01', kind: 'sudden' });
    assert.deepEqual(names, ['temp_max', 'temp_min', 'wind']);
  });

  it('cannot be judged from a year and less', () => {
    assert.deepEqual(measureDrift(seattle.rows.slice(0, 100), features, '2012-04-09', degradationThresholds).state, 'too few');
    assert.deepEqual(measureDrift([], [], '2012-04-09', degradationThresholds).detail, 'there is no feature to compare');
  });
});

describe('the trend', () => {
  const actuals = new Map(seattle.rows.map(({ date, values }) => [date, values['temp_max']!]));
  /** Tomorrow will be as today: a forecast that everybody has. */
  const persistence = new Map(seattle.rows.slice(1).map(({ date }, index) => [date, seattle.rows[index]!.values['temp_max']!]));
  const report = measurePerformance(persistence, actuals, { asOf: '2015-12-31', window: 'month', windows: 13, minimumRows: 20 });

  it('of the forecast "as today" has errors of a few degrees, over the whole year', () => {
    assert.equal(report.state, 'measured');
    assert.deepEqual([report.baseline.rows, report.season.rows, report.trend.length], [334, 31, 13]);
    for (const { mae, rmse } of report.trend) assert.ok(mae! > 1 && mae! < 4 && rmse! > mae!);
  });

  it('is a picture with title and description, the same bytes for the same figures, and escapes what it is called', () => {
    const draw = () => trendSvg({ title: 'Errors of <P001>', unit: '°C', windows: report.trend, references: [{ name: 'hold-out', mae: 2 }] });
    const svg = draw();
    assert.equal(svg, draw());
    assert.match(svg, /^<svg [^>]*role="img" aria-labelledby="trend-title trend-desc">\n<title id="trend-title">Errors of &lt;P001&gt;<\/title>\n<desc id="trend-desc">2014-12-01 to 2014-12-31: MAE [\d.]+, RMSE [\d.]+ over 31 rows; /);
    assert.equal(svg.match(/<circle class="mae" cx="[\d.]+" cy="[\d.]+" r="4"><title>/g)?.length, 13);
    assert.doesNotMatch(svg, /NaN|undefined|<script/);
  });

  it('is broken where a window has no figure, and has no line where there is none at all', () => {
    const gap = report.trend.map((window, index) => (index === 6 ? { ...window, rows: 0, mae: null, rmse: null } : window));
    assert.equal(trendSvg({ title: 't', unit: '', windows: gap, references: [] }).match(/<polyline class="mae/g)?.length, 2);
    const none = trendSvg({ title: 't', unit: '', windows: report.trend.map((window) => ({ ...window, mae: null, rmse: null })), references: [] });
    assert.match(none, /No window has a figure\./);
    assert.doesNotMatch(none, /polyline|NaN/);
  });
});
