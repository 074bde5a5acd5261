/** The report of an investigation, for people: one page of HTML with the plot, the figures and the reasoning. The same facts give the same bytes. */
import type { DegradationEvidence, Distance, ErrorFigures, Finding } from '../../workflows/domain/degradation.ts';
import { escapeMarkup } from '../../workflows/domain/markup.ts';

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

const text = escapeMarkup;

export function reportHtml(facts: DegradationReportFacts, plot: string): string {
  const { circuit, sensor, asOf, alert, finding, reasoning, evidence, run } = facts;
  const { performance: { current, baseline, season, trend, detail }, data, drift, serving, holdoutMae, predictions } = evidence;
  const title = `Performance of ${circuit} up to ${asOf}`;
  return [
    '<!doctype html>', '<html lang="en"><head><meta charset="utf-8">', `<title>${text(title)}</title>`,
    '<style>body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse}td,th{padding:.2rem .7rem;border-bottom:1px solid #8888;text-align:right}td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}</style></head><body>',
    `<h1>${text(title)}</h1>`,
    `<p>${text(sensor.column)} in ${text(sensor.station)}; ${serving === null ? 'which version serves is not known' : `version ${text(serving)} serves`}. ${alert === null ? '' : `Alert ${text(alert)}. `}Run ${text(run)}.</p>`,
    `<h2>Finding: ${text(finding)}</h2>`, list(reasoning),
    '<h2>Errors</h2>', `<p>${text(detail)}${predictions === null ? '' : `; predictions ${text(predictions.uri)}${predictions.scoredAt === null ? '' : ` of ${text(predictions.scoredAt)}`}`}.</p>`, plot,
    table(['', 'rows', 'MAE', 'RMSE', 'MAPE'], [
      errorRow(`now: ${current.from} to ${current.until}`, current), errorRow('the year before', baseline), errorRow('the same days a year ago', season), ...(holdoutMae === null ? [] : [['hold-out of its training', '', figure(holdoutMae), '', '']]),
      ...[...trend].reverse().slice(1).map((window) => errorRow(`${window.from} to ${window.until}`, window)),
    ]),
    '<h2>Data</h2>', `<p>${data.rows} rows from ${text(data.from)} to ${text(data.until)}; newest ${text(data.newest ?? 'none')}.</p>`, data.findings.length === 0 ? '<p>Nothing was found.</p>' : list(data.findings.map(({ fault, detail: what, grave }) => `${fault}: ${what}${grave ? ' (grave)' : ''}`)),
    '<h2>Drift</h2>', `<p>${text(drift.from)} to ${text(drift.until)}: ${text(drift.detail)}.</p>`,
    table(['feature', 'against', 'rows', 'KS', 'p', 'PSI', 'by chance', 'drifted', 'moved', 'change'], drift.features.flatMap(({ feature, baseline: year, season: before, magnitude, change }) => [
      ...distanceRow(feature, 'the year before', year, '', ''),
      ...distanceRow(feature, 'the same season', before, `${figure(magnitude)} σ`, change === null ? '' : `${change.kind}, ${change.at}`),
    ])),
    '</body></html>', '',
  ].join('\n');
}

function errorRow(name: string, { rows, mae, rmse, mape, mapeRows }: ErrorFigures): string[] {
  return [name, String(rows), figure(mae), figure(rmse), mape === null ? '' : `${(100 * mape).toFixed(1)} % (${mapeRows})`];
}

function distanceRow(feature: string, against: string, distance: Distance | null, moved: string, change: string): string[][] {
  return distance === null ? [[feature, `${against}: too few readings`, '', '', '', '', '', '', moved, change]] : [[feature, against, String(distance.rows), figure(distance.ks), distance.ksP.toExponential(1), figure(distance.psi), figure(distance.psiByChance), distance.drifted ? 'yes' : 'no', moved, change]];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<table><tr>${header.map((cell) => `<th>${text(cell)}</th>`).join('')}</tr>\n${rows.map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('\n')}</table>`;
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
}

function figure(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(4)));
}
