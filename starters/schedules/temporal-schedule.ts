/** A row as a schedule of Temporal, and what of a schedule that is there differs from its row. */
import { ScheduleOverlapPolicy, type ScheduleDescription, type ScheduleOptions, type ScheduleSpecDescription } from '@temporalio/client';
import { isAll, type CalendarFields } from '../../activities/estate/cron.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { Overlap } from '../../workflows/domain/schedules.ts';
import type { ScheduleRow, ScheduleTiming } from './rows.ts';

/** The memo of a schedule that Holdpoint has made: only those are ever removed. */
export const ownMemo = { madeBy: 'holdpoint' } as const;

export function isOwn(memo: Record<string, unknown> | undefined): boolean {
  return memo?.['madeBy'] === ownMemo.madeBy;
}

/** The note of a pause that the estate wants; any other is a person's. */
export const estatePauseNote = 'paused in the estate';

const policyOf: Record<Overlap, ScheduleOverlapPolicy> = { skip: ScheduleOverlapPolicy.SKIP, wait: ScheduleOverlapPolicy.BUFFER_ONE, parallel: ScheduleOverlapPolicy.ALLOW_ALL, replace: ScheduleOverlapPolicy.CANCEL_OTHER };

const monthNames = ['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const;
const dayNames = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

export function scheduleOf({ id, workflow, args, description, timing, overlap, catchUpMs }: ScheduleRow) {
  return {
    spec: specOf(timing),
    action: { type: 'startWorkflow', workflowType: workflow, workflowId: id, taskQueue: TaskQueue.Runbooks, args, staticSummary: description },
    policies: { overlap: policyOf[overlap], catchupWindow: catchUpMs, pauseOnFailure: false },
  } satisfies Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>;
}

function specOf(timing: ScheduleTiming) {
  if (timing.kind === 'interval') return { intervals: [{ every: timing.everyMs }] };
  const { minute, hour, dayOfMonth, month, dayOfWeek } = timing.fields;
  const some = <T>(isEvery: boolean, values: T[]) => (isEvery ? ('*' as const) : values);
  return {
    calendars: [{
      minute: some(isAll('minute', minute), minute),
      hour: some(isAll('hour', hour), hour),
      dayOfMonth: some(isAll('dayOfMonth', dayOfMonth), dayOfMonth),
      month: some(isAll('month', month), month.map((of) => monthNames[of - 1]!)),
      dayOfWeek: some(isAll('dayOfWeek', dayOfWeek), dayOfWeek.map((of) => dayNames[of]!)),
    }],
    timezone: timing.timezone,
  };
}

/** What differs, in words; the pause is not among it. Nothing that somebody has changed in Temporal Web UI goes unseen. */
export function differences(found: Pick<ScheduleDescription, 'spec' | 'action' | 'policies'>, row: ScheduleRow): string[] {
  const { action, policies } = scheduleOf(row);
  const same = (one: unknown, other: unknown): boolean => jsonDigest(one) === jsonDigest(other);
  const starts = ({ workflowType, workflowId, taskQueue, args }: { workflowType: string; workflowId: string; taskQueue: string; args?: unknown }) => ({ workflowType, workflowId, taskQueue, args: args ?? [] });
  return [
    ...(same(timingOf(found.spec), plainTiming(row.timing)) ? [] : ['when it runs']),
    ...(same(starts(found.action), starts(action)) ? [] : ['what it starts']),
    ...(found.action.staticSummary === action.staticSummary ? [] : ['its description']),
    ...(found.policies.overlap === policies.overlap ? [] : ['overlap']),
    ...(found.policies.catchupWindow === policies.catchupWindow && !found.policies.pauseOnFailure ? [] : ['how late it is made up for']),
  ];
}

const fieldNames = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

function plainTiming(timing: ScheduleTiming): unknown {
  return timing.kind === 'interval' ? { everyMs: timing.everyMs } : { fields: fieldNames.map((field) => timing.fields[field]), timezone: timing.timezone };
}

/** As Temporal has it; null where no row could be so. */
function timingOf({ calendars = [], intervals = [], skip = [], startAt, endAt, jitter = 0, timezone = '' }: ScheduleSpecDescription): unknown {
  if (skip.length > 0 || startAt !== undefined || endAt !== undefined || jitter > 0 || calendars.length + intervals.length !== 1) return null;
  const [interval] = intervals;
  if (interval !== undefined) return (interval.offset ?? 0) === 0 ? { everyMs: interval.every } : null;
  const calendar = calendars[0]!;
  const isPlain = JSON.stringify(spread(calendar.second as Span<number>[], Number)) === '[0]' && calendar.year.length === 0;
  if (!isPlain) return null;
  const fields: CalendarFields = {
    minute: spread(calendar.minute as Span<number>[], Number),
    hour: spread(calendar.hour as Span<number>[], Number),
    dayOfMonth: spread(calendar.dayOfMonth as Span<number>[], Number),
    month: spread(calendar.month as Span<string>[], (name) => monthNames.indexOf(name as never) + 1),
    dayOfWeek: spread(calendar.dayOfWeek as Span<string>[], (name) => dayNames.indexOf(name as never)),
  };
  return { fields: fieldNames.map((field) => fields[field]), timezone: timezone === '' ? 'UTC' : timezone };
}

interface Span<T> {
  start: T;
  end: T;
  step: number;
}

/** Every value of the ranges, in order. */
function spread<T>(spans: readonly Span<T>[], numberOf: (value: T) => number): number[] {
  const found = new Set<number>();
  for (const { start, end, step } of spans) for (let value = numberOf(start); value <= numberOf(end); value += step) found.add(value);
  return [...found].sort((one, other) => one - other);
}
