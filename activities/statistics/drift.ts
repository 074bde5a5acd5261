/** What a model is fed with now, beside what it was fed with before: feature by feature. Pure. */
import type { DegradationThresholds, DriftReport, FeatureDrift } from '../../workflows/domain/degradation.ts';
import { addDays, daysBetween, daysUntil, isDay, yearBefore } from './calendar-days.ts';
import { findChange } from './change-point.ts';
import { distance, mean, shiftOf } from './distributions.ts';
import type { ReadingRow } from './readings-table.ts';

/** Days on either side that say what is usual for a day of the year. */
const around = 7;

interface Value {
  date: string;
  value: number;
}

type Terms = Pick<DegradationThresholds, 'psi' | 'ksP' | 'minimumRows' | 'driftDays'>;

/** Drift of each feature up to a day: the last `driftDays` days against the year before them, and against the same days a year earlier. */
export function measureDrift(rows: readonly ReadingRow[], features: readonly string[], asOf: string, terms: Terms): DriftReport {
  const span = daysUntil(asOf, terms.driftDays);
  const measured = features.map((feature) => ({ feature, values: valuesOf(rows, feature, asOf) }));
  const short = measured.filter(({ values }) => between(values, span).length < terms.minimumRows || between(values, yearOf(span.from)).length < terms.minimumRows);
  const enough = measured.filter((each) => !short.includes(each));
  const report = { ...span, features: enough.map(({ feature, values }) => featureDrift(feature, values, span, terms)) };
  if (enough.length === 0) return { state: 'too few', detail: features.length === 0 ? 'there is no feature to compare' : `no feature has ${terms.minimumRows} readings in ${span.from} to ${span.until} and in the year before`, ...report };
  return { state: 'measured', detail: short.length === 0 ? `${enough.length} features` : `${enough.length} features; too few readings of ${short.map(({ feature }) => feature).join(', ')}`, ...report };
}

function featureDrift(feature: string, values: readonly Value[], span: { from: string; until: string }, terms: Terms): FeatureDrift {
  const numbers = (within: { from: string; until: string }): number[] => between(values, within).map(({ value }) => value);
  const current = numbers(span);
  const [year, before] = [numbers(yearOf(span.from)), numbers({ from: yearBefore(span.from), until: yearBefore(span.until) })];
  const hasSeason = before.length >= terms.minimumRows;
  const baseline = distance(year, current, terms);
  const season = hasSeason ? distance(before, current, terms) : null;
  const drifted = baseline.drifted || (season?.drifted ?? false);
  return { feature, baseline, season, magnitude: shiftOf(hasSeason ? before : year, current), change: drifted ? changeOf(values, span) : null };
}

/** The change in what is unusual for the time of the year; null where no earlier year says what is usual. */
function changeOf(values: readonly Value[], span: { from: string; until: string }): FeatureDrift['change'] {
  const year = yearOf(span.from);
  const usual = usualByDay(values.filter(({ date }) => date < year.from));
  const series = between(values, { from: year.from, until: span.until }).flatMap(({ date, value }) => {
    const expected = usual.get(date.slice(5));
    return expected === undefined ? [] : [{ date, value: value - expected }];
  });
  const change = findChange(series.map(({ value }) => value));
  return change && { at: series[Math.min(change.index, series.length - 1)]!.date, kind: change.kind };
}

/** Mean of each day of the year with the days around it, over all the years given. */
function usualByDay(values: readonly Value[]): Map<string, number> {
  const nearby = new Map<string, number[]>();
  for (const { date, value } of values) {
    for (let shift = -around; shift <= around; shift += 1) {
      const day = addDays(date, shift).slice(5);
      const list = nearby.get(day) ?? [];
      list.push(value);
      nearby.set(day, list);
    }
  }
  return new Map([...nearby].map(([day, list]) => [day, mean(list)]));
}

/** The 365 days before a day. */
function yearOf(day: string): { from: string; until: string } {
  return daysUntil(addDays(day, -1), 365);
}

function between(values: readonly Value[], { from, until }: { from: string; until: string }): Value[] {
  return values.filter(({ date }) => date >= from && date <= until);
}

/** Finite readings up to a day; a day that is there twice counts once, so that a repeated delivery is no drift. */
function valuesOf(rows: readonly ReadingRow[], feature: string, asOf: string): Value[] {
  const byDay = new Map<string, number>();
  for (const { date, values } of rows) {
    const value = values[feature];
    if (isDay(date) && daysBetween(date, asOf) >= 0 && value !== undefined && Number.isFinite(value)) byDay.set(date, value);
  }
  return [...byDay].map(([date, value]) => ({ date, value }));
}
