/** What the reports of a circuit's statistics are put together from: the same facts give the same bytes. */
import type { Distance, FeatureDrift } from '../../workflows/domain/degradation.ts';
import { escapeMarkup as text } from '../../workflows/domain/markup.ts';

const style = 'body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse}td,th{padding:.2rem .7rem;border-bottom:1px solid #8888;text-align:right}td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}';

export function head(title: string): string[] {
  return ['<!doctype html>', '<html lang="en"><head><meta charset="utf-8">', `<title>${text(title)}</title>`, `<style>${style}</style></head><body>`, `<h1>${text(title)}</h1>`];
}

/** Two lines for each feature: against the baseline, and against the same season a year ago. */
export function driftTable(features: readonly FeatureDrift[], baselineName: string): string {
  return table(['feature', 'against', 'rows', 'KS', 'p', 'PSI', 'by chance', 'drifted', 'moved', 'change'], features.flatMap(({ feature, baseline, season, magnitude, change }) => [
    distanceRow(feature, baselineName, baseline, '', ''),
    distanceRow(feature, 'the same season', season, `${figure(magnitude)} σ`, change === null ? '' : `${change.kind}, ${change.at}`),
  ]));
}

function distanceRow(feature: string, against: string, distance: Distance | null, moved: string, change: string): string[] {
  return distance === null ? [feature, `${against}: too few readings`, '', '', '', '', '', '', moved, change] : [feature, against, String(distance.rows), figure(distance.ks), distance.ksP.toExponential(1), figure(distance.psi), figure(distance.psiByChance), distance.drifted ? 'yes' : 'no', moved, change];
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<table><tr>${header.map((cell) => `<th>${text(cell)}</th>`).join('')}</tr>\n${rows.map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('\n')}</table>`;
}

export function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
}

export function figure(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(4)));
}
