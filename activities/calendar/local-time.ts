/** Between the clock on the wall and absolute time. Local times are numbers here: milliseconds since 1970-01-01T00:00 on the wall. */
import { IANAZone } from 'luxon';

const dayMs = 86_400_000;

/** Whether there is such a time zone. An offset is none: it knows no daylight saving. */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name);
}

/** Days since 1970-01-01 of the local date at an instant. */
export function localDay(instant: number, timezone: string): number {
  return Math.floor((instant + offsetMs(instant, timezone)) / dayMs);
}

/**
 * The first instant at which the wall clock shows this local time or a later one. A time that the clock skips is thus the moment of the jump, and of a time that it shows twice the first
 * counts: local times in order stay in order, so that ranges made of them neither overlap nor vanish into each other.
 */
export function instantOf(local: number, timezone: string): number {
  // No zone moves its clock twice within two days.
  const offsets = [offsetMs(local - dayMs, timezone), offsetMs(local + dayMs, timezone)];
  const shown = offsets.map((offset) => local - offset).filter((instant) => instant + offsetMs(instant, timezone) === local);
  if (shown.length > 0) return Math.min(...shown);

  let [before, after] = [local - Math.max(...offsets), local - Math.min(...offsets)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offsetMs(middle, timezone) < local) before = middle;
    else after = middle;
  }
  return after;
}

/** The first instant of a local date, `2026-12-25`. */
export function startOfDate(date: string, timezone: string): number {
  return instantOf(Date.parse(`${date}T00:00:00Z`), timezone);
}

function offsetMs(instant: number, timezone: string): number {
  return IANAZone.create(timezone).offset(instant) * 60_000;
}
