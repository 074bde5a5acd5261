/** The schedules that there should be: those that come with Holdpoint, as the estate changes them, and those that the estate declares. */
import type { CalendarFields, WrittenCalendar } from '../../activities/estate/cron.ts';
import { isAll } from '../../activities/estate/cron.ts';
import { complaintAbout } from '../../activities/estate/estate-file.ts';
import { isBuiltIn, type DeclaredSchedule } from '../../activities/estate/schedules-schema.ts';
import { selectTargets } from '../../activities/estate/scheduled-targets.ts';
import type { Estate } from '../../activities/estate/schema.ts';
import { inWords } from '../../workflows/domain/issue-words.ts';
import { builtInSchedules, perTargetRunbook, type Overlap, type StartForTargetsInput, type TargetSelection } from '../../workflows/domain/schedules.ts';
import { runbooks } from '../runbooks.ts';
import { builtInRows } from './built-in.ts';

export type ScheduleTiming = { kind: 'interval'; everyMs: number } | { kind: 'calendar'; fields: CalendarFields; timezone: string };

export interface ScheduleRow {
  /** Of the schedule, and the beginning of its runs' ids. */
  id: string;
  description: string;
  /** What it is for; the workflow that it starts may be one that starts this for each circuit. */
  runbook: string;
  workflow: string;
  args: unknown[];
  timing: ScheduleTiming;
  /** The timing, for people. */
  when: string;
  overlap: Overlap;
  catchUpMs: number;
  /** Whether the estate wants it paused. */
  paused: boolean;
  /** Whether this build has its runbook. */
  isInBuild: boolean;
}

const hour = 3_600_000;
const ordinaryParallel = 4;

/**
 * Puts the rows together, those that come with Holdpoint first.
 *
 * @param file where the estate was read, for complaints
 * @throws EstateInvalid naming file, line and field of an input that its runbook does not take
 */
export async function scheduleRows(estate: Estate, file: string): Promise<ScheduleRow[]> {
  const declared = Object.entries(estate.schedules).filter(([id]) => !isBuiltIn(id));
  const rows = [...builtInSchedules.map((id) => row(id, estate.schedules[id] ?? {})), ...declared.map(([id, as]) => row(id, as))];
  for (const [id, { input, runbook = id, targets }] of Object.entries(estate.schedules)) {
    const problem = inputProblem(estate, runbook, input ?? {}, selectionOf(targets));
    if (problem !== null) throw await complaintAbout(file, ['schedules', id, ...(input === undefined ? [] : ['input']), ...problem.path], problem.message);
  }
  return rows;
}

function row(id: string, declared: DeclaredSchedule): ScheduleRow {
  const builtIn = isBuiltIn(id) ? builtInRows[id] : undefined;
  const { runbook = id, description, overlap = builtIn?.overlap ?? 'skip', paused = false, input } = declared;
  const timing = timingOf(declared, builtIn?.everyMs);
  const isChanged = declared.every !== undefined || timing.kind === 'calendar';
  const starts = startOf(id, runbook, declared, timing);
  return {
    id, runbook, timing, overlap, paused,
    description: description ?? builtIn?.description ?? descriptionOf(runbook),
    ...(starts ?? { workflow: runbook, args: builtIn && builtIn.input === undefined ? [] : [{ ...builtIn?.input, ...input }] }),
    when: timing.kind === 'interval' ? `every ${lengthOf(timing.everyMs)}` : `${(declared.cron ?? declared.calendar)!.text} ${timing.timezone}`,
    catchUpMs: declared.catchUp ?? (isChanged ? undefined : builtIn?.catchUpMs) ?? catchUpOf(timing),
    isInBuild: isBuiltIn(id) || runbooks.some(({ name }) => name === runbook),
  };
}

/** A runbook for one circuit is started for each by a workflow of its own. */
function startOf(schedule: string, runbook: string, { targets, oncePer, maxParallel = ordinaryParallel, input = {} }: DeclaredSchedule, timing: ScheduleTiming): Pick<ScheduleRow, 'workflow' | 'args'> | null {
  if (perTargetRunbook(runbook) === undefined) return null;
  const start: StartForTargetsInput = { schedule, runbook, select: selectionOf(targets), oncePer: oncePer!, timezone: timing.kind === 'calendar' ? timing.timezone : 'UTC', input, maxParallel };
  return { workflow: 'startForTargets', args: [start] };
}

function selectionOf(targets: DeclaredSchedule['targets']): TargetSelection {
  return { plants: targets?.plants ?? null, severities: targets?.severities ?? null };
}

function timingOf({ every, cron, calendar, timezone = 'UTC' }: DeclaredSchedule, ordinaryMs?: number): ScheduleTiming {
  const written: WrittenCalendar | undefined = cron ?? calendar;
  return written === undefined ? { kind: 'interval', everyMs: every ?? ordinaryMs! } : { kind: 'calendar', fields: written.fields, timezone };
}

/**
 * How late a run that was missed is still made up for. Of an interval, one of its lengths: the last one that was due. What is due on certain days waits for three days, as long as a weekend
 * with an outage; what is due daily for one, and what is due more often for an hour.
 */
function catchUpOf(timing: ScheduleTiming): number {
  if (timing.kind === 'interval') return timing.everyMs;
  const { minute, hour: hours, dayOfMonth, month, dayOfWeek } = timing.fields;
  if (!isAll('dayOfMonth', dayOfMonth) || !isAll('month', month) || !isAll('dayOfWeek', dayOfWeek)) return 72 * hour;
  return minute.length * hours.length === 1 ? 24 * hour : hour;
}

function descriptionOf(runbook: string): string {
  return runbooks.find(({ name }) => name === runbook)?.description ?? runbook;
}

/** What its runbook would say to the input; null: it takes it, or is not known here. */
function inputProblem(estate: Estate, name: string, input: object, select: TargetSelection): { path: string[]; message: string } | null {
  const runbook = runbooks.find((each) => each.name === name);
  if (runbook === undefined) return name === 'anchorRecord' && Object.keys(input).length > 0 ? { path: [], message: 'anchorRecord takes no input; leave it out' } : null;
  const perTarget = perTargetRunbook(name);
  const [target] = selectTargets(estate, select);
  if (perTarget && 'target' in input) return { path: ['target'], message: 'each circuit that is selected is the target; leave it out' };
  const parsed = runbook.schema.safeParse(perTarget ? perTarget.input(target!, input, 'a schedule') : input);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? [String(issue.keys[0])] : [];
  return { path: [...(issue?.path ?? []).map(String), ...unknown], message: unknown.length > 0 ? `is not a field of ${name}'s input` : (issue === undefined ? 'does not fit' : inWords(issue)) };
}

/** As the estate would write it. */
function lengthOf(ms: number): string {
  const [length, unit] = ms % (24 * hour) === 0 ? [ms / (24 * hour), 'd'] : ms % hour === 0 ? [ms / hour, 'h'] : ms % 60_000 === 0 ? [ms / 60_000, 'm'] : [ms / 1000, 's'];
  return ms === 24 * hour ? '24h' : `${length}${unit}`;
}
