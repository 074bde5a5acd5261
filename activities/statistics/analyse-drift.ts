/** The drift of a circuit's features against the drift monitor's reference. */
import type { DegradationThresholds } from '../../workflows/domain/degradation.ts';
import type { DaySpan, DriftAnalysis, DriftBaseline } from '../../workflows/domain/drift-retraining.ts';
import { daysUntil } from './calendar-days.ts';
import { featuresAmong, readTable, type CircuitData, type Clients } from './circuit-data.ts';
import { measureDrift, yearOf } from './drift.ts';
import type { ReadingsTable } from './readings-table.ts';

export interface AnalyseDriftInput extends CircuitData, Pick<DegradationThresholds, 'psi' | 'ksP' | 'minimumRows' | 'driftDays'> {
  features?: string[];
  /** The drift monitor's reference; null: nothing is recorded yet. */
  recorded: DriftBaseline | null;
  /** What people have to know about it. */
  remark?: string | null;
  /** What is held against in place of it. */
  given?: DaySpan;
}

/**
 * Kolmogorov–Smirnov, PSI, magnitude and change point of each feature: the last `driftDays` days, or those since the baseline was moved, against the baseline and against the same season a
 * year ago. Readings that are away, empty or too few are a state that says what is wrong.
 *
 * Safe to retry because it only reads.
 */
export async function analyseDrift(clients: Clients, input: AnalyseDriftInput): Promise<DriftAnalysis> {
  const { asOf, driftDays, recorded, given, sensor: { station } } = input;
  const span = daysUntil(asOf, driftDays);
  const since = recorded !== null && recorded.trackedSince > span.from ? recorded.trackedSince : span.from;
  const reference = given ? { ...given, source: 'given' as const } : recorded ? { from: recorded.from, until: recorded.until, source: 'recorded' as const } : { ...yearOf(since), source: 'year before' as const };
  const baseline = { ...reference, ...(input.remark && !given && { remark: input.remark }) };
  const none = (detail: string, newest: string | null = null): DriftAnalysis => ({ state: 'too few', detail, ...span, from: since, features: [], newest, baseline });
  if (recorded !== null && recorded.station !== station) return none(`the baseline ${recorded.asset} is of station ${recorded.station}, and the circuit is at ${station} by now; give another "baseline", or archive that version`);
  const table = await readTable(clients, input);
  if ('problem' in table) return none(table.problem);
  if (table.rows.length === 0) return none(`the readings ${input.dataUri} have no row of station ${station}; they know ${table.stations.join(', ') || 'none'}`);
  const rows = table.rows.filter(({ date }) => date <= asOf);
  const report = measureDrift(rows, featuresAmong(table, input.features), asOf, input, { ...(baseline.source !== 'year before' && { baseline }), since });
  const newest = rows.at(-1)?.date ?? null;
  const remarks = [...(recorded !== null && recorded.trackedSince > span.from && report.state === 'too few' ? [`the baseline was moved up to ${recorded.until} and only what came since is judged`] : []), ...(baseline.remark === undefined ? [] : [baseline.remark]), ...missing(table, input.features)];
  return { ...report, detail: [report.detail, ...remarks].join('; '), newest, baseline };
}

function missing({ columns }: ReadingsTable, features: readonly string[] = []): string[] {
  const absent = features.filter((feature) => !columns.includes(feature));
  return absent.length === 0 ? [] : [`the readings have no column ${absent.join(', ')}`];
}
