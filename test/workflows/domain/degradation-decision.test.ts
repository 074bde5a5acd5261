import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { causeCard } from '../../../workflows/domain/degradation-card.ts';
import { decideCause, judgeDrift, judgeErrors, leftToPerson } from '../../../workflows/domain/degradation-decision.ts';
import { degradationThresholds as thresholds, type DataFinding, type DegradationEvidence, type Distance, type FeatureDrift, type PerformanceState } from '../../../workflows/domain/degradation.ts';

const span = { from: '2015-12-01', until: '2015-12-31' };
const errors = (mae: number | null, rows = 31) => ({ rows, mae, rmse: mae, mape: null, mapeRows: 0 });
const distance = (drifted: boolean): Distance => ({ rows: 90, ks: 0.4, ksP: 1e-6, psi: drifted ? 0.9 : 0.1, psiByChance: 0.6, drifted });
const feature = (baseline: boolean, season: boolean | null): FeatureDrift => ({ feature: 'temp_max', baseline: distance(baseline), season: season === null ? null : distance(season), magnitude: 1, change: null });
const fault = (grave: boolean): DataFinding => ({ fault: 'gap', detail: 'days have no reading', days: 2, grave });

interface Situation {
  state?: PerformanceState;
  now?: number;
  year?: number | null;
  season?: number | null;
  holdout?: number | null;
  features?: FeatureDrift[];
  findings?: DataFinding[];
  driftState?: 'measured' | 'too few';
}

function evidence({ state = 'measured', now = 2, year = 2, season = 2, holdout = 2, features = [feature(false, false)], findings = [], driftState = 'measured' }: Situation = {}): DegradationEvidence {
  return {
    serving: '1', holdoutMae: holdout, predictions: null,
    performance: { state, detail: `state ${state}`, current: { ...span, ...errors(state === 'measured' ? now : null) }, baseline: errors(year, year === null ? 0 : 334), season: errors(season, season === null ? 0 : 31), trend: [{ ...span, ...errors(now) }] },
    data: { ...span, rows: 90, newest: span.until, findings },
    drift: { state: driftState, detail: `drift ${driftState}`, ...span, features: driftState === 'measured' ? features : [] },
  };
}

const cause = (situation: Situation) => {
  const { finding, leaning } = decideCause(evidence(situation), thresholds);
  return leaning === null ? finding : `${finding}, ${leaning}`;
};
const drift = [feature(true, true)];

