/** Working time: the time in which at least one of several calendars is at work. Instants are milliseconds since the epoch. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { minutesOfDay, weekdays, type Calendar, type LocalRange } from './calendar.ts';
import { instantOf, localDay } from './local-time.ts';

/** From `from` until just before `until`. */
export interface Interval {
  from: number;
  until: number;
}

const minuteMs = 60_000;
const dayMs = minutesOfDay * minuteMs;

/** How much is laid out at once while looking ahead. */
const windowMs = 14 * dayMs;

/** The working time between two instants, in order, disjoint and with gaps between. */
export function workingTime(calendars: readonly Calendar[], from: number, until: number): Interval[] {
  const pieces = calendars.flatMap((calendar) => rangesBetween(calendar, from, until)).sort((one, other) => one.from - other.from);
  const joined: Interval[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last && piece.from <= last.until) last.until = Math.max(last.until, piece.until);
    else joined.push({ ...piece });
  }
  return joined;
}

/**
 * The first instant by which so much working time has passed; for none, `from` itself.
 *
 * @throws EstateInvalid (not retried) when the calendars never work
 */
export function addWorkingTime(calendars: readonly Calendar[], from: number, workMs: number): number {
  let left = workMs;
  if (left <= 0) return from;
  for (const interval of workingTimeFrom(calendars, from)) {
    if (left <= interval.until - interval.from) return interval.from + left;
    left -= interval.until - interval.from;
  }
  throw new Error('not reached: working time has no end');
}

/**
 * The working time that goes on at `from` or comes next. One that never ends is given in pieces of at least two weeks: the next begins where this one ends.
 *
 * @throws EstateInvalid (not retried) when the calendar never works
 */
export function nextWorkingTime(calendar: Calendar, from: number): Interval {
  let found: Interval | undefined;
  for (const interval of workingTimeFrom([calendar], from)) {
    if (found && interval.from !== found.until) break;
    found = { from: found?.from ?? interval.from, until: interval.until };
    if (found.until - found.from >= windowMs) break;
  }
  return found!;
}

/** Working time without end, in order; one stretch may come as several pieces. A calendar without any must not be looked through for ever. */
function* workingTimeFrom(calendars: readonly Calendar[], from: number): Generator<Interval> {
  // Each week has one working day at least. Holidays could take one after the other, and a change of the clock may swallow a short range: hence the four weeks more.
  const longestBreak = 7 * dayMs * (Math.max(0, ...calendars.map(({ holidays }) => holidays.length)) + 4);
  let lastWork = from;
  for (let start = from; start - lastWork <= longestBreak; start += windowMs) {
    const intervals = workingTime(calendars, start, start + windowMs);
    lastWork = intervals.at(-1)?.until ?? lastWork;
    yield* intervals;
  }
  const zones = calendars.map(({ timezone }) => timezone).join(', ');
  throw ApplicationFailure.create({ type: FailureType.EstateInvalid, message: `a calendar (${zones || 'there is none'}) has no working time: give its week at least one range, such as monday: "09:00-17:00"`, nonRetryable: true });
}

function rangesBetween(calendar: Calendar, from: number, until: number): Interval[] {
  const { timezone, week } = calendar;
  const intervals: Interval[] = [];
  const end = localDay(until, timezone);
  // A range of the day before may go over midnight.
  for (let day = localDay(from, timezone) - 1; day <= end; day += 1) {
    if (isHoliday(calendar, day)) continue;
    for (const range of week[weekdays[(((day + 3) % 7) + 7) % 7]!]) { // day 0 was a Thursday
      const { from: begin, until: close } = beforeHoliday(calendar, day, range);
      const interval = {
        from: Math.max(from, instantOf(day * dayMs + begin * minuteMs, timezone)),
        until: Math.min(until, instantOf(day * dayMs + close * minuteMs, timezone)),
      };
      if (interval.from < interval.until) intervals.push(interval);
    }
  }
  return intervals;
}

function beforeHoliday(calendar: Calendar, day: number, { from, until }: LocalRange): LocalRange {
  return { from, until: until > minutesOfDay && isHoliday(calendar, day + 1) ? minutesOfDay : until };
}

function isHoliday({ holidays }: Calendar, day: number): boolean {
  return holidays.length > 0 && holidays.includes(new Date(day * dayMs).toISOString().slice(0, 10));
}
