/**
 * A simulation as a picture: one row for each thing that lasted or mattered, on an axis of simulated time. Text only in the system's fonts, no script, colours for light and dark;
 * the same entries give the same bytes.
 */
import { escapeMarkup } from '../../workflows/domain/markup.ts';
import type { Simulation } from './simulation.ts';
import { clockText, minutesOf, type Entry, type EntryKind } from './timeline.ts';

const width = 960;
const labelWidth = 330;
const margin = 16;
const rowHeight = 22;
const headHeight = 84;
const plotLeft = labelWidth + margin;
const plotWidth = width - plotLeft - 3 * margin;
const longestLabel = 50;
const mostTicks = 7;
const tickMinutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 5760, 10_080];

/** Rows of these kinds; a gate's closing is the end of its bar, and what took no time is left out. */
const drawn: readonly EntryKind[] = ['phase', 'gate', 'person', 'told', 'step', 'lock', 'child', 'effect', 'fault', 'event', 'undone', 'finding', 'outcome'];

const style = [
  'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.axis{font-size:11px;fill:#59636e}',
  '.grid{stroke:#d1d9e0}.back{fill:#ffffff}.phase{fill:#b6c2cf}.gate{fill:#bf8700}.person{fill:#1a7f37}.told{fill:#8250df}.step{fill:#0969da}.lock{fill:#848d97}.child{fill:#0550ae}.effect{fill:#1b7c83}.fault{fill:#cf222e}.event,.finding,.undone{fill:#bc4c00}.outcome{fill:#1f2328}',
  '@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.axis{fill:#9198a1}.grid{stroke:#3d444d}.back{fill:#0d1117}.phase{fill:#656c76}.gate{fill:#d29922}.person{fill:#3fb950}.told{fill:#ab7df8}.step{fill:#4493f8}.lock{fill:#9198a1}.child{fill:#79c0ff}.effect{fill:#39c5cf}.fault{fill:#f85149}.event,.finding,.undone{fill:#db6d28}.outcome{fill:#f0f6fc}}',
].join('');

export function timelineSvg({ title, start, entries, outcome, lengthMs }: Simulation): string {
  const rows = entries.filter(isDrawn);
  const height = headHeight + rows.length * rowHeight + 2 * margin;
  const totalMinutes = Math.max(1, minutesOf(lengthMs));
  const x = (ms: number): number => Math.round((plotLeft + (Math.min(minutesOf(ms), totalMinutes) / totalMinutes) * plotWidth) * 10) / 10;
  const step = tickMinutes.find((minutes) => totalMinutes / minutes <= mostTicks) ?? 10_080 * Math.ceil(totalMinutes / (10_080 * mostTicks));
  const ticks = Array.from({ length: Math.floor(totalMinutes / step) + 1 }, (_, index) => index * step * 60_000);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(describe(rows, outcome, lengthMs))}</desc>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    `<text class="title" x="${margin}" y="26">${escaped(title)}</text>`,
    ...ticks.map((ms) => `<line class="grid" x1="${x(ms)}" y1="${headHeight - 6}" x2="${x(ms)}" y2="${height - margin}"/><text class="axis" x="${x(ms)}" y="${headHeight - 26}" text-anchor="middle">${clockText(ms)}</text><text class="axis" x="${x(ms)}" y="${headHeight - 12}" text-anchor="middle">${localText(start, ms)}</text>`),
    ...rows.map((entry, index) => row(entry, headHeight + index * rowHeight, x)),
    '</svg>',
    '',
  ].join('\n');
}

function isDrawn({ kind, untilMs, atMs, text, label }: Entry): boolean {
  if (kind === 'phase') return untilMs !== undefined && minutesOf(untilMs) > minutesOf(atMs);
  if (kind === 'gate') return label !== undefined;
  if (kind === 'step') return text.includes(':');
  return drawn.includes(kind);
}

function row({ kind, atMs, untilMs, text, label }: Entry, y: number, x: (ms: number) => number): string {
  const middle = y + rowHeight / 2;
  const from = x(atMs);
  const shape = untilMs === undefined || x(untilMs) - from < 4
    ? `<circle class="${kind}" cx="${from}" cy="${middle}" r="5"/>`
    : `<rect class="${kind}" x="${from}" y="${y + 5}" width="${Math.round((x(untilMs) - from) * 10) / 10}" height="${rowHeight - 10}" rx="3"/>`;
  const words = kind === 'gate' ? `gate ${label ?? text}` : kind === 'child' ? `starts ${text}` : kind === 'step' || kind === 'fault' ? (label ?? text) : text;
  return `<g><title>${escaped(`${clockText(atMs)}${untilMs === undefined ? '' : ` to ${clockText(untilMs)}`}: ${text}`)}</title><text x="${margin}" y="${middle + 4}">${escaped(cut(words))}</text>${shape}</g>`;
}

/** The picture in words, for who cannot see it. */
function describe(rows: readonly Entry[], outcome: string, lengthMs: number): string {
  return `${rows.filter(({ kind }) => kind !== 'outcome').map(({ atMs, text }) => `${clockText(atMs)} ${text}`).join('; ')}. ${clockText(lengthMs)} ${outcome}.`;
}

/** Day of the week and time, as a clock shows them where the story begins. */
function localText(start: string, sinceMs: number): string {
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)$/.exec(start) ?? [];
  const offsetMs = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = new Date(Date.parse(start) + sinceMs + offsetMs);
  return `${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][local.getUTCDay()]} ${local.toISOString().slice(11, 16)}`;
}

function cut(text: string): string {
  return text.length > longestLabel ? `${text.slice(0, longestLabel - 1)}…` : text;
}

function escaped(text: string): string {
  return escapeMarkup(text).replaceAll('"', '&quot;');
}
