/** The statistics against values worked out by hand, and by properties that hold for any sample. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addDays, daysBetween, isDay, windowsUntil, yearBefore } from '../../../activities/statistics/calendar-days.ts';
import { findChange } from '../../../activities/statistics/change-point.ts';
import { distance, kolmogorovSmirnov, populationStabilityIndex, psiByChance, shiftOf } from '../../../activities/statistics/distributions.ts';
import { errorFigures, joinByDay } from '../../../activities/statistics/prediction-errors.ts';

const near = (actual: number, expected: number, within = 1e-6) => assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
const sample = fc.array(fc.double({ min: -1_000, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 60 });
const day = fc.integer({ min: 0, max: 20_000 }).map((days) => addDays('2000-01-01', days));

describe('Kolmogorov–Smirnov', () => {
  it('has the values worked out by hand', () => {
    assert.equal(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6]).d, 0.5);
    assert.equal(kolmogorovSmirnov([1, 1, 1], [1, 1]).d, 0);
    assert.equal(kolmogorovSmirnov([1, 2], [10, 20, 30]).d, 1);
    assert.throws(() => kolmogorovSmirnov([], [1]), RangeError);
  });

  it('has the probabilities of Kolmogorov\'s table: 5 % at λ = 1.358, 1 % at λ = 1.628', () => {
    for (const [lambda, p] of [[1.358, 0.05], [1.628, 0.01]] as const) {
      const count = 200_000;
      // λ ≈ √(n/2) · D for two samples of n, so that a sample shifted by D of its range has that λ.
      const d = lambda / Math.sqrt(count / 2);
      const left = Array.from({ length: count }, (_, index) => index);
      near(kolmogorovSmirnov(left, left.map((value) => value + Math.round(d * count))).p, p, 1e-3);
    }
  });

  it('is symmetric, between 0 and 1, 0 for the same sample, and does not change under a monotone map', () => fc.assert(fc.property(sample, sample, (left, right) => {
    const { d, p } = kolmogorovSmirnov(left, right);
    assert.ok(d >= 0 && d <= 1 && p >= 0 && p <= 1);
    const other = kolmogorovSmirnov(right, left);
    near(other.d, d, 1e-12);
    near(other.p, p, 1e-12);
    assert.equal(kolmogorovSmirnov(left, left).d, 0);
    const doubled = (values: number[]) => values.map((value) => 2 * value); // exact in binary, so that no two values become one
    near(kolmogorovSmirnov(doubled(left), doubled(right)).d, d, 1e-12);
  })));
});

describe('population stability index', () => {
  it('is 0 for the same sample, never negative, finite also where a bin is empty, and the order of readings does not matter', () => fc.assert(fc.property(sample, sample, (baseline, current) => {
    near(populationStabilityIndex(baseline, baseline).psi, 0, 1e-9);
    const { psi, bins } = populationStabilityIndex(baseline, current);
    assert.ok(psi >= -1e-12 && Number.isFinite(psi) && bins >= 1 && bins <= 10);
    near(populationStabilityIndex([...baseline].reverse(), [...current].reverse()).psi, psi, 1e-9);
  })));

  it('of two bins is what the formula gives', () => {
    // Ten zeros and ten ones: one edge at 1 (equal edges are one), so bins of 10 and 10; with half a reading in each, (10.5, 10.5)/21 against (5.5, 15.5)/21.
    const baseline = [...Array<number>(10).fill(0), ...Array<number>(10).fill(1)];
    const current = [...Array<number>(5).fill(0), ...Array<number>(15).fill(1)];
    const { psi, bins } = populationStabilityIndex(baseline, current);
    // The lowest edge is 0 itself: nothing lies below it, in either sample.
    const shares = [[0.5, 10.5, 10.5], [0.5, 5.5, 15.5]].map((counts) => counts.map((count) => count / 21.5)) as [number[], number[]];
    assert.equal(bins, 3);
    near(psi, shares[0].reduce((sum, share, index) => sum + (shares[1][index]! - share) * Math.log(shares[1][index]! / share), 0));
  });

  it('is by chance the smaller the more rows there are: χ²(9) at 99.9 % is 27.88, which the approximation meets within 1 %', () => {
    near(psiByChance(10, 100, 100) / (2 / 100), 27.88, 0.28);
    assert.ok(psiByChance(10, 1_000, 1_000) < psiByChance(10, 30, 30));
  });
});

describe('drift of a feature', () => {
  const thresholds = { psi: 0.25, ksP: 0.001 };
  const spread = (count: number, shift = 0) => Array.from({ length: count }, (_, index) => Math.sin(index * 12.9898) * 10 + shift);

  it('is seen in a shifted sample, not in the same one, and not where a handful of rows prove nothing', () => {
    assert.equal(distance(spread(365), spread(90, 15), thresholds).drifted, true);
    assert.equal(distance(spread(365), spread(90), thresholds).drifted, false);
    assert.equal(distance(spread(5), spread(5, 15), thresholds).drifted, false);
  });

  it('has the shift of the mean in standard deviations, and no infinity for a sensor that never moved', () => {
    near(shiftOf([0, 2, 0, 2], [3, 3]), 2);
    assert.equal(shiftOf([1, 1], [1, 1]), 0);
    assert.equal(shiftOf([1, 1], [2, 2]), 1_000);
  });
});

describe('change point', () => {
  const noise = (index: number) => Math.sin(index * 78.233) * 0.5;

  it('finds a step where it is, as sudden', () => fc.assert(fc.property(fc.integer({ min: 40, max: 260 }), fc.double({ min: 3, max: 50, noNaN: true }), (at, size) => {
    const change = findChange(Array.from({ length: 300 }, (_, index) => (index < at ? 0 : size) + noise(index)));
    assert.equal(change?.kind, 'sudden');
    assert.ok(Math.abs(change.index - at) <= 1, `${change.index} is not ${at}`);
  }), { numRuns: 25 }));

  it('finds a slow rise, as gradual', () => fc.assert(fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 120, max: 200 }), fc.double({ min: 5, max: 50, noNaN: true }), (from, length, size) => {
    const change = findChange(Array.from({ length: 300 }, (_, index) => size * Math.min(1, Math.max(0, (index - from) / length)) + noise(index)));
    assert.equal(change?.kind, 'gradual');
  }), { numRuns: 25 }));

  it('finds none in a level series, in a short one, and in noise', () => {
    assert.equal(findChange(Array<number>(100).fill(3)), null);
    assert.equal(findChange([1, 2, 3]), null);
    assert.equal(findChange(Array.from({ length: 300 }, (_, index) => noise(index * 7))), null);
  });
});

describe('errors of predictions', () => {
  it('are those worked out by hand; a day without a reading other than zero has no percentage', () => {
    const days = joinByDay(new Map([['2015-01-02', 3], ['2015-01-01', 1], ['2015-01-03', 9], ['2015-01-04', Number.NaN]]), new Map([['2015-01-01', 2], ['2015-01-02', 0], ['2015-01-04', 1]]));
    assert.deepEqual(days.map(({ date }) => date), ['2015-01-01', '2015-01-02']);
    assert.deepEqual(errorFigures(days), { rows: 2, mae: 2, rmse: Math.sqrt(5), mape: 0.5, mapeRows: 1 });
    assert.deepEqual(errorFigures([]), { rows: 0, mae: null, rmse: null, mape: null, mapeRows: 0 });
  });

  it('never have a MAE above the RMSE, and grow with the units', () => fc.assert(fc.property(fc.array(fc.record({ predicted: fc.double({ min: -100, max: 100, noNaN: true }), actual: fc.double({ min: -100, max: 100, noNaN: true }) }), { minLength: 1 }), (pairs) => {
    const days = pairs.map((pair) => ({ date: '2015-01-01', ...pair }));
    const { mae, rmse } = errorFigures(days);
    assert.ok(mae! >= 0 && mae! <= rmse! + 1e-9);
    near(errorFigures(days.map(({ date, predicted, actual }) => ({ date, predicted: 2 * predicted, actual: 2 * actual }))).mae!, 2 * mae!, 1e-9);
  })));
});

describe('windows', () => {
  it('are months that end with the day, also at the ends of months', () => {
    assert.deepEqual(windowsUntil('2015-12-31', 'month', 3), [{ from: '2015-10-01', until: '2015-10-31' }, { from: '2015-11-01', until: '2015-11-30' }, { from: '2015-12-01', until: '2015-12-31' }]);
    assert.deepEqual(windowsUntil('2016-03-15', 'month', 2), [{ from: '2016-01-16', until: '2016-02-15' }, { from: '2016-02-16', until: '2016-03-15' }]);
    assert.deepEqual(windowsUntil('2015-03-14', 'week', 1), [{ from: '2015-03-08', until: '2015-03-14' }]);
    assert.equal(yearBefore('2016-02-29'), '2015-02-28');
    for (const text of ['2015-02-30', '2015-1-1', 'x', '2015-13-01']) assert.equal(isDay(text), false);
  });

  it('follow one another without a gap, none is empty, and the last ends with the day', () => fc.assert(fc.property(day, fc.constantFrom('week' as const, 'month' as const), fc.integer({ min: 1, max: 24 }), (until, length, count) => {
    const windows = windowsUntil(until, length, count);
    assert.equal(windows.length, count);
    assert.equal(windows.at(-1)!.until, until);
    windows.forEach((window, index) => {
      assert.ok(daysBetween(window.from, window.until) >= 6);
      if (index > 0) assert.equal(window.from, addDays(windows[index - 1]!.until, 1));
    });
  })));
});
