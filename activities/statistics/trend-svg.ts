/**
 * The trend of a model's errors as a picture: MAE and RMSE by window, what they are held against as lines across. Text only in the system's fonts, no script, colours for light and dark,
 * title and description for who cannot see it; the same figures give the same bytes.
 */
import type { ErrorWindow } from '../../workflows/domain/degradation.ts';
import { escapeMarkup } from '../../workflows/domain/markup.ts';

export interface TrendPlot {
  title: string;
  /** Of the sensor's readings, for the axis; empty where it is not known. */
  unit: string;
  windows: readonly ErrorWindow[];
  /** Lines across, such as the MAE on the hold-out rows. */
  references: readonly { name: string; mae: number }[];
}

const [width, height] = [960, 360];
const plot = { left: 64, right: 24, top: 72, bottom: 56 };
const ticks = 4;
const mostLabels = 13;

const style = [
  'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.axis{font-size:11px;fill:#59636e}.grid{stroke:#d1d9e0}.back{fill:#ffffff}',
  '.mae{stroke:#0969da;fill:#0969da}.rmse{stroke:#bc4c00;fill:#bc4c00}.line{fill:none;stroke-width:2}.reference{stroke:#59636e;stroke-dasharray:5 4}',
  '@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.axis{fill:#9198a1}.grid{stroke:#3d444d}.back{fill:#0d1117}.mae{stroke:#4493f8;fill:#4493f8}.rmse{stroke:#db6d28;fill:#db6d28}.line{fill:none}.reference{stroke:#9198a1}}',
].join('');

export function trendSvg({ title, unit, windows, references }: TrendPlot): string {
  const highest = Math.max(0, ...windows.flatMap(({ mae, rmse }) => [mae ?? 0, rmse ?? 0]), ...references.map(({ mae }) => mae));
  const top = niceCeiling(highest);
  const x = (index: number): number => round(plot.left + ((index + 0.5) / Math.max(1, windows.length)) * (width - plot.left - plot.right));
  const y = (value: number): number => round(height - plot.bottom - (value / top) * (height - plot.top - plot.bottom));
  const every = Math.ceil(windows.length / mostLabels);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="trend-title trend-desc">`,
    `<title id="trend-title">${escapeMarkup(title)}</title>`,
    `<desc id="trend-desc">${escapeMarkup(inWords(windows, references))}</desc>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    `<text class="title" x="16" y="26">${escapeMarkup(title)}</text>`,
    `<g><circle class="mae" cx="20" cy="46" r="4"/><text x="30" y="50">MAE</text><circle class="rmse" cx="80" cy="46" r="4"/><text x="90" y="50">RMSE</text>${unit === '' ? '' : `<text class="axis" x="150" y="50">${escapeMarkup(unit)}</text>`}</g>`,
    ...Array.from({ length: ticks + 1 }, (_, index) => (top * index) / ticks).map((value) => `<line class="grid" x1="${plot.left}" y1="${y(value)}" x2="${width - plot.right}" y2="${y(value)}"/><text class="axis" x="${plot.left - 8}" y="${y(value) + 4}" text-anchor="end">${figure(value)}</text>`),
    ...windows.flatMap(({ until }, index) => ((windows.length - 1 - index) % every === 0 ? [`<text class="axis" x="${x(index)}" y="${height - plot.bottom + 20}" text-anchor="middle">${until}</text>`] : [])),
    ...references.map(({ name, mae }) => `<line class="reference" x1="${plot.left}" y1="${y(mae)}" x2="${width - plot.right}" y2="${y(mae)}"/><text class="axis" x="${width - plot.right}" y="${y(mae) - 4}" text-anchor="end">${escapeMarkup(`${name}: ${figure(mae)}`)}</text>`),
    ...(['mae', 'rmse'] as const).flatMap((name) => drawn(name, windows.map((window) => window[name]), windows, x, y)),
    '</svg>',
    '',
  ].join('\n');
}

/** A line where windows follow one another, broken where one has no figure, and a point with its words for each. */
function drawn(name: 'mae' | 'rmse', values: readonly (number | null)[], windows: readonly ErrorWindow[], x: (index: number) => number, y: (value: number) => number): string[] {
  const runs: string[][] = [[]];
  values.forEach((value, index) => (value === null ? runs.push([]) : runs.at(-1)!.push(`${x(index)},${y(value)}`)));
  return [
    ...runs.filter(({ length }) => length > 1).map((points) => `<polyline class="${name} line" points="${points.join(' ')}"/>`),
    ...values.flatMap((value, index) => (value === null ? [] : [`<circle class="${name}" cx="${x(index)}" cy="${y(value)}" r="4"><title>${escapeMarkup(`${name.toUpperCase()} ${figure(value)}, ${windows[index]!.from} to ${windows[index]!.until}, ${windows[index]!.rows} rows`)}</title></circle>`])),
  ];
}

function inWords(windows: readonly ErrorWindow[], references: readonly { name: string; mae: number }[]): string {
  const known = windows.filter(({ mae }) => mae !== null);
  if (known.length === 0) return 'No window has a figure.';
  const lines = known.map(({ from, until, mae, rmse, rows }) => `${from} to ${until}: MAE ${figure(mae!)}, RMSE ${figure(rmse!)} over ${rows} rows`);
  return `${lines.join('; ')}.${references.length === 0 ? '' : ` For comparison: ${references.map(({ name, mae }) => `${name} MAE ${figure(mae)}`).join('; ')}.`}`;
}

/** 1, 2 or 5 times a power of ten, at or above the value. */
function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
