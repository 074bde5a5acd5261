/** The rows of one station in a file of readings, as they are: nothing is dropped or repaired, for that is what the data checks are about. */
import { parse } from 'csv-parse/sync';

export interface ReadingRow {
  /** As the file has it. */
  date: string;
  /** By column; not a number where the cell is empty or no number. */
  values: Record<string, number>;
}

export interface ReadingsTable {
  columns: string[];
  /** Stations that the file knows. */
  stations: string[];
  /** Of the station asked for, in the order of their dates. */
  rows: ReadingRow[];
}

/** Columns that say where and when, and never are a feature. */
const keys = ['location', 'date'];

/** @returns the complaint instead, where the text is no CSV with the columns `location` and `date` */
export function readReadings(csv: string, station: string): ReadingsTable | { problem: string } {
  let records: string[][];
  try {
    records = parse(csv, { skip_empty_lines: true, relax_column_count: true, trim: true, bom: true });
  } catch (error) {
    return { problem: `the readings are no CSV: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}` };
  }
  const [columns = [], ...cells] = records;
  const missing = keys.filter((key) => !columns.includes(key));
  if (missing.length > 0) return { problem: `the readings have no column ${missing.join(' and no column ')}; their header is "${columns.join(',').slice(0, 120)}"` };
  const [location, date] = keys.map((key) => columns.indexOf(key)) as [number, number];
  const rows = cells.filter((row) => row[location] === station).map((row) => ({ date: row[date] ?? '', values: Object.fromEntries(columns.flatMap((column, index) => (keys.includes(column) ? [] : [[column, toNumber(row[index])]]))) }));
  rows.sort((left, right) => (left.date < right.date ? -1 : left.date > right.date ? 1 : 0));
  return { columns, stations: [...new Set(cells.map((row) => row[location] ?? ''))].slice(0, 20), rows };
}

/** Columns of which at least half of the cells are numbers. */
export function numberColumns({ columns, rows }: ReadingsTable): string[] {
  return columns.filter((column) => !keys.includes(column) && rows.length > 0 && 2 * rows.filter(({ values }) => Number.isFinite(values[column])).length >= rows.length);
}

/** Predictions by day; a row without a day or a finite number is left out and counted. The last prediction of a day counts. */
export function readPredictions(csv: string): { byDay: Map<string, number>; unusable: number } | { problem: string } {
  let records: string[][];
  try {
    records = parse(csv, { skip_empty_lines: true, relax_column_count: true, trim: true, bom: true });
  } catch (error) {
    return { problem: `the predictions are no CSV: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}` };
  }
  const [header = [], ...rows] = records;
  const [date, prediction] = [header.indexOf('date'), header.indexOf('prediction')];
  if (date < 0 || prediction < 0) return { problem: `the predictions' header is "${header.join(',').slice(0, 80)}", not "date,prediction"` };
  const usable = rows.map((row) => [row[date] ?? '', toNumber(row[prediction])] as const).filter(([day, value]) => /^\d{4}-\d{2}-\d{2}$/.test(day) && Number.isFinite(value));
  return { byDay: new Map(usable), unusable: rows.length - usable.length };
}

/** An empty cell is a missing value, not zero. */
function toNumber(cell: string | undefined): number {
  return cell === undefined || cell === '' ? Number.NaN : Number(cell);
}
