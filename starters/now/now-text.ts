/** The answer as one screen: under 40 lines at 100 columns. What does not fit is counted. */
import { clip } from '../../workflows/domain/answer.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { colour, duration, instant } from '../cli/output.ts';
import { holdpoint } from '../command-line.ts';
import type { NowReport } from './report.ts';

const columns = 100;
const indent = 14;
/** Lines of 100 columns that the page may have. */
const longest = 39;

/** How much of each section is shown. */
interface Room {
  entries: number;
  /** Of one entry. */
  lines: number;
}

/** The more there is, the less is told of each. */
const rooms: readonly Room[] = [{ entries: 3, lines: 2 }, { entries: 2, lines: 2 }, { entries: 2, lines: 1 }, { entries: 1, lines: 1 }];

export function nowText(report: NowReport): string {
  const pages = rooms.map((room) => pageLines(report, room));
  return (pages.find((lines) => rowsOf(lines) <= longest) ?? pages.at(-1)!).join('\n');
}

function pageLines(report: NowReport, room: Room): string[] {
  const { at, target, severity, next } = report;
  const title = `${targetLabel(target)}${severity === null ? '' : `, ${severity}`}`;
  return [
    `${colour.bold(title)}${instant(at).padStart(columns - title.length)}`,
    ...sections(report, room).flatMap(([name, lines]) => section(name, lines, room)),
    '',
    ...wrapped('Next: ', `${clip(next.what, room.lines * columns - 20)}.`, 6).map((line) => colour.bold(line)),
    ...wrapped('  ', `${clip(next.why, room.lines * columns - 20).replace(/[.!?]$/, '')}.`, 2),
    ...next.commands.map((command) => `  ${colour.cyan(command)}`),
  ];
}

/** As a terminal of 100 columns breaks them: commands are not broken here, so that they can be copied. */
function rowsOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
}

/** Sections without anything to tell are left out; the first four are always there. */
function sections(report: NowReport, { entries: most }: Room): [string, string[]][] {
  const shortened = <T>(items: readonly T[], line: (item: T) => string): string[] => [...items.slice(0, most).map(line), ...(items.length > most ? [`and ${items.length - most} more`] : [])];
  const { alerts, lastJob, runs, gates, incidents, stops, freezes, findings, at } = report;
  const since = (instantText: string | null): string => (instantText === null ? '' : `${duration(Date.parse(at) - Date.parse(instantText))}`);
  const optional: [string, string[]][] = [
    ['batch job', lastJob === null ? [] : [`${lastJob.jobName} ${lastJob.status}${lastJob.startedAt === null ? '' : `, begun ${since(lastJob.startedAt)} ago`}${lastJob.status !== 'Failed' || lastJob.error === null ? '' : `: ${lastJob.error}`}`]],
    ['runs', shortened(runs ?? [], ({ workflowId, phase, phaseSince, startedAt }) => `${workflowId}: ${phase ?? 'running'}${phaseSince === null ? '' : ` for ${since(phaseSince)}`}, begun ${since(startedAt)} ago`)],
    ['lock', lockLines(report, since).slice(0, most)],
    ['gates', shortened(gates ?? [], ({ workflowId, gate, deadline, missing, eligible, silence }) => `${gate} of ${workflowId}: ${missing} of ${eligible.join(', ') || 'nobody'} missing, ${duration(Date.parse(deadline) - Date.parse(at))} left, then: ${silence}; ${holdpoint} show ${workflowId}`)],
    ['incidents', shortened(incidents ?? [], ({ workflowId, severity, title, openedAt, acknowledgedBy, nextClock }) => `${severity ?? 'open'} for ${since(openedAt)}: ${title ?? workflowId}${acknowledgedBy === undefined ? ', does not answer' : `, ${acknowledgedBy === null ? 'not acknowledged' : `acknowledged by ${acknowledgedBy}`}`}${nextClock === null ? '' : `; ${nextClock.clock} due ${clockText(nextClock.at, at)}`}`)],
    ['stopped', shortened(stops ?? [], ({ by, reason, since: from }) => `releases, by ${by}${from === '' ? '' : ` for ${since(from)}`}: ${reason}`)],
    ['frozen', shortened(freezes ?? [], ({ name, reason, until }) => `${name}${until === null ? '' : ` until ${instant(until)}`}${reason === null ? '' : `: ${reason}`}`)],
    ['surprising', shortened(findings, (finding) => finding)],
    ['not read', shortened(unreadLines(report), (line) => line)],
  ];
  const alertLines = alerts === null ? ['not known'] : alerts.length === 0 ? ['none fires'] : shortened(alerts, ({ rule, severity, isBreach, since: from, description }) => `${rule} (Sev${severity}${isBreach ? '' : ', slight'})${from === null ? '' : ` for ${since(from)}`}${description === '' ? '' : `: ${description}`}`);
  return [['serving', [servingLine(report)]], ['last change', [changeLine(report, since)]], ['alerts', alertLines], ...optional.filter(([, lines]) => lines.length > 0)];
}

