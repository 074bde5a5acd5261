/** What a model is fed with now, beside what it was fed with before: feature by feature. Pure. */
import type { DegradationThresholds, DriftReport, FeatureDrift } from '../../workflows/domain/degradation.ts';
import type { DaySpan } from '../../workflows/domain/drift-retraining.ts';
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

/** The days that are judged, and those that they are held against. */
interface Spans {
  span: DaySpan;
  held: DaySpan;
}

type Terms = Pick<DegradationThresholds, 'psi' | 'ksP' | 'minimumRows' | 'driftDays'>;

/** What drift is held against, where it is not the year before, and the first day that is looked at. */
export interface HeldAgainst {
  baseline?: DaySpan;
  since?: string;
}

/** Drift of each feature up to a day: the last `driftDays` days against the baseline, which is the year before them, and against the same days a year earlier. */
export function measureDrift(rows: readonly ReadingRow[], features: readonly string[], asOf: string, terms: Terms, { baseline, since }: HeldAgainst = {}): DriftReport {
  const whole = daysUntil(asOf, terms.driftDays);
  const span = since !== undefined && since > whole.from ? { ...whole, from: since } : whole;
  const held = baseline ?? yearOf(span.from);
  const measured = features.map((feature) => ({ feature, values: valuesOf(rows, feature, asOf) }));
  const short = measured.filter(({ values }) => between(values, span).length < terms.minimumRows || between(values, held).length < terms.minimumRows);
  const enough = measured.filter((each) => !short.includes(each));
  const report = { ...span, features: enough.map(({ feature, values }) => featureDrift(feature, values, { span, held }, terms)) };
  if (enough.length === 0) return { state: 'too few', detail: features.length === 0 ? 'there is no feature to compare' : tooFew(measured.map(({ values }) => values), { span, held }, terms, baseline !== undefined), ...report };
  return { state: 'measured', detail: short.length === 0 ? `${enough.length} features` : `${enough.length} features; too few readings of ${short.map(({ feature }) => feature).join(', ')}`, ...report };
}

function tooFew(features: readonly Value[][], { span, held }: Spans, { minimumRows }: Terms, isGiven: boolean): string {
  const most = (within: DaySpan): number => Math.max(...features.map((values) => between(values, within).length));
  return `no feature has ${minimumRows} readings in ${span.from} to ${span.until} (at most ${most(span)}) and in the ${isGiven ? 'baseline' : 'year before'}, ${held.from} to ${held.until} (at most ${most(held)})`;
}

function featureDrift(feature: string, values: readonly Value[], { span, held }: Spans, terms: Terms): FeatureDrift {
  const numbers = (within: DaySpan): number[] => between(values, within).map(({ value }) => value);
  const current = numbers(span);
  const [year, before] = [numbers(held), numbers({ from: yearBefore(span.from), until: yearBefore(span.until) })];
  const hasSeason = before.length >= terms.minimumRows;
  const baseline = distance(year, current, terms);
  const season = hasSeason ? distance(before, current, terms) : null;
  const drifted = baseline.drifted || (season?.drifted ?? false);
  return { feature, baseline, season, magnitude: shiftOf(hasSeason ? before : year, current), change: drifted ? changeOf(values, span) : null };
}

/** The change in what is unusual for the time of the year; null where no earlier year says what is usual. */
function changeOf(values: readonly Value[], span: DaySpan): FeatureDrift['change'] {
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
export function yearOf(day: string): DaySpan {
  return daysUntil(addDays(day, -1), 365);
}

function between(values: readonly Value[], { from, until }: DaySpan): Value[] {
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
