/**
 * How a circuit's features are distributed now, were in the same season a year ago, and are in the baseline; one panel for each feature. Text only in the system's fonts, no script, colours for light and dark, title
 * and description for who cannot see it; the same readings give the same bytes.
 */
import { escapeMarkup } from '../../workflows/domain/markup.ts';
import { mean } from './distributions.ts';

export interface Panel {
  feature: string;
  /** What was judged about it, one line. */
  remark: string;
  now: readonly number[];
  /** Both empty where there are no readings. */
  season: readonly number[];
  baseline: readonly number[];
}

export interface DistributionPlot {
  title: string;
  panels: readonly Panel[];
}

const [width, panelHeight, headHeight, footHeight] = [960, 190, 64, 12];
const plot = { left: 64, right: 24, top: 30, bottom: 34 };
const bins = 16;
const ticks = 6;
/** Characters that fit beside a feature's name. */
const longestRemark = 150;

const style = [
  'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.axis{font-size:11px;fill:#59636e}.grid{stroke:#d1d9e0}.back{fill:#ffffff}',
  '.now{fill:#0969da;fill-opacity:.45}.season,.baseline{fill:none;stroke:#bc4c00;stroke-width:2}.baseline{stroke:#59636e;stroke-width:1.5;stroke-dasharray:5 4}',
  '@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.axis{fill:#9198a1}.grid{stroke:#3d444d}.back{fill:#0d1117}.now{fill:#4493f8}.season{stroke:#db6d28}.baseline{stroke:#9198a1}}',
].join('');

export function distributionSvg({ title, panels }: DistributionPlot): string {
  const height = headHeight + Math.max(1, panels.length) * panelHeight + footHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="drift-title drift-desc">`,
    `<title id="drift-title">${escapeMarkup(title)}</title>`,
    `<desc id="drift-desc">${escapeMarkup(panels.length === 0 ? 'No feature has readings to show.' : panels.map(inWords).join('; '))}</desc>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    `<text class="title" x="16" y="26">${escapeMarkup(title)}</text>`,
    `<g><rect class="now" x="16" y="40" width="12" height="10"/><text x="34" y="50">now</text><line class="season" x1="80" y1="46" x2="96" y2="46"/><text x="102" y="50">the same season a year ago</text><line class="baseline" x1="310" y1="46" x2="334" y2="46"/><text x="340" y="50">baseline</text></g>`,
    ...panels.flatMap((panel, index) => drawn(panel, headHeight + index * panelHeight)),
    '</svg>',
    '',
  ].join('\n');
}

function drawn({ feature, remark, now, season, baseline }: Panel, top: number): string[] {
  const all = [...now, ...season, ...baseline];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const step = (high - low || 1) / bins;
  const share = (sample: readonly number[]): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of sample) counts[Math.min(bins - 1, Math.floor((value - low) / step))]! += 1;
    return counts.map((count) => count / Math.max(1, sample.length));
  };
  const [is, was, held] = [share(now), share(season), share(baseline)];
  const most = Math.max(...is, ...was, ...held);
  const [floor, tall, wide] = [top + panelHeight - plot.bottom, panelHeight - plot.top - plot.bottom, width - plot.left - plot.right];
  const x = (bin: number): number => round(plot.left + (bin / bins) * wide);
  const y = (value: number): number => round(floor - (value / most) * tall);
  const at = (value: number): number => round(plot.left + ((value - low) / (step * bins)) * wide);
  const outline = (name: string, shares: readonly number[]): string => `<polyline class="${name}" points="${x(0)},${floor} ${shares.flatMap((value, bin) => [`${x(bin)},${y(value)}`, `${x(bin + 1)},${y(value)}`]).join(' ')} ${x(bins)},${floor}"/>`;
  return [
    `<g><text x="16" y="${top + 18}">${escapeMarkup(feature)}<tspan class="axis" dx="10">${escapeMarkup(remark.length <= longestRemark ? remark : `${remark.slice(0, longestRemark - 1)}…`)}</tspan></text>`,
    `<line class="grid" x1="${plot.left}" y1="${floor}" x2="${width - plot.right}" y2="${floor}"/>`,
    ...is.flatMap((value, bin) => (value === 0 ? [] : [`<rect class="now" x="${x(bin)}" y="${y(value)}" width="${round(wide / bins - 1)}" height="${round(floor - y(value))}"/>`])),
    ...(baseline.length === 0 ? [] : [outline('baseline', held)]),
    ...(season.length === 0 ? [] : [outline('season', was)]),
    ...Array.from({ length: ticks + 1 }, (_, index) => low + (step * bins * index) / ticks).map((value) => `<text class="axis" x="${at(value)}" y="${floor + 16}" text-anchor="middle">${Number(value.toPrecision(3))}</text>`),
    '</g>',
  ];
}

function inWords({ feature, remark, now, season, baseline }: Panel): string {
  const of = (sample: readonly number[]): string => (sample.length === 0 ? 'no readings' : `mean ${Number(mean(sample).toPrecision(3))} of ${sample.length} readings`);
  return `${feature}: ${of(now)} now, ${of(season)} in the same season a year ago, ${of(baseline)} in the baseline; ${remark}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
