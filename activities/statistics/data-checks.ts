/** What is wrong with a circuit's readings: lateness, gaps, missing cells, repeated days, impossible values, a sensor that stands still. Pure. */
import type { DataFinding, DataReport, DegradationThresholds } from '../../workflows/domain/degradation.ts';
import { figure } from '../../workflows/domain/figures.ts';
import { addDays, daysBetween, isDay } from './calendar-days.ts';
import type { ReadingRow, ReadingsTable } from './readings-table.ts';

/** A sensor may show the same value for so many days, or for twice as long as it ever did before. */
const leastStuck = 7;
/** By how much of its former range a value may leave it. */
const beyond = 0.5;
const most = 3;

export interface DataCheckTerms extends Pick<DegradationThresholds, 'lateDays' | 'faultyShare' | 'minimumRows'> {
  station: string;
  /** Columns that must be there: the sensor's own and the model's features. */
  features: readonly string[];
  /** First day that is checked; what came before it says what is usual. */
  from: string;
  asOf: string;
}

/** Checks the readings of one station from a day to another. */
export function checkReadings(table: ReadingsTable, terms: DataCheckTerms): DataReport {
  const { from, asOf, station } = terms;
  const absent = terms.features.filter((feature) => !table.columns.includes(feature));
  const features = terms.features.filter((feature) => !absent.includes(feature));
  const dated = table.rows.filter(({ date }) => isDay(date));
  const known = dated.filter(({ date }) => date <= asOf);
  const rows = known.filter(({ date }) => date >= from);
  const earlier = known.filter(({ date }) => date < from);
  const newest = known.at(-1)?.date ?? null;
  const share = daysBetween(from, asOf) + 1;
  const isGrave = (days: number): boolean => days > terms.faultyShare * share;
  const found = (fault: DataFinding['fault'], days: number, detail: string, grave = isGrave(days)): DataFinding[] => (days > 0 ? [{ fault, days, detail, grave }] : []);

  const missingOn = (days: number, feature: string): DataFinding[] => found('missing', days, `${feature} is missing or no number on ${days} of ${rows.length} days`);

  if (table.rows.length === 0) return { from, until: asOf, rows: 0, newest: null, findings: found('station', 1, table.stations.length === 0 ? 'the readings are empty' : `the readings have no row of ${station}; they know ${table.stations.slice(0, 5).join(', ')}`, true) };

  const late = newest === null ? share : daysBetween(newest, asOf);
  const gaps = gapsOf(rows, from, newest !== null && newest >= from ? newest : addDays(from, -1));
  const repeated = rows.length - new Set(rows.map(({ date }) => date)).size;
  const findings = [
    ...found('schema', absent.length, `column ${absent.slice(0, 5).join(', ')} is missing; there are ${table.columns.slice(0, 10).join(', ')}`, true),
    ...found('schema', table.rows.length - dated.length, `${table.rows.length - dated.length} rows have no date of the form YYYY-MM-DD`),
    ...(late > terms.lateDays ? found('late', late, newest === null ? `there is no reading up to ${asOf}` : `the newest reading is of ${newest}: ${late} days late at ${asOf}`, true) : []),
    ...found('gap', gaps.days, `${gaps.days} of ${share} days have no reading (${listed(gaps.spans)})`),
    ...found('duplicate', repeated, `${repeated} days are there twice`),
    ...features.flatMap((feature) => [
      ...missingOn(missingCells(feature, rows), feature),
      ...(earlier.length < terms.minimumRows ? [] : outOfRange(feature, rows, earlier).flatMap(({ days, detail }) => found('range', days, detail))),
      ...stuck(feature, rows, earlier).flatMap(({ days, detail }) => found('stuck', days, detail)),
    ]),
  ];
  return { from, until: asOf, rows: rows.length, newest, findings: findings.slice(0, 20) };
}

function gapsOf(rows: readonly ReadingRow[], from: string, until: string): { days: number; spans: string[] } {
  const there = new Set(rows.map(({ date }) => date));
  const spans: { from: string; until: string }[] = [];
  let days = 0;
  for (let day = from; day <= until; day = addDays(day, 1)) {
    if (there.has(day)) continue;
    days += 1;
    const open = spans.at(-1);
    if (open && addDays(open.until, 1) === day) open.until = day;
    else spans.push({ from: day, until: day });
  }
  return { days, spans: spans.map((span) => (span.from === span.until ? span.from : `${span.from} to ${span.until}`)) };
}

function missingCells(feature: string, rows: readonly ReadingRow[]): number {
  return rows.filter(({ values }) => !Number.isFinite(values[feature])).length;
}

/** What never was negative does not become so; otherwise a value may leave the former range by half of that range. */
function outOfRange(feature: string, rows: readonly ReadingRow[], earlier: readonly ReadingRow[]): { days: number; detail: string }[] {
  const before = earlier.map(({ values }) => values[feature]!).filter(Number.isFinite);
  if (before.length === 0) return [];
  const [low, high] = before.reduce<[number, number]>(([least, greatest], value) => [Math.min(least, value), Math.max(greatest, value)], [Infinity, -Infinity]);
  const least = low >= 0 ? 0 : low - beyond * (high - low);
  const greatest = high + beyond * (high - low);
  const beyondIt = rows.filter(({ values }) => Number.isFinite(values[feature]) && (values[feature]! < least || values[feature]! > greatest));
  return [{ days: beyondIt.length, detail: `${feature} is outside ${figure(least)} to ${figure(greatest)} on ${beyondIt.length} days (${listed(beyondIt.map(({ date, values }) => `${date}: ${figure(values[feature])}`))})` }];
}

function stuck(feature: string, rows: readonly ReadingRow[], earlier: readonly ReadingRow[]): { days: number; detail: string }[] {
  const run = longestRun(feature, rows);
  const usual = longestRun(feature, earlier);
  if (run.days <= Math.max(leastStuck, 2 * usual.days)) return [];
  return [{ days: run.days, detail: `${feature} shows ${figure(run.value)} for ${run.days} days, from ${run.from}` }];
}

function longestRun(feature: string, rows: readonly ReadingRow[]): { days: number; from: string; value: number } {
  let [best, open] = [{ days: 0, from: '', value: Number.NaN }, { days: 0, from: '', value: Number.NaN }];
  for (const { date, values } of rows) {
    const value = values[feature] ?? Number.NaN;
    if (!Number.isFinite(value)) open = { days: 0, from: '', value: Number.NaN };
    else open = value === open.value ? { ...open, days: open.days + 1 } : { days: 1, from: date, value };
    if (open.days > best.days) best = open;
  }
  return best;
}

function listed(items: readonly string[]): string {
  return `${items.slice(0, most).join(', ')}${items.length > most ? ` and ${items.length - most} more` : ''}`;
}