function servingLine({ serving }: NowReport): string {
  if (serving === null) return 'not known';
  if (!serving.exists) return 'nothing: production has no such deployment';
  const { version, verdict, previousVersion, rolledBackFrom, rollback } = serving;
  const back = rollback === null ? 'not known, the registry was not read' : rollback.to === null ? `nowhere (${rollback.refused})${rollback.newestGood === null ? '' : `; newest good version: ${rollback.newestGood}`}` : `${rollback.to} (${rollback.verdict ?? 'not judged'})`;
  return `${version ?? 'a version without a tag'} (${verdict ?? 'not judged yet'})${rolledBackFrom === null ? '' : `, rolled back from ${rolledBackFrom}`}; before it ${previousVersion ?? 'none is tagged'}; a rollback would go to ${back}`;
}

function changeLine({ lastChange }: NowReport, since: (at: string) => string): string {
  if (lastChange === null) return 'none is known';
  const { at, what, version, run, by, shownBy } = lastChange;
  const who = `${by.length === 0 ? '' : ` by ${by.join(', ')}`}${run === null ? ', without a run on record' : `, ${run.split('/')[0]}`}`;
  return `${since(at)} ago: ${what}${version === null || what.includes(version) ? '' : `, version ${version}`}${who} (${shownBy.join(' and ')})`;
}

function lockLines({ lock }: NowReport, since: (at: string) => string): string[] {
  if (lock === null || (lock.holder === null && lock.queue.length === 0)) return lock === null ? [] : ['free'];
  const { holder, queue } = lock;
  const held = holder === null ? 'free' : `held by ${holder.workflowId} (${holder.what}) for ${since(holder.since)}`;
  return [held, ...(queue.length === 0 ? [] : [`${queue.length} wait: ${queue.slice(0, 3).map(({ workflowId }) => workflowId).join(', ')}${queue.length > 3 ? ' and others' : ''}`])];
}

/** Sources that give the same reason share a line. */
function unreadLines({ unread }: NowReport): string[] {
  const byReason = new Map<string, string[]>();
  for (const { source, reason } of unread) byReason.set(reason, [...(byReason.get(reason) ?? []), source]);
  return [...byReason].map(([reason, names]) => `${[...new Set(names)].join(', ')}: ${reason}`);
}

function clockText(due: string, at: string): string {
  const left = Date.parse(due) - Date.parse(at);
  return left < 0 ? `${duration(-left)} ago` : `in ${duration(left)}`;
}

function section(name: string, lines: readonly string[], room: Room): string[] {
  return lines.flatMap((line, index) => wrapped(index === 0 ? `  ${name.padEnd(indent - 2)}` : ' '.repeat(indent), clip(line, room.lines * (columns - indent) - 10), indent));
}

/** Words on lines of 100 columns, the further ones indented. */
function wrapped(first: string, text: string, hanging: number): string[] {
  const lines = [first];
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && lines.at(-1)!.length + 1 + word.length > columns) {
      lines.push(' '.repeat(hanging));
      isEmpty = true;
    }
    lines.push(`${lines.pop()!}${isEmpty ? '' : ' '}${word}`);
    isEmpty = false;
  }
  return lines;
}
