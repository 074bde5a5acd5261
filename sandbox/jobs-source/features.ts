import { COLUMNS } from './readings.ts';
import type { Column, Reading } from './readings.ts';

/** How many past days of the predicted column itself are features. */
const LAGS = 3;
const DAY_MS = 86_400_000;

/** One day to predict: what was known the evening before, and what was then measured. */
export interface Example {
  /** The predicted day, `YYYY-MM-DD`. */
  date: string;
  features: number[];
  target: number;
}

/** The names of an example's features, in order; kept in the model file. */
export function featureNames(column: Column): string[] {
  return [
    ...Array.from({ length: LAGS }, (_, lag) => `${column}[-${lag + 1}]`),
    ...COLUMNS.filter((other) => other !== column).map((other) => `${other}[-1]`),
    'season_sin',
    'season_cos',
  ];
}

/**
 * Builds one example for each reading that has the {@link LAGS} days before it without a gap.
 * The features of a day never contain anything measured on that day.
 */
export function buildExamples(readings: Reading[], column: Column): Example[] {
  return readings.flatMap((reading, index) => {
    const past = readings.slice(Math.max(0, index - LAGS), index).reverse();
    return isUnbroken(reading, past) ? [toExample(reading, past, column)] : [];
  });
}

function isUnbroken(reading: Reading, past: Reading[]): boolean {
  return past.length === LAGS && past.every((day, lag) => Date.parse(reading.date) - Date.parse(day.date) === (lag + 1) * DAY_MS);
}

function toExample(reading: Reading, past: Reading[], column: Column): Example {
  const yesterday = past[0] as Reading;
  const season = (2 * Math.PI * dayOfYear(reading.date)) / 365.25;
  const features = [
    ...past.map((day) => day.values[column]),
    ...COLUMNS.filter((other) => other !== column).map((other) => yesterday.values[other]),
    Math.sin(season),
    Math.cos(season),
  ];
  return { date: reading.date, features, target: reading.values[column] };
}

function dayOfYear(date: string): number {
  return (Date.parse(date) - Date.parse(`${date.slice(0, 4)}-01-01`)) / DAY_MS;
}
