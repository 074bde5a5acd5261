/** Calendars in the estate file. */
import { z } from 'zod';
import { minutesOfDay, weekdays, type Calendar, type LocalRange, type Weekday } from '../calendar/calendar.ts';
import { isTimeZone } from '../calendar/local-time.ts';
import { oneOrMore } from './one-or-more.ts';

/** A day that exists: `2026-02-30` does not. */
export const date = z
  .string('must be a date such as 2026-12-25')
  .refine((text) => /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text), 'must be a date such as 2026-12-25');

const rangeInWords = 'must be a range of local times, such as "09:00-17:00"; "22:00-06:00" goes over midnight, "00:00-24:00" is the whole day';

const range = z
  .string(rangeInWords)
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, rangeInWords)
  .refine((text) => text.slice(0, 5) !== text.slice(6), rangeInWords)
  .transform((text): LocalRange => {
    const [from, until] = text.split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) as [number, number];
    return { from, until: until > from ? until : until + minutesOfDay };
  });

const day = oneOrMore(range)
  .transform((ranges) => [...ranges].sort((one, other) => one.from - other.from))
  .refine((ranges) => ranges.every((each, index) => index === 0 || ranges[index - 1]!.until <= each.from), 'two ranges of the day overlap; join them');

const week = z
  .partialRecord(z.enum(weekdays), day)
  .transform((days) => Object.fromEntries(weekdays.map((name) => [name, days[name] ?? []])) as Record<Weekday, LocalRange[]>)
  .refine((days) => Object.values(days).some((ranges) => ranges.length > 0), 'has no working time; give at least one day a range, such as monday: "09:00-17:00"');

export const calendar = z.strictObject({
  timezone: z.string().refine(isTimeZone, 'is no time zone that is known here; use an IANA name such as America/Los_Angeles'),
  week,
  holidays: z.array(date).default([]),
}) satisfies z.ZodType<Calendar>;
