/** When somebody is at work, or when something may be done: a week of local times in one time zone, and the days on which nothing counts. */

/** Monday first, as ISO 8601 counts them. */
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

export const minutesOfDay = 24 * 60;

/** Local times in minutes from the midnight with which the day begins; `until` is the first minute that no longer counts, and lies past the day's end when the range goes over midnight. */
export interface LocalRange {
  from: number;
  until: number;
}

export interface Calendar {
  /** IANA name. */
  timezone: string;
  /** The ranges that begin on each day of the week, in order and disjoint. */
  week: Record<Weekday, LocalRange[]>;
  /** Local dates, `2026-12-25`: nothing counts from midnight to midnight, nor does the rest of a range that begins on one. */
  holidays: string[];
}
