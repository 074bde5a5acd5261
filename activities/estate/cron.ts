/** Times of day and days, as the estate writes them: a cron expression of five fields, or a calendar in words. Both become lists of numbers. */
import { z } from 'zod';

/** Which minutes, hours, days and months; each list in order and without repetition. A day must fit all of `dayOfMonth`, `month` and `dayOfWeek` (0 is Sunday). */
export interface CalendarFields {
  minute: number[];
  hour: number[];
  dayOfMonth: number[];
  month: number[];
  dayOfWeek: number[];
}

/** With how it was written. */
export interface WrittenCalendar {
  text: string;
  fields: CalendarFields;
}

const fieldNames = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;
type Field = (typeof fieldNames)[number];

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const bounds: Record<Field, readonly [least: number, most: number]> = { minute: [0, 59], hour: [0, 23], dayOfMonth: [1, 31], month: [1, 12], dayOfWeek: [0, 6] };
const names: Partial<Record<Field, readonly string[]>> = { month: months, dayOfWeek: weekdays.map((day) => day.slice(0, 3)) };

/** Every value of a field. */
export function allOf(field: Field): number[] {
  const [least, most] = bounds[field];
  return Array.from({ length: most - least + 1 }, (_, index) => least + index);
}

export function isAll(field: Field, values: readonly number[]): boolean {
  return values.length === allOf(field).length;
}

/** Reads a cron expression; a text is what is wrong with it. */
export function parseCron(text: string): CalendarFields | string {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) return `must have five fields (minute, hour, day of the month, month, day of the week), not ${parts.length}, such as "0 6 1 * *"`;
  const fields = {} as CalendarFields;
  for (const [index, field] of fieldNames.entries()) {
    const values = parseField(field, parts[index]!.toLowerCase());
    if (typeof values === 'string') return values;
    fields[field] = values;
  }
  // Some programs take either of them then, others both.
  if (!isAll('dayOfMonth', fields.dayOfMonth) && !isAll('dayOfWeek', fields.dayOfWeek)) return 'names days of the month and of the week, which programs understand differently; leave one of them at "*", or write it as a calendar, where both must fit';
  return dayProblem(fields) ?? fields;
}

function parseField(field: Field, part: string): number[] | string {
  const [least, most] = bounds[field];
  const found = new Set<number>();
  for (const item of part.split(',')) {
    const match = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item);
    const [, from = '', to, step = '1'] = match ?? [];
    const first = from === '*' ? least : valueOf(field, from);
    const last = to === undefined ? (from === '*' || item.includes('/') ? most : first) : valueOf(field, to);
    const isRange = match !== null && !(from === '*' && to !== undefined) && first !== null && last !== null && first <= last && Number(step) >= 1;
    // Sunday is 0 and 7.
    const end = field === 'dayOfWeek' ? 7 : most;
    if (!isRange || first < least || last > end) return `its ${inWords[field]} "${item}" is nothing between ${least} and ${end}`;
    for (let value = first; value <= last; value += Number(step)) found.add(field === 'dayOfWeek' ? value % 7 : value);
  }
  return [...found].sort((one, other) => one - other);
}

const inWords: Record<Field, string> = { minute: 'minute', hour: 'hour', dayOfMonth: 'day of the month', month: 'month', dayOfWeek: 'day of the week' };

function valueOf(field: Field, text: string): number | null {
  const named = names[field]?.indexOf(text) ?? -1;
  if (named >= 0) return named + bounds[field][0];
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** A day that never comes would be a schedule that never runs. */
function dayProblem({ dayOfMonth, month }: CalendarFields): string | null {
  const longest = (of: number): number => (of === 2 ? 29 : [4, 6, 9, 11].includes(of) ? 30 : 31);
  return month.some((of) => dayOfMonth.some((day) => day <= longest(of))) ? null : `there is no day ${dayOfMonth.join(', ')} in month ${month.join(', ')}`;
}

export const cron = z.string('must be a text; put it in quotes').transform((text, context): WrittenCalendar => {
  const fields = parseCron(text);
  if (typeof fields !== 'string') return { text: text.trim(), fields };
  context.addIssue({ code: 'custom', message: fields });
  return z.NEVER;
});

/** One number or several. */
const numbers = (field: Field) => {
  const [least, most] = bounds[field];
  const message = `must be a whole number from ${least} to ${most}, or a list of them`;
  const one = z.int(message).min(least, message).max(most, message);
  return z.union([one, z.array(one).min(1, 'must name at least one, or be left out')], message).transform((given) => sorted(Array.isArray(given) ? given : [given]));
};
const dayName = z.enum(weekdays as [string, ...string[]]);
const dayNames = z.union([dayName, z.array(dayName).min(1, 'must name at least one, or be left out')], `must be ${weekdays.join(', ')}, or a list of them`).transform((given) => sorted((Array.isArray(given) ? given : [given]).map((day) => weekdays.indexOf(day))));

/** Left out: any day and month, at midnight. */
export const calendarTimes = z
  .strictObject({ month: numbers('month').optional(), dayOfMonth: numbers('dayOfMonth').optional(), dayOfWeek: dayNames.optional(), hour: numbers('hour').default([0]), minute: numbers('minute').default([0]) }, 'must be {month, dayOfMonth, dayOfWeek, hour, minute}')
  .transform((given, context): WrittenCalendar => {
    const fields = { minute: given.minute, hour: given.hour, dayOfMonth: given.dayOfMonth ?? allOf('dayOfMonth'), month: given.month ?? allOf('month'), dayOfWeek: given.dayOfWeek ?? allOf('dayOfWeek') };
    const problem = dayProblem(fields);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    return { text: calendarText(fields), fields };
  });

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}

function calendarText({ minute, hour, dayOfMonth, month, dayOfWeek }: CalendarFields): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const times = hour.flatMap((of) => minute.map((at) => `${two(of)}:${two(at)}`));
  return [
    times.length > 4 ? `${times.slice(0, 3).join(', ')} …` : times.join(', '),
    ...(isAll('dayOfWeek', dayOfWeek) ? [] : [`on ${dayOfWeek.map((day) => weekdays[day]).join(', ')}`]),
    ...(isAll('dayOfMonth', dayOfMonth) ? [] : [`on day ${dayOfMonth.join(', ')}`]),
    ...(isAll('month', month) ? [] : [`of month ${month.join(', ')}`]),
  ].join(' ');
}
