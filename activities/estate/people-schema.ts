/** People, groups and the escalation path in the estate file. */
import { z } from 'zod';
import { date } from './calendar-schema.ts';

const text = z.string().min(1);

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
export const dateOrInstant = z
  .string('must be a date such as 2026-12-24, or an instant such as 2026-12-24T12:00:00Z')
  .refine((value) => date.safeParse(value).success || (instantPattern.test(value) && !Number.isNaN(Date.parse(value))), 'must be a date such as 2026-12-24, or an instant such as 2026-12-24T12:00:00Z');

const absence = z.strictObject({ from: dateOrInstant, until: dateOrInstant, delegate: text });

export const person = z.strictObject({
  id: text,
  aliases: z.array(text).default([]),
  calendar: text.nullable().default(null),
  absences: z.array(absence).default([]),
});

/** Names of people. A group holds no group, so that who may decide can be read off the file. */
export const group = z.array(text).min(1, 'must name at least one person');
