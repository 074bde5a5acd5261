/** How long so much working time can take by the clock on the wall, whenever it begins. */
import type { Calendar } from './calendar.ts';
import { workingTime, type Interval } from './working-time.ts';

export interface WorkingSpan {
  /** Begun as work begins. */
  shortestMs: number;
  /** Begun as work ends. Holidays make it longer still. */
  longestMs: number;
}

/** An ordinary year with its changes of the clock; holidays are left out, for they come and go. */
const year = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) };

/** An estate is read again and again, and a year takes a tenth of a second to lay out. */
const laidOut = new Map<string, Interval[]>();
const mostLaidOut = 100;

function ordinaryYear(calendars: readonly Calendar[]): Interval[] {
  const key = JSON.stringify(calendars.map(({ timezone, week }) => ({ timezone, week })));
  const known = laidOut.get(key) ?? workingTime(calendars.map((calendar) => ({ ...calendar, holidays: [] })), year.from, year.until);
  if (laidOut.size >= mostLaidOut) laidOut.clear();
  laidOut.set(key, known);
  return known;
}

/** Null where so much working time does not fit into a year. */
export function workingSpan(calendars: readonly Calendar[], workMs: number): WorkingSpan | null {
  const intervals = ordinaryYear(calendars);
  /** When so much has been worked, from the beginning of an interval. */
  const worked = (index: number): number | null => {
    let left = workMs;
    for (let next = index; next < intervals.length; next += 1) {
      const { from, until } = intervals[next]!;
      if (left <= until - from) return from + left;
      left -= until - from;
    }
    return null;
  };
  const span: WorkingSpan = { shortestMs: Infinity, longestMs: 0 };
  for (const [index, { from }] of intervals.entries()) {
    const end = worked(index);
    if (end === null) break;
    const before = intervals[index - 1]?.until ?? from;
    span.shortestMs = Math.min(span.shortestMs, end - from);
    span.longestMs = Math.max(span.longestMs, end - before);
  }
  return Number.isFinite(span.shortestMs) ? span : null;
}
