/** When a series changed, and whether at once or little by little. Pure. */
import { mean } from './distributions.ts';

/** Below this share of the series' variance a change explains too little to be one. */
const leastExplained = 0.1;
/** A change this near to the series' ends cannot be told from noise. */
const leastSide = 10;

export interface Change {
  /** Index of the first value after the change; of a gradual one, of its middle. */
  index: number;
  kind: 'sudden' | 'gradual';
  /** Share of the variance that it explains, 0 to 1. */
  explained: number;
}

/**
 * Fits one step and one ramp (level, straight slope, level) by least squares: the better one says what kind of change it was. A ramp has one more parameter and must therefore be
 * clearly better: by a twentieth of what is left. Null where the series is shorter than twice ten values, or where neither explains a tenth of its variance.
 */
export function findChange(series: readonly number[]): Change | null {
  if (series.length < 2 * leastSide) return null;
  const total = squares(series);
  if (total === 0) return null;
  const sums = prefixSums(series);
  let step = { left: total, index: 0 };
  for (let index = leastSide; index <= series.length - leastSide; index += 1) {
    const left = segment(sums, 0, index) + segment(sums, index, series.length);
    if (left < step.left) step = { left, index };
  }
  const ramp = bestRamp(series, total);
  const best = ramp.left < step.left * 0.95 ? { left: ramp.left, index: Math.round((ramp.from + ramp.until) / 2), kind: 'gradual' as const } : { ...step, kind: 'sudden' as const };
  const explained = 1 - best.left / total;
  return explained < leastExplained ? null : { index: best.index, kind: best.kind, explained };
}

/** Ramps that take at least a sixth of the series, on a grid: finer ones are steps for all that a person would do about them. */
function bestRamp(series: readonly number[], total: number): { left: number; from: number; until: number } {
  const grid = Math.max(1, Math.floor(series.length / 36));
  const shortest = Math.max(leastSide, Math.floor(series.length / 6));
  let best = { left: total, from: 0, until: 0 };
  for (let from = 0; from + shortest <= series.length; from += grid) {
    for (let until = from + shortest; until <= series.length; until += grid) {
      const left = residual(series, (index) => Math.min(1, Math.max(0, (index - from) / (until - from))));
      if (left < best.left) best = { left, from, until };
    }
  }
  return best;
}

/** What a straight line through `shape` leaves of the series' squares. */
function residual(series: readonly number[], shape: (index: number) => number): number {
  const count = series.length;
  let [x, y, xx, xy, yy] = [0, 0, 0, 0, 0];
  series.forEach((value, index) => {
    const at = shape(index);
    x += at; y += value; xx += at * at; xy += at * value; yy += value * value;
  });
  const [spread, shared, whole] = [xx - (x * x) / count, xy - (x * y) / count, yy - (y * y) / count];
  return spread <= 0 ? whole : Math.max(0, whole - (shared * shared) / spread);
}

function prefixSums(series: readonly number[]): { sum: number[]; square: number[] } {
  const [sum, square] = [[0], [0]];
  for (const value of series) {
    sum.push(sum.at(-1)! + value);
    square.push(square.at(-1)! + value * value);
  }
  return { sum, square };
}

function segment({ sum, square }: { sum: number[]; square: number[] }, from: number, until: number): number {
  const total = sum[until]! - sum[from]!;
  return square[until]! - square[from]! - (total * total) / (until - from);
}

function squares(series: readonly number[]): number {
  const centre = mean(series);
  return series.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}
