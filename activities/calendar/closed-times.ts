/** Times in which something is closed: single ones, and those that come again by a rule. When is it closed, and when does it open? */
import { Recurrence, type Occurrence, type Span } from './recurrence.ts';

/** Once, from one instant to another, in milliseconds since the epoch; or again and again. */
export type ClosedTime = { from: number; until: number } | { rule: string; lasts: Span };

/** Beyond this nobody looks for an opening: milliseconds. */
const horizonMs = 366 * 86_400_000;

/** An estate is read again and again, and its rules seldom change. */
const parsed = new Map<string, Recurrence>();
const mostParsed = 200;

function recurrenceOf(rule: string): Recurrence {
  const recurrence = parsed.get(rule) ?? Recurrence.parse(rule);
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(rule, recurrence);
  return recurrence;
}

/** Until when a window goes on that covers the instant; null: none does. Two that touch are two. */
export function closedUntil(time: ClosedTime, instant: number): number | null {
  const covering = 'rule' in time ? recurrenceOf(time.rule).covering(instant, time.lasts) : time.from <= instant && instant < time.until ? [time] : [];
  return covering.length === 0 ? null : Math.max(...covering.map(({ until }) => until));
}

/** The next window that begins later than the instant; null: none will. */
export function nextClosed(time: ClosedTime, instant: number): Occurrence | null {
  if ('rule' in time) return recurrenceOf(time.rule).next(instant, time.lasts);
  return instant < time.from ? time : null;
}

/** The first instant at or after this one at which none of them is closed; null: there is none within a year. */
export function nextOpen(times: readonly ClosedTime[], instant: number): number | null {
  for (let open = instant; open - instant <= horizonMs;) {
    const ends = times.flatMap((time) => closedUntil(time, open) ?? []);
    if (ends.length === 0) return open;
    open = Math.max(...ends);
  }
  return null;
}
