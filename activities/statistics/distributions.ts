/**
 * Two samples of one feature: Kolmogorov–Smirnov, population stability index, change of mean. Pure.
 *
 * Written here because no installed package has them: `ml-matrix` and `ml-array-*` are linear algebra and scaling; simple-statistics has no two-sample Kolmogorov–Smirnov test, and a
 * port of SciPy or R is not among the dependencies. Both are a dozen lines, tested against values worked out by hand and by properties.
 */
import type { Distance } from '../../workflows/domain/degradation.ts';

const bins = 10;
/** A bin in which nothing lies would make the index infinite: half a reading is put into each bin instead. */
const half = 0.5;

/** Largest distance between the two empirical distribution functions, and its asymptotic probability under "the same distribution" (with Stephens' correction for small samples). */
export function kolmogorovSmirnov(left: readonly number[], right: readonly number[]): { d: number; p: number } {
  if (left.length === 0 || right.length === 0) throw new RangeError('a sample is empty');
  const [a, b] = [sorted(left), sorted(right)];
  let [i, j, d] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= at) i += 1; // equal readings are one step
    while (j < b.length && b[j]! <= at) j += 1;
    d = Math.max(d, Math.abs(i / a.length - j / b.length));
  }
  const effective = Math.sqrt((a.length * b.length) / (a.length + b.length));
  return { d, p: kolmogorovTail((effective + 0.12 + 0.11 / effective) * d) };
}

/** Population stability index of `current` against `baseline`, over bins that hold a tenth of the baseline each. Equal readings, such as many dry days, share a bin. */
export function populationStabilityIndex(baseline: readonly number[], current: readonly number[]): { psi: number; bins: number } {
  if (baseline.length === 0 || current.length === 0) throw new RangeError('a sample is empty');
  const ordered = sorted(baseline);
  const edges = [...new Set(Array.from({ length: bins - 1 }, (_, index) => ordered[Math.min(ordered.length - 1, Math.floor(((index + 1) * ordered.length) / bins))]!))];
  const shares = (sample: readonly number[]): number[] => {
    const counts = new Array<number>(edges.length + 1).fill(half);
    for (const value of sample) counts[edges.filter((edge) => value >= edge).length]! += 1;
    return counts.map((count) => count / (sample.length + half * counts.length));
  };
  const [was, is] = [shares(baseline), shares(current)];
  return { psi: was.reduce((sum, share, index) => sum + (is[index]! - share) * Math.log(is[index]! / share), 0), bins: edges.length + 1 };
}

/**
 * The index that chance alone exceeds once in a thousand: it is about χ²(bins − 1) · (1/n + 1/m) where nothing changed (Yurdakul 2018), so that a month's thirty readings easily
 * reach the customary 0.25. χ² by Wilson and Hilferty.
 */
export function psiByChance(binCount: number, baselineRows: number, currentRows: number): number {
  const degrees = Math.max(1, binCount - 1);
  const z = 3.09; // 99.9 %
  return degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3 * (1 / baselineRows + 1 / currentRows);
}

/** Whether a feature drifted: by magnitude (the index), and not by chance (both tests). */
export function distance(earlier: readonly number[], current: readonly number[], thresholds: { psi: number; ksP: number }): Distance {
  const { d, p } = kolmogorovSmirnov(earlier, current);
  const { psi, bins: binCount } = populationStabilityIndex(earlier, current);
  const chance = psiByChance(binCount, earlier.length, current.length);
  return { rows: earlier.length, ks: d, ksP: p, psi, psiByChance: chance, drifted: psi >= Math.max(thresholds.psi, chance) && p <= thresholds.ksP };
}

/** Difference of the means in standard deviations of the earlier sample; 0 where neither varies nor differs, and at most ±1,000. */
export function shiftOf(earlier: readonly number[], current: readonly number[]): number {
  const difference = mean(current) - mean(earlier);
  const deviation = Math.sqrt(mean(earlier.map((value) => (value - mean(earlier)) ** 2)));
  if (difference === 0) return 0;
  return Math.max(-1_000, Math.min(1_000, difference / deviation)); // a sensor that never moved has no deviation
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Probability that Kolmogorov's distribution exceeds λ. */
function kolmogorovTail(lambda: number): number {
  if (lambda < 0.2) return 1; // the series converges too slowly, and the value is 1 to twelve digits
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) {
    const term = 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
    sum += term;
    if (Math.abs(term) < 1e-12) break;
  }
  return Math.min(1, Math.max(0, sum));
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((left, right) => left - right);
}
