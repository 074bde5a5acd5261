import { parse } from 'csv-parse/sync';

/** The measured columns of the weather file, in the order in which they become features. */
export const COLUMNS = ['temp_max', 'temp_min', 'wind', 'precipitation'] as const;
export type Column = (typeof COLUMNS)[number];

/** One day's readings of one station: degrees Celsius, metres per second, millimetres. */
export interface Reading {
  /** ISO date, `YYYY-MM-DD`. */
  date: string;
  values: Record<Column, number>;
}

export interface StationReadings {
  /** In order of date. */
  readings: Reading[];
  /** Rows of the station that were left out because a value or the date was missing or not a number. */
  dropped: number;
}

export function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name);
}

/**
 * Reads the rows of one station from the text of a CSV file with the columns
 * `location,date,precipitation,temp_max,temp_min,wind`.
 *
 * Throws when the file has no row of that station.
 */
export function readStation(csv: string, location: string): StationReadings {
  const rows: Record<string, string>[] = parse(csv, { columns: true, skip_empty_lines: true, relax_column_count: true });
  const ofStation = rows.filter((row) => row['location'] === location);
  if (ofStation.length === 0) throw new Error(`the data has no row of the location "${location}"`);
  const readings = ofStation.map(toReading).filter((reading) => reading !== undefined);
  readings.sort((a, b) => a.date.localeCompare(b.date));
  return { readings, dropped: ofStation.length - readings.length };
}

function toReading(row: Record<string, string>): Reading | undefined {
  const date = row['date'] ?? '';
  const values = Object.fromEntries(COLUMNS.map((column) => [column, toNumber(row[column])])) as Record<Column, number>;
  const complete = /^\d{4}-\d{2}-\d{2}$/.test(date) && Object.values(values).every(Number.isFinite);
  return complete ? { date, values } : undefined;
}

/** An empty cell is a missing value, not zero. */
function toNumber(cell: string | undefined): number {
  return cell === undefined || cell.trim() === '' ? Number.NaN : Number(cell);
}
