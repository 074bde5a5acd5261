/** Recurrence rules of RFC 5545 (iCalendar), as freezes are declared by them: `DTSTART` with its time zone, one `RRULE`, any `EXDATE` and `RDATE`. */
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { isTimeZone } from './local-time.ts';

/** Days of the calendar, which the change of a clock makes longer or shorter, and exact milliseconds: as RFC 5545 counts a DURATION. */
export interface Span {
  days: number;
  ms: number;
}

type Moment = Temporal.ZonedDateTime;

/** An occurrence's beginning and end: milliseconds since the epoch. */
export interface Occurrence {
  from: number;
  until: number;
}

const weekday = '(MO|TU|WE|TH|FR|SA|SU)';
const number = '0*[1-9]\\d{0,3}';
const listOf = (item: string): RegExp => new RegExp(`^${item}(,${item})*$`);
const upTo = (pattern: string): RegExp => listOf(`[+-]?(${pattern})`);

/** The parts of a rule, and what each may say. The library leaves out in silence what it does not know or what is out of range: a freeze would then be another than was meant. */
const parts: Record<string, RegExp> = {
  FREQ: /^(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY)$/,
  INTERVAL: new RegExp(`^${number}$`),
  COUNT: new RegExp(`^${number}$`),
  UNTIL: /^\d{8}T\d{6}Z$/,
  WKST: new RegExp(`^${weekday}$`),
  BYDAY: listOf(`([+-]?([1-9]|[1-4]\\d|5[0-3]))?${weekday}`),
  BYMONTH: listOf('0?([1-9]|1[0-2])'),
  BYMONTHDAY: upTo('0?[1-9]|[12]\\d|3[01]'),
  BYYEARDAY: upTo('[1-9]\\d?|[12]\\d\\d|3[0-5]\\d|36[0-6]'),
  BYWEEKNO: upTo('0?[1-9]|[1-4]\\d|5[0-3]'),
  BYHOUR: listOf('([01]?\\d|2[0-3])'),
  BYMINUTE: listOf('[0-5]?\\d'),
  BYSECOND: listOf('[0-5]?\\d'),
  BYSETPOS: upTo('[1-9]\\d?|[12]\\d\\d|3[0-5]\\d|36[0-6]'),
};

/** A rule that was read. */
export class Recurrence {
  readonly #rule: RRuleTemporal<Moment>;

  private constructor(rule: RRuleTemporal<Moment>) {
    this.#rule = rule;
  }

  /** @throws Error saying which line is wrong, and what it should be */
  static parse(text: string): Recurrence {
    // A line that begins with a space continues the one before.
    const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '');
    const given = lines.map((line) => ({ line, ...property(line) }));
    const only = (name: string): (typeof given)[number] => {
      const found = given.filter((each) => each.name === name);
      if (found.length !== 1) throw new Error(`has ${found.length === 0 ? 'no' : 'more than one'} ${name} line; it needs one, such as ${name === 'DTSTART' ? 'DTSTART;TZID=Europe/Berlin:20261220T180000' : 'RRULE:FREQ=YEARLY'}`);
      return found[0]!;
    };
    const [start] = momentsOf(only('DTSTART'));
    const rrule = ruleOf(only('RRULE'));
    const listed = (name: string): Moment[] => given.filter((each) => each.name === name).flatMap(momentsOf);
    const exDate = listed('EXDATE');
    const bare = make(rrule, start!, {});
    // RFC 5545 leaves undefined what a start means that is no occurrence itself.
    if (!occurs(bare, start!)) throw new Error(`${only('DTSTART').line}: is no occurrence of ${rrule}${nextOf(bare, start!)}`);
    for (const excluded of exDate) if (!occurs(bare, excluded)) throw new Error(`EXDATE ${excluded.toPlainDateTime().toString()} excludes nothing: it is no occurrence of ${rrule}${nextOf(bare, excluded)}`);
    return new Recurrence(make(rrule, start!, { exDate, rDate: listed('RDATE') }));
  }

  /** The occurrences that cover an instant, each as long as `lasts`. */
  covering(instant: number, lasts: Span): Occurrence[] {
    const longest = (lasts.days + 1) * 86_400_000 + lasts.ms; // a day may have more than 24 hours
    return this.#rule.between(new Date(instant - longest), new Date(instant), true).map((start) => occurrence(start, lasts)).filter(({ until }) => until > instant);
  }

  /** The first occurrence that begins later than an instant; null: none does. */
  next(instant: number, lasts: Span): Occurrence | null {
    const start = this.#rule.next(new Date(instant), false);
    return start === null ? null : occurrence(start, lasts);
  }
}

