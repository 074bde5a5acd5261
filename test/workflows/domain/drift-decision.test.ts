/** What may be trained on without a person, on real weather: seasons, a far too warm autumn, and one station's readings in the other one's place. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureDrift } from '../../../activities/statistics/drift.ts';
import { numberColumns } from '../../../activities/statistics/readings-table.ts';
import { degradationThresholds } from '../../../workflows/domain/degradation.ts';
import { decideDrift } from '../../../workflows/domain/drift-decision.ts';
import type { OperationalChange, PlatformDriftReport } from '../../../workflows/domain/drift-retraining.ts';
import { analysisText } from '../../../workflows/domain/drift-text.ts';
import { stationReadings } from '../../support/weather.ts';

const [seattle, newYork] = [stationReadings('Seattle'), stationReadings('New York')];
const columns = numberColumns(seattle);
const analyse = (rows: typeof seattle.rows, asOf: string) => ({ ...measureDrift(rows, columns, asOf, degradationThresholds), newest: asOf, baseline: { from: '2014-07-03', until: '2015-07-02', source: 'year before' as const } });
const judged = ({ features }: ReturnType<typeof decideDrift>) => features.map(({ feature, expected, pace }) => `${feature} ${expected?.by ?? 'unexpected'} ${pace}`);
const works: OperationalChange = { what: 'New intake at the river', features: ['temp_max'], from: '2015-07-01', until: '2015-09-30' };

describe('drift', () => {
  it('of a season is expected and gradual: Seattle\'s summer of 2015', () => {
    const decision = decideDrift(analyse(seattle.rows, '2015-09-30'), [], null);
    assert.deepEqual([decision.finding, judged(decision)], ['retrain', ['temp_max season gradual', 'temp_min season gradual']]);
    assert.match(decision.reasoning[0]!, /^temp_max differs from the baseline \(PSI [\d.]+, KS [\d.]+, p .*\): expected: as in the same season a year ago; gradual: with the season taken off, no change point\.$/);
  });

  it('that no season explains is for a person: New York\'s summer and autumn of 2015', () => {
    const summer = decideDrift(analyse(newYork.rows, '2015-09-30'), [], null);
    assert.deepEqual([summer.finding, judged(summer)[0]], ['investigate', 'temp_max unexpected gradual']);
    assert.match(summer.reasoning.at(-1)!, /^temp_max: not both expected and gradual/);
    const autumn = decideDrift(analyse(newYork.rows, '2015-12-31'), [], null);
    assert.deepEqual([autumn.finding, judged(autumn)], ['investigate', ['temp_max unexpected sudden', 'temp_min season sudden']]);
    assert.match(autumn.reasoning[0]!, /sudden, on 2015-10-28\.$/);
  });

  it('that the estate declares is expected, and still for a person where it came at once', () => {
    const summer = decideDrift(analyse(newYork.rows, '2015-09-30'), [works], null);
    assert.deepEqual([summer.finding, judged(summer)[0]], ['retrain', 'temp_max declared gradual']);
    assert.match(summer.reasoning[0]!, /the estate declares "New intake at the river"/);
    const autumn = decideDrift(analyse(newYork.rows, '2015-12-31'), [{ ...works, from: '2015-10-20', until: '9999-12-31' }], null);
    assert.deepEqual([autumn.finding, judged(autumn)[0]], ['investigate', 'temp_max declared sudden']);
    for (const other of [{ ...works, features: ['wind'] }, { ...works, from: '2013-01-01', until: '2013-12-31' }]) assert.equal(decideDrift(analyse(newYork.rows, '2015-09-30'), [other], null).finding, 'investigate');
  });

  it('that comes at once is sudden and unexpected: one station\'s sensor sends the other one\'s readings', () => {
    const mixed = [...seattle.rows.filter(({ date }) => date < '2015-07-01'), ...newYork.rows.filter(({ date }) => date >= '2015-07-01')];
    const decision = decideDrift(analyse(mixed, '2015-09-28'), [], null);
    assert.equal(decision.finding, 'investigate');
    assert.ok(judged(decision).includes('temp_min unexpected sudden'), judged(decision).join());
  });

  it('is none where nothing moved', () => {
    const { features, ...analysis } = analyse(seattle.rows, '2015-09-30');
    assert.deepEqual(decideDrift({ ...analysis, features: features.filter(({ feature }) => feature === 'wind') }, [], null), { finding: 'none', features: [], reasoning: ['wind: no drift.'] });
  });

  it('that only the platform reports is taken at its word; what the readings do not have, nothing explains', () => {
    const reported = (...features: string[]): PlatformDriftReport => ({ uri: 'azureml://x', signal: 'data-drift', features: features.map((feature) => ({ feature, metric: 'PopulationStabilityIndex', value: 0.4, threshold: 0.2, drifted: true })) });
    const analysis = analyse(seattle.rows, '2015-09-30');
    const wind = decideDrift({ ...analysis, features: analysis.features.filter(({ feature }) => feature === 'wind') }, [], reported('wind'));
    assert.deepEqual([wind.finding, judged(wind)], ['retrain', ['wind season gradual']]);
    const humidity = decideDrift(analysis, [], reported('humidity'));
    assert.equal(humidity.finding, 'investigate');
    assert.match(humidity.reasoning.join(' '), /humidity drifted, says the platform's report; the readings do not have it/);
  });

  it('reads, for the reviewer, as a table with who decided, in less than a description has room for', () => {
    const analysis = analyse(seattle.rows, '2015-09-30');
    const decision = decideDrift(analysis, [], null);
    const text = analysisText({ analysis, decision, report: { reportUri: 'azureml://r/drift.html', plotUri: 'azureml://r/d.svg' }, investigation: null, newCutoff: '2015-09-30' });
    assert.match(text, /^\*\*Drift\*\* of 2015-07-03 to 2015-09-30, against [^]*\| temp_max \| [\d.]+ \| [\d.]+ \| [\d.]+ \| -?[\d.]+ σ \| season, gradual \|[^]*\| no drift \|[^]*`cutoff_date` becomes 2015-09-30/);
    assert.ok(text.length < 1_500);
    assert.match(analysisText({ analysis, decision, report: null, investigation: { workflowId: 'investigateDegradation:P001:C001', by: ['alice'], reason: '', reportUri: null }, newCutoff: '2015-09-30' }), /alice decided that it is retrained/);
    assert.match(analysisText({ analysis, decision, report: null, investigation: { workflowId: 'investigateDegradation:P001:C001', by: [], reason: '', reportUri: null }, newCutoff: '2015-09-30' }), /no person has yet/);
  });
});
