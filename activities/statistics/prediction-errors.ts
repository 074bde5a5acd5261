/** Predictions beside what was measured: MAE, RMSE and MAPE over windows. Pure. */
import type { ErrorFigures, PerformanceReport, WindowLength } from '../../workflows/domain/degradation.ts';
import { addDays, windowsUntil, yearBefore } from './calendar-days.ts';

/** One day that was predicted and measured. */
export interface JoinedDay {
  date: string;
  predicted: number;
  actual: number;
}

/** Joins by day. A day without a finite prediction or actual is left out. */
export function joinByDay(predictions: ReadonlyMap<string, number>, actuals: ReadonlyMap<string, number>): JoinedDay[] {
  return [...predictions].flatMap(([date, predicted]) => {
    const actual = actuals.get(date);
    return actual !== undefined && Number.isFinite(actual) && Number.isFinite(predicted) ? [{ date, predicted, actual }] : [];
  }).sort((left, right) => (left.date < right.date ? -1 : 1));
}

/** Errors of a list of days. MAPE is over the days whose actual is not zero: a dry day has no percentage. */
export function errorFigures(days: readonly JoinedDay[]): ErrorFigures {
  const errors = days.map(({ predicted, actual }) => predicted - actual);
  const shares = days.flatMap(({ predicted, actual }) => (actual === 0 ? [] : [Math.abs((predicted - actual) / actual)]));
  return { rows: days.length, mae: mean(errors.map(Math.abs)), rmse: root(mean(errors.map((error) => error ** 2))), mape: mean(shares), mapeRows: shares.length };
}

/** How the predictions did up to a day. What lies after it is not looked at. */
export function measurePerformance(predictions: ReadonlyMap<string, number>, actuals: ReadonlyMap<string, number>, { asOf, window, windows, minimumRows }: { asOf: string; window: WindowLength; windows: number; minimumRows: number }): PerformanceReport {
  const joined = joinByDay(predictions, actuals);
  const within = (from: string, until: string): ErrorFigures => errorFigures(joined.filter(({ date }) => date >= from && date <= until));
  const trend = windowsUntil(asOf, window, windows).map((span) => ({ ...span, ...within(span.from, span.until) }));
  const current = trend.at(-1)!;
  const report = {
    current,
    baseline: within(addDays(yearBefore(asOf), 1), addDays(current.from, -1)),
    season: within(yearBefore(current.from), yearBefore(current.until)),
    trend,
  };
  const predicted = [...predictions.keys()].filter((day) => day >= current.from && day <= current.until).length;
  const span = `${current.from} to ${current.until}`;
  if (predictions.size === 0) return { state: 'no predictions', detail: 'nothing has been predicted', ...report };
  if (current.rows === 0) return predicted === 0 ? { state: 'no predictions', detail: `nothing was predicted for ${span}`, ...report } : { state: 'no actuals', detail: `${predicted} days of ${span} were predicted and none of them has been measured yet`, ...report };
  if (current.rows < minimumRows) return { state: 'too few', detail: `${current.rows} of ${predicted} predictions for ${span} have an actual; ${minimumRows} are needed`, ...report };
  return { state: 'measured', detail: `${current.rows} days of ${span}`, ...report };
}

/** What there is to say where nothing was predicted at all. */
export function noPerformance(detail: string, terms: { asOf: string; window: WindowLength; windows: number; minimumRows: number }): PerformanceReport {
  return { ...measurePerformance(new Map(), new Map(), terms), detail };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function root(value: number | null): number | null {
  return value === null ? null : Math.sqrt(value);
}
