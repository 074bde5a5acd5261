/** The report of a drift analysis, for whoever reviews the change: one page of HTML with the distributions, the figures and the reasoning. */
import type { DriftDecision } from '../../workflows/domain/drift-decision.ts';
import type { DriftAnalysis, PlatformDriftReport } from '../../workflows/domain/drift-retraining.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import { escapeMarkup as text } from '../../workflows/domain/markup.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { yearBefore } from './calendar-days.ts';
import { readTable } from './circuit-data.ts';
import { distributionSvg, type Panel } from './distribution-svg.ts';
import { keepText, reportFolder, type ReportClients } from './kept-text.ts';
import type { ReadingRow } from './readings-table.ts';
import { driftTable, figure, head, list, table } from './report-parts.ts';

export interface WriteDriftReportInput {
  key: StepKey;
  workspace: WorkspaceRef;
  dataUri: string;
  sensor: { station: string; column: string };
  /** Such as `P001/C001`. */
  circuit: string;
  analysis: DriftAnalysis;
  decision: DriftDecision;
  /** The platform's own. */
  reported: PlatformDriftReport | null;
  /** `<workflow id>/<first run id>`. */
  run: string;
}

/** As many panels as one looks at; those that drifted come first. */
const mostPanels = 6;

/**
 * Writes the report and its picture into the workspace's storage, below a folder that carries the step's key. The readings are read again for the picture: no row travels through history.
 *
 * Safe to retry because the path is the key: what is there already is not written again.
 */
export async function writeDriftReport(clients: ReportClients, input: WriteDriftReportInput): Promise<{ reportUri: string; plotUri: string }> {
  const { key, workspace, circuit, sensor, analysis } = input;
  const read = await readTable(clients, input);
  const panels = 'problem' in read ? [] : panelsOf(read.rows, input);
  const plot = distributionSvg({ title: `Readings of ${sensor.station} for ${circuit}, ${analysis.from} to ${analysis.until}`, panels });
  const folder = reportFolder(circuit, key.key);
  return { plotUri: await keepText(clients, workspace, `${folder}/distributions.svg`, plot, 'image/svg+xml'), reportUri: await keepText(clients, workspace, `${folder}/drift.html`, reportHtml(input, plot), 'text/html; charset=utf-8') };
}

function panelsOf(rows: readonly ReadingRow[], { analysis: { from, until, baseline, features }, decision }: WriteDriftReportInput): Panel[] {
  const of = (feature: string, first: string, last: string): number[] => rows.filter(({ date }) => date >= first && date <= last).flatMap(({ values }) => (Number.isFinite(values[feature]) ? [values[feature]!] : []));
  const judged = (name: string) => decision.features.find(({ feature }) => feature === name);
  const sorted = [...features].sort((left, right) => Number(judged(right.feature) !== undefined) - Number(judged(left.feature) !== undefined));
  return sorted.slice(0, mostPanels).flatMap(({ feature }) => {
    const now = of(feature, from, until);
    const remark = judged(feature)?.sentence.replace(`${feature} `, '') ?? 'no drift';
    return now.length === 0 ? [] : [{ feature, remark, now, season: of(feature, yearBefore(from), yearBefore(until)), baseline: of(feature, baseline.from, baseline.until) }];
  });
}

function reportHtml({ circuit, sensor, analysis, decision, reported, run }: WriteDriftReportInput, plot: string): string {
  const { from, until, detail, baseline, features, newest } = analysis;
  const finding = { none: 'no drift', retrain: 'expected and gradual', investigate: 'a person decides' }[decision.finding];
  return [
    ...head(`Drift of ${circuit} from ${from} to ${until}`),
    `<p>${text(sensor.column)} in ${text(sensor.station)}; newest reading ${text(newest ?? 'none')}. Run ${text(run)}.</p>`,
    `<h2>Finding: ${text(finding)}</h2>`, list(decision.reasoning), plot,
    '<h2>Figures</h2>', `<p>Against ${text(baseline.from)} to ${text(baseline.until)} (${text(baseline.source)}) and the same season a year ago; ${text(detail)}.</p>`, driftTable(features, 'the baseline'),
    ...(reported === null ? [] : [`<h2>What the platform reports</h2>`, `<p>Signal ${text(reported.signal)}, ${text(reported.uri)}.</p>`, table(['feature', 'metric', 'value', 'threshold', 'drifted'], reported.features.map(({ feature, metric, value, threshold, drifted }) => [feature, metric, figure(value), figure(threshold), drifted ? 'yes' : 'no']))]),
    '</body></html>', '',
  ].join('\n');
}
