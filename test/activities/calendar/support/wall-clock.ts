/**
 * Working time measured without the code under test: a walk over every quarter of an hour, with the wall clock of `Intl`. A range counts from when the clock first reaches its beginning until
 * it first reaches its end; hence the highest local time seen so far, which stands still while the clock repeats an hour.
 */
import type { Calendar, LocalRange } from '../../../../activities/calendar/calendar.ts';
import { weekdays } from '../../../../activities/calendar/calendar.ts';

export const quarter = 900_000;
const dayMs = 86_400_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

function wallTime(instant: number, timeZone: string): string {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  clocks.set(timeZone, clock);
  return clock.format(instant); // 2026-03-08 03:00
}

/** For each quarter between two instants, whether one of the calendars works in it. Both instants are rounded outwards. */
export function workingQuarters(calendars: readonly Calendar[], from: number, until: number): Map<number, boolean> {
  const first = Math.floor(from / quarter) * quarter;
  const quarters = new Map<number, boolean>();
  for (const calendar of calendars) {
    let highest = '';
    for (let instant = first - 2 * dayMs; instant < until; instant += quarter) {
      const shown = wallTime(instant, calendar.timezone);
      if (shown > highest) highest = shown;
      if (instant >= first) quarters.set(instant, (quarters.get(instant) ?? false) || works(calendar, highest));
    }
  }
  return quarters;
}

/** Working time between two instants, in milliseconds. */
export function measured(calendars: readonly Calendar[], from: number, until: number): number {
  let total = 0;
  for (const [start, isWorking] of workingQuarters(calendars, from, until)) if (isWorking) total += Math.max(0, Math.min(until, start + quarter) - Math.max(from, start));
  return total;
}

function works({ week, holidays }: Calendar, shown: string): boolean {
  const [date, time] = shown.split(' ') as [string, string];
  if (holidays.includes(date)) return false;
  const minute = Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  const before = new Date(Date.parse(`${date}T12:00:00Z`) - dayMs).toISOString().slice(0, 10);
  const within = (ranges: LocalRange[], at: number): boolean => ranges.some(({ from, until }) => from <= at && at < until);
  return within(week[dayName(date)], minute) || (!holidays.includes(before) && within(week[dayName(before)], minute + 1440));
}

function dayName(date: string): (typeof weekdays)[number] {
  return weekdays[(new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7]!;
}
