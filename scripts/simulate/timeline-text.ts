/** A simulation for the terminal: one line for each thing that happened; steps that took no time share one. */
import { duration } from '../../starters/cli/output.ts';
import type { Simulation } from './simulation.ts';
import { clockText, minutesOf, type Entry } from './timeline.ts';

/** What one line shows: several entries where nothing lies between them. */
export function timelineText({ title, workflowId, start, entries, outcome, reason, lengthMs, unmet, realSeconds }: Simulation): string {
  const lines = grouped(entries).map((group) => `${clockText(group[0]!.atMs).padStart(8)}  ${group[0]!.kind.padEnd(7)}  ${textOf(group)}${group[0]!.run === workflowId ? '' : `  [${group[0]!.run}]`}`);
  return [
    title,
    `${workflowId}, from ${start}`,
    '',
    ...lines,
    '',
    `${outcome}${reason === '' ? '' : `: ${reason}`}`,
    ...unmet.map((complaint) => `not as the story expects: ${complaint}`),
    `${duration(minutesOf(lengthMs) * 60_000)} of simulated time in ${realSeconds} s`,
  ].join('\n');
}

function textOf(group: readonly Entry[]): string {
  return [...new Set(group.map(({ kind, text }) => (kind === 'phase' ? text.charAt(0).toUpperCase() + text.slice(1) : text)))].join(', ');
}

function grouped(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1)?.[0];
    if (last && isQuick(last) && isQuick(entry) && last.run === entry.run && minutesOf(last.atMs) === minutesOf(entry.atMs)) groups.at(-1)!.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** A step that is only its name. */
function isQuick({ kind, text, untilMs }: Entry): boolean {
  return kind === 'step' && untilMs === undefined && !text.includes(':');
}
