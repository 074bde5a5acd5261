/** The statistics as activities: read by reference, answered in figures. Bad data are a finding and never an error; a platform that is away is. */
import type { DataReport, DegradationThresholds, DriftReport, PerformanceReport, WindowLength } from '../../workflows/domain/degradation.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { BlobReader } from '../azure-ml/blob-reader.ts';
import { blobOf } from '../azure-ml/datastore.ts';
import type { RestClient } from '../http/rest-client.ts';
import { daysUntil } from './calendar-days.ts';
import { checkReadings } from './data-checks.ts';
import { measureDrift } from './drift.ts';
import { measurePerformance, noPerformance } from './prediction-errors.ts';
import { numberColumns, readPredictions, readReadings, type ReadingsTable } from './readings-table.ts';

export interface Clients {
  arm: RestClient;
  blob: Pick<BlobReader, 'read'>;
}

export interface CircuitData {
  workspace: WorkspaceRef;
  /** `azureml://datastores/…` URI of the readings. */
  dataUri: string;
  sensor: { station: string; column: string };
  /** Day up to which is judged, `YYYY-MM-DD`: readings after it are not looked at. */
  asOf: string;
}

export interface MeasurePredictionErrorsInput extends CircuitData, Pick<DegradationThresholds, 'minimumRows'> {
  /** `azureml://datastores/…` URI of the predictions; null: none were found. */
  predictionsUri: string | null;
  window: WindowLength;
  windows: number;
}

export interface CheckCircuitDataInput extends CircuitData, Pick<DegradationThresholds, 'lateDays' | 'faultyShare' | 'minimumRows' | 'driftDays'> {
  /** Columns that must be there; by default every column of numbers, and the sensor's own. */
  features?: string[];
}

export interface MeasureCircuitDriftInput extends CircuitData, Pick<DegradationThresholds, 'psi' | 'ksP' | 'minimumRows' | 'driftDays'> {
  features?: string[];
}

/** Far more than a century of one station's days; a larger file is cut, and says so by its last day. */
const longestBytes = 64 * 1024 * 1024;

/**
 * MAE, RMSE and MAPE of the predictions that have an actual, by window. No predictions, no actuals and too few rows are states, not errors.
 *
 * Safe to retry because it only reads.
 */
export async function measurePredictionErrors(clients: Clients, input: MeasurePredictionErrorsInput): Promise<PerformanceReport> {
  const { workspace, sensor: { station, column }, predictionsUri } = input;
  if (predictionsUri === null) return noPerformance('the deployment has scored nothing yet', input);
  const text = await clients.blob.read(await blobOf(clients.arm, workspace, predictionsUri), longestBytes);
  if (text === null) return noPerformance(`the predictions ${predictionsUri} do not exist`, input);
  const predictions = readPredictions(text);
  if ('problem' in predictions) return noPerformance(predictions.problem, input);
  const table = await readTable(clients, input);
  // What is wrong with the readings is for the data checks to say; here they are merely no actuals.
  const actuals = 'problem' in table ? new Map<string, number>() : new Map(table.rows.flatMap(({ date, values }) => (Number.isFinite(values[column]) ? [[date, values[column]!] as const] : [])));
  const report = measurePerformance(predictions.byDay, actuals, input);
  return predictions.unusable === 0 ? report : { ...report, detail: `${report.detail}; ${predictions.unusable} predictions of ${station} are unusable` };
}

/**
 * Checks the readings of the last `driftDays` days: lateness, gaps, missing cells, repeated days, range, a sensor that stands still.
 *
 * Safe to retry because it only reads.
 */
export async function checkCircuitData(clients: Clients, input: CheckCircuitDataInput): Promise<DataReport> {
  const { sensor: { station, column }, asOf, driftDays } = input;
  const { from } = daysUntil(asOf, driftDays);
  const table = await readTable(clients, input);
  if ('problem' in table) return { from, until: asOf, rows: 0, newest: null, findings: [{ fault: 'unreadable', detail: table.problem, days: driftDays, grave: true }] };
  return checkReadings(table, { ...input, station, from, features: [...new Set([column, ...(input.features ?? numberColumns(table))])].slice(0, 50) });
}

/**
 * Kolmogorov–Smirnov and PSI of each feature: the last `driftDays` days against the year before them and against the same season a year ago.
 *
 * Safe to retry because it only reads.
 */
export async function measureCircuitDrift(clients: Clients, input: MeasureCircuitDriftInput): Promise<DriftReport> {
  const { asOf, driftDays } = input;
  const table = await readTable(clients, input);
  if ('problem' in table) return { state: 'too few', detail: table.problem, ...daysUntil(asOf, driftDays), features: [] };
  return measureDrift(table.rows.filter(({ date }) => date <= asOf), featuresAmong(table, input.features), asOf, input);
}

/** Of the columns of numbers those that are asked for; by default all. */
export function featuresAmong(table: ReadingsTable, wanted: readonly string[] | undefined): string[] {
  const known = numberColumns(table);
  return (wanted?.filter((feature) => known.includes(feature)) ?? known).slice(0, 20);
}

/** @returns the complaint instead, where there is no file, or nothing in it that can be read */
export async function readTable({ arm, blob }: Clients, { workspace, dataUri, sensor: { station } }: Omit<CircuitData, 'asOf'>): Promise<ReadingsTable | { problem: string }> {
  const text = await blob.read(await blobOf(arm, workspace, dataUri), longestBytes);
  if (text === null) return { problem: `the readings ${dataUri} do not exist` };
  return text.trim() === '' ? { problem: `the readings ${dataUri} are empty` } : readReadings(text, station);
}