describe('the cause of worse predictions', () => {
  const table: [Situation, string, string][] = [
    [{}, 'nothing', 'all is as it was'],
    [{ features: [feature(true, false)] }, 'nothing', 'the season explains the drift'],
    [{ now: 3, features: drift, findings: [fault(true)] }, 'data', 'grave faults come before everything'],
    [{ findings: [fault(true)], state: 'no actuals' }, 'data', 'also before missing figures'],
    [{ now: 3, features: drift }, 'drift', 'errors and inputs changed'],
    [{ now: 3 }, 'model', 'only the errors changed, and the data are clean'],
    [{ now: 3, findings: [fault(false)] }, 'inconclusive, rollBackModel', 'small faults leave a doubt'],
    [{ now: 3, driftState: 'too few' }, 'inconclusive, rollBackModel', 'drift is not known'],
    [{ state: 'no actuals' }, 'inconclusive, wait', 'nothing has been measured yet'],
    [{ state: 'too few', features: drift }, 'inconclusive, retrainOnDrift', 'errors not known, inputs changed'],
    [{ state: 'no predictions' }, 'inconclusive, wait', 'nothing was predicted'],
    [{ features: drift }, 'inconclusive, retrainOnDrift', 'inputs changed, errors have not grown yet'],
    [{ now: 3, season: 2.9 }, 'nothing', 'a year ago it was the same'],
    [{ now: 3, year: 2.9, holdout: 2.9 }, 'inconclusive, wait', 'worse than a year ago only'],
    [{ now: 3, season: null, holdout: 2.9 }, 'inconclusive, wait', 'references disagree without a season'],
    [{ now: 3, season: null }, 'model', 'all that is known agrees'],
    [{ now: 5, season: 4.9, year: 4.9 }, 'model', 'never as good as its training promised: one reference by far'],
    [{ year: null, season: null, holdout: null }, 'inconclusive, wait', 'nothing to hold it against'],
    [{ now: 3, features: [feature(true, null)] }, 'drift', 'no earlier season: the baseline decides'],
  ];
  for (const [situation, expected, why] of table) it(`${expected}: ${why}`, () => assert.equal(cause(situation), expected));

  it('comes with the rules that were looked at, each with what it saw; the last one decided', () => {
    const { reasoning } = decideCause(evidence({ now: 3, features: drift }), thresholds);
    assert.deepEqual(reasoning, [
      'The data are at fault: no. nothing grave in 90 rows.',
      'The errors are not known: no. MAE 3 against 2 of the year before: +50.0 %; MAE 3 against 2 of the same season a year ago: +50.0 %; MAE 3 against 2 of the hold-out rows of its training: +50.0 %.',
      'The errors grew, and what the model is fed with changed: yes. the errors grew; temp_max moved by 1 standard deviations.',
    ]);
  });

  it('is named for any figures: one rule decides, and grave faults always win', () => {
    const mae = fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null });
    const situations = fc.record({ state: fc.constantFrom<PerformanceState>('measured', 'no predictions', 'no actuals', 'too few'), now: fc.double({ min: 0, max: 100, noNaN: true }), year: mae, season: mae, holdout: mae, features: fc.array(fc.tuple(fc.boolean(), fc.constantFrom(true, false, null)).map(([left, right]) => feature(left, right)), { maxLength: 4 }), findings: fc.array(fc.boolean().map(fault), { maxLength: 3 }), driftState: fc.constantFrom('measured' as const, 'too few' as const) });
    fc.assert(fc.property(situations, (situation) => {
      const { finding, leaning, reasoning } = decideCause(evidence(situation), thresholds);
      assert.equal(finding === 'data', situation.findings.some(({ grave }) => grave));
      assert.equal(leaning !== null, finding === 'inconclusive');
      assert.equal(reasoning.filter((rule) => rule.includes(': yes. ')).length, 1);
      assert.match(reasoning.at(-1)!, /: yes\. /);
    }));
  });

  it('never becomes graver when the errors fall', () => {
    const verdicts = ['steady', 'seasonal', 'mixed', 'degraded'];
    fc.assert(fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), fc.double({ min: 0.1, max: 1, noNaN: true }), (now, share) => {
      const rank = (value: number) => verdicts.indexOf(judgeErrors(evidence({ now: value }), thresholds).errors);
      assert.ok(rank(now * share) <= rank(now));
    }));
  });

  it('tells what the season explains from what it does not', () => {
    const { unexpected, seasonal } = judgeDrift([feature(true, false), feature(true, true), feature(false, true), feature(true, null), feature(false, false)]);
    assert.deepEqual([unexpected.length, seasonal.length], [3, 1]);
  });

  it('is asked for with one next step, and never without a reason', () => {
    const asked: [Situation, RegExp][] = [[{ features: drift }, /^Start retrainOnDrift for P001\/C001\?$/], [{ now: 3, findings: [fault(false)] }, /^Start rollBackModel/], [{ state: 'no actuals' }, /^Leave P001\/C001 as it is/]];
    for (const [situation, question] of asked) {
      const known = evidence(situation);
      const card = causeCard({ plant: 'P001', circuit: 'C001' }, { evidence: known, decision: decideCause(known, thresholds), reportUri: null });
      assert.match(card.question, question);
      assert.match(card.recommendation, /^look closely: /);
      assert.doesNotMatch(card.recommendation, /: yes\./, 'the row that decided is not asked about');
      assert.ok(card.facts.length >= 4 && card.facts.every((fact) => !/NaN|undefined|null/.test(fact)));
    }
  });
});

describe('an investigation that another runbook asks for', () => {
  const askedBy = { workflowId: 'retrainOnDrift:P001:C001', reason: 'temp_max moved.' };
  const asked = (situation: Situation) => leftToPerson(decideCause(evidence(situation), thresholds), askedBy);

  it('leaves it to a person, whatever the evidence says, and says who asks', () => {
    for (const [situation, leaning] of [[{ now: 3, features: drift }, 'retrainOnDrift'], [{}, 'retrainOnDrift'], [{ state: 'no predictions' }, 'retrainOnDrift'], [{ now: 3, driftState: 'too few' }, 'rollBackModel']] as const) {
      const decision = asked(situation);
      assert.deepEqual([decision.finding, decision.leaning, decision.reasoning.at(-1)], ['inconclusive', leaning, 'retrainOnDrift:P001:C001 asks: a person decides. temp_max moved.']);
    }
  });

  it('still mends faulty data first, and lets a rollback wait for nobody', () => {
    assert.equal(asked({ now: 3, features: drift, findings: [fault(true)] }).finding, 'data');
    assert.equal(asked({ now: 3 }).finding, 'model');
  });
});