function occurrence(start: Moment, { days, ms }: Span): Occurrence {
  return { from: start.epochMilliseconds, until: start.add({ days }).epochMilliseconds + ms };
}

/** `NAME;PARAMETER=value:content` in its parts. */
function property(line: string): { name: string; parameters: string[]; content: string } {
  const [, name, rest = '', content = ''] = /^([A-Z]+)((?:;[^:;]+)*):(.+)$/.exec(line) ?? [];
  if (name === undefined || !['DTSTART', 'RRULE', 'EXDATE', 'RDATE'].includes(name)) throw new Error(`"${line.slice(0, 80)}" is no line of a rule; it has DTSTART, RRULE, EXDATE and RDATE lines, such as RRULE:FREQ=YEARLY`);
  return { name, parameters: rest.split(';').filter((parameter) => parameter !== ''), content };
}

/** Instants of a DTSTART, EXDATE or RDATE line. A local time that the clock skips is read with the offset before the jump, and of one that it shows twice the first is meant, as RFC 5545 says. */
function momentsOf({ line, name, parameters, content }: ReturnType<typeof property> & { line: string }): Moment[] {
  const zones = parameters.flatMap((parameter) => (parameter.startsWith('TZID=') ? [parameter.slice(5)] : []));
  if (parameters.length !== zones.length || zones.length > 1) throw new Error(`${line.slice(0, 80)}: of parameters only one TZID is understood; a time is 20261220T180000`);
  const [zone] = zones;
  if (zone !== undefined && !isTimeZone(zone)) throw new Error(`${line.slice(0, 80)}: ${zone} is no time zone that is known here; use an IANA name such as America/Los_Angeles`);
  const texts = content.split(',');
  if (name === 'DTSTART' && texts.length > 1) throw new Error(`${line.slice(0, 80)}: names more than one time`);
  return texts.map((text) => {
    const [, year, month, day, hour, minute, second, isUtc] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z)?$/.exec(text) ?? [];
    if (year === undefined || (isUtc === undefined) === (zone === undefined)) throw new Error(`${line.slice(0, 80)}: must be a local time with its time zone, such as ${name};TZID=Europe/Berlin:20261220T180000, or one of UTC, such as ${name}:20261220T170000Z`);
    try {
      return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`, { overflow: 'reject' }).toZonedDateTime(zone ?? 'UTC');
    } catch {
      throw new Error(`${line.slice(0, 80)}: ${text} is no date and time that there is`);
    }
  });
}

function ruleOf({ line, parameters, content }: ReturnType<typeof property> & { line: string }): string {
  if (parameters.length > 0) throw new Error(`${line.slice(0, 80)}: an RRULE has no parameters`);
  const seen = new Set<string>();
  for (const part of content.split(';')) {
    const [name = '', value = ''] = part.split('=');
    const pattern = Object.hasOwn(parts, name) ? parts[name]! : undefined;
    if (pattern === undefined) throw new Error(`RRULE: ${part.slice(0, 40)} is none of its parts (${Object.keys(parts).join(', ')})`);
    if (!pattern.test(value)) throw new Error(`RRULE: ${part.slice(0, 40)} is out of range or has another form${name === 'FREQ' ? '; it is YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY' : name === 'UNTIL' ? '; it is an instant of UTC, such as 20271231T235959Z' : ''}`);
    if (seen.has(name)) throw new Error(`RRULE: says ${name} twice`);
    seen.add(name);
  }
  if (!seen.has('FREQ')) throw new Error('RRULE: lacks FREQ, such as FREQ=YEARLY');
  return `RRULE:${content}`;
}

function make(rruleString: string, dtstart: Moment, dates: { exDate?: Moment[]; rDate?: Moment[] }): RRuleTemporal<Moment> {
  return new RRuleTemporal<Moment>({ rruleString, dtstart, strict: true, temporal: Temporal, ...dates });
}

function occurs(rule: RRuleTemporal<Moment>, moment: Moment): boolean {
  try {
    return rule.matches(moment);
  } catch {
    throw new Error('RRULE: has no occurrence at all'); // the library gives up after so many periods
  }
}

function nextOf(rule: RRuleTemporal<Moment>, moment: Moment): string {
  const next = rule.next(new Date(moment.epochMilliseconds), false);
  return next === null ? '' : `; the next one is ${next.toPlainDateTime().toString()}`;
}
