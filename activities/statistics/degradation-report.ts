/** The report of an investigation, for people: one page of HTML with the plot, the figures and the reasoning. The same facts give the same bytes. */
import type { DegradationEvidence, ErrorFigures, Finding } from '../../workflows/domain/degradation.ts';
import { escapeMarkup as text } from '../../workflows/domain/markup.ts';
import { driftTable, figure, head, list, table } from './report-parts.ts';

export interface DegradationReportFacts {
  /** Such as `P001/C001`. */
  circuit: string;
  sensor: { station: string; column: string };
  /** Day up to which was judged. */
  asOf: string;
  alert: string | null;
  finding: Finding;
  reasoning: readonly string[];
  evidence: DegradationEvidence;
  /** `<workflow id>/<first run id>`. */
  run: string;
}

export function reportHtml(facts: DegradationReportFacts, plot: string): string {
  const { circuit, sensor, asOf, alert, finding, reasoning, evidence, run } = facts;
  const { performance: { current, baseline, season, trend, detail }, data, drift, serving, holdoutMae, predictions } = evidence;
  const title = `Performance of ${circuit} up to ${asOf}`;
  return [
    ...head(title),
    `<p>${text(sensor.column)} in ${text(sensor.station)}; ${serving === null ? 'which version serves is not known' : `version ${text(serving)} serves`}. ${alert === null ? '' : `Alert ${text(alert)}. `}Run ${text(run)}.</p>`,
    `<h2>Finding: ${text(finding)}</h2>`, list(reasoning),
    '<h2>Errors</h2>', `<p>${text(detail)}${predictions === null ? '' : `; predictions ${text(predictions.uri)}${predictions.scoredAt === null ? '' : ` of ${text(predictions.scoredAt)}`}`}.</p>`, plot,
    table(['', 'rows', 'MAE', 'RMSE', 'MAPE'], [
      errorRow(`now: ${current.from} to ${current.until}`, current), errorRow('the year before', baseline), errorRow('the same days a year ago', season), ...(holdoutMae === null ? [] : [['hold-out of its training', '', figure(holdoutMae), '', '']]),
      ...[...trend].reverse().slice(1).map((window) => errorRow(`${window.from} to ${window.until}`, window)),
    ]),
    '<h2>Data</h2>', `<p>${data.rows} rows from ${text(data.from)} to ${text(data.until)}; newest ${text(data.newest ?? 'none')}.</p>`, data.findings.length === 0 ? '<p>Nothing was found.</p>' : list(data.findings.map(({ fault, detail: what, grave }) => `${fault}: ${what}${grave ? ' (grave)' : ''}`)),
    '<h2>Drift</h2>', `<p>${text(drift.from)} to ${text(drift.until)}: ${text(drift.detail)}.</p>`,
    driftTable(drift.features, 'the year before'),
    '</body></html>', '',
  ].join('\n');
}

function errorRow(name: string, { rows, mae, rmse, mape, mapeRows }: ErrorFigures): string[] {
  return [name, String(rows), figure(mae), figure(rmse), mape === null ? '' : `${(100 * mape).toFixed(1)} % (${mapeRows})`];
}
