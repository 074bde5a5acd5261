import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { closedUntil, nextClosed, nextOpen, type ClosedTime } from '../../../activities/calendar/closed-times.ts';
import { Recurrence } from '../../../activities/calendar/recurrence.ts';

const hour = 3_600_000;
const day = 24 * hour;
const at = (text: string): number => Date.parse(text);
const iso = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString());
const days = (count: number) => ({ days: count, ms: 0 });
const hours = (count: number) => ({ days: 0, ms: count * hour });

describe('a recurrence rule', () => {
  const start = 'DTSTART;TZID=Europe/Berlin:20261220T180000';
  const cases: [string, RegExp][] = [
    ['RRULE:FREQ=YEARLY', /has no DTSTART line; it needs one, such as DTSTART;TZID=Europe\/Berlin:20261220T180000/],
    [start, /has no RRULE line/],
    [`${start}\n${start}\nRRULE:FREQ=YEARLY`, /more than one DTSTART line/],
    ['DTSTART;TZID=Europe/Berlyn:20261220T180000\nRRULE:FREQ=YEARLY', /Europe\/Berlyn is no time zone/],
    ['DTSTART:20261220T180000\nRRULE:FREQ=YEARLY', /must be a local time with its time zone/],
    ['DTSTART;TZID=Europe/Berlin:20261220T180000Z\nRRULE:FREQ=YEARLY', /must be a local time with its time zone/],
    ['DTSTART;VALUE=DATE:20261220\nRRULE:FREQ=YEARLY', /only one TZID is understood/],
    ['DTSTART;TZID=Europe/Berlin:20260230T180000\nRRULE:FREQ=YEARLY', /20260230T180000 is no date and time that there is/],
    [`${start}\nRRULE:FREQ=SECONDLY`, /FREQ=SECONDLY is out of range.*YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY/],
    [`${start}\nRRULE:INTERVAL=2`, /lacks FREQ/],
    [`${start}\nRRULE:FREQ=DAILY;EVERY=2`, /EVERY=2 is none of its parts/],
    [`${start}\nRRULE:FREQ=DAILY;BYHOUR=25`, /BYHOUR=25 is out of range/],
    [`${start}\nRRULE:FREQ=DAILY;BYDAY=XX`, /BYDAY=XX is out of range/],
    [`${start}\nRRULE:FREQ=DAILY;COUNT=2;COUNT=3`, /says COUNT twice/],
    [`${start}\nRRULE:FREQ=DAILY;UNTIL=20270101`, /UNTIL=20270101 .* instant of UTC/],
    [`${start}\nRRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z`, /COUNT and UNTIL/],
    [`${start}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30`, /has no occurrence at all/],
    [`${start}\nRRULE:FREQ=WEEKLY;BYDAY=MO`, /is no occurrence of RRULE:FREQ=WEEKLY;BYDAY=MO; the next one is 2026-12-21T18:00:00/],
    [`${start}\nRRULE:FREQ=YEARLY\nEXDATE;TZID=Europe/Berlin:20271221T180000`, /EXDATE 2027-12-21T18:00:00 excludes nothing.*the next one is 2028-12-20T18:00:00/],
    [`${start}\nRRULE:FREQ=YEARLY\nSUMMARY:no`, /"SUMMARY:no" is no line of a rule/],
  ];
  for (const [text, complaint] of cases) it(`is refused: ${text.replaceAll('\n', ' | ')}`, () => assert.throws(() => Recurrence.parse(text), { message: complaint }));

  it('is read with folded lines, lists of exceptions, and times of UTC', () => {
    const rule: ClosedTime = { rule: 'DTSTART:20260105T220000Z\r\nRRULE:FREQ=WEEKLY;\r\n BYDAY=MO\nEXDATE:20260112T220000Z,20260119T220000Z\nRDATE:20260114T100000Z', lasts: hours(2) };
    assert.equal(closedUntil(rule, at('2026-01-12T22:30:00Z')), null);
    assert.equal(iso(closedUntil(rule, at('2026-01-14T11:00:00Z'))), '2026-01-14T12:00:00.000Z');
    assert.equal(iso(nextClosed(rule, at('2026-01-14T12:00:00Z'))!.from), '2026-01-26T22:00:00.000Z');
  });
});

describe('times in which something is closed', () => {
  it('go over the end of the year', () => {
    const yearEnd: ClosedTime = { rule: 'DTSTART;TZID=America/Los_Angeles:20261218T170000\nRRULE:FREQ=YEARLY', lasts: days(17) };
    assert.equal(closedUntil(yearEnd, at('2026-12-19T00:59:59Z')), null);
    for (const instant of ['2026-12-19T01:00:00Z', '2027-01-01T08:00:00Z', '2027-01-05T00:59:59Z']) assert.equal(iso(closedUntil(yearEnd, at(instant))), '2027-01-05T01:00:00.000Z', instant);
    assert.equal(closedUntil(yearEnd, at('2027-01-05T01:00:00Z')), null);
    assert.equal(iso(nextClosed(yearEnd, at('2027-01-05T01:00:00Z'))!.from), '2027-12-19T01:00:00.000Z');
  });

  it('last days of the calendar, or exact hours, where the clock is changed', () => {
    const rule = 'DTSTART;TZID=Europe/Berlin:20260328T120000\nRRULE:FREQ=YEARLY';
    assert.equal(iso(closedUntil({ rule, lasts: days(1) }, at('2026-03-28T12:00:00Z'))), '2026-03-29T10:00:00.000Z'); // noon again, 23 hours later
    assert.equal(iso(closedUntil({ rule, lasts: hours(24) }, at('2026-03-28T12:00:00Z'))), '2026-03-29T11:00:00.000Z');
  });

  it('leave out, as RFC 5545 says, what the clock skips, and take the first of what it shows twice', () => {
    const nightly: ClosedTime = { rule: 'DTSTART;TZID=Europe/Berlin:20260101T023000\nRRULE:FREQ=DAILY', lasts: { days: 0, ms: hour / 2 } };
    assert.equal(iso(nextClosed(nightly, at('2026-03-28T02:00:00Z'))!.from), '2026-03-30T00:30:00.000Z'); // there is no 02:30 on 29 March
    assert.equal(iso(nextClosed(nightly, at('2026-10-24T12:00:00Z'))!.from), '2026-10-25T00:30:00.000Z');
    assert.equal(closedUntil(nightly, at('2026-10-25T01:45:00Z')), null); // 02:45 for the second time
  });

  it('open when all have ended and none has begun; never within a year when there is always one', () => {
    const first: ClosedTime = { from: at('2026-12-01T00:00:00Z'), until: at('2026-12-03T00:00:00Z') };
    const second: ClosedTime = { from: at('2026-12-02T00:00:00Z'), until: at('2026-12-05T00:00:00Z') };
    const touching: ClosedTime = { from: at('2026-12-05T00:00:00Z'), until: at('2026-12-06T00:00:00Z') };
    assert.equal(iso(nextOpen([touching, second, first], at('2026-12-01T12:00:00Z'))), '2026-12-06T00:00:00.000Z');
    assert.equal(iso(nextOpen([first], at('2026-12-04T00:00:00Z'))), '2026-12-04T00:00:00.000Z');
    const always: ClosedTime = { rule: 'DTSTART;TZID=Europe/Berlin:20260101T000000\nRRULE:FREQ=DAILY', lasts: days(1) };
    assert.equal(nextOpen([always], at('2026-06-01T00:00:00Z')), null);
  });
});

const zones = ['America/Los_Angeles', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana', 'Asia/Kathmandu', 'UTC'];
/** About changes of the clock in these zones, and about the end of a year. */
const moments = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-04-24', '2026-10-04', '2026-10-25', '2026-10-30', '2026-11-01', '2026-12-31'].map((date) => at(`${date}T00:00:00Z`));
const someTime = fc.tuple(fc.constantFrom(...moments), fc.integer({ min: -3 * 96, max: 3 * 96 })).map(([moment, quarters]) => moment + quarters * 900_000);

describe('times by a rule, beside the local clock of another library', () => {
  it('are those of each day at a local time', () => {
    fc.assert(fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 95 }), fc.integer({ min: 1, max: 40 }), fc.boolean(), someTime, (zone, quarter, length, isDays, instant) => {
      const [hourOfDay, minute] = [Math.floor(quarter / 4), (quarter % 4) * 15];
      const lasts = isDays ? days(1 + (length % 3)) : { days: 0, ms: length * 3 * 900_000 };
      const begin = DateTime.fromObject({ year: 2026, month: 1, day: 1, hour: hourOfDay, minute }, { zone });
      const closed = closedUntil({ rule: `DTSTART;TZID=${zone}:${begin.toFormat("yyyyMMdd'T'HHmmss")}\nRRULE:FREQ=DAILY`, lasts }, instant);
      const ends: number[] = [];
      for (let back = 0; back <= 5; back += 1) {
        const date = DateTime.fromMillis(instant, { zone }).minus({ days: back - 1 });
        const shown = DateTime.fromObject({ year: date.year, month: date.month, day: date.day, hour: hourOfDay, minute }, { zone });
        if (shown.hour !== hourOfDay || shown.minute !== minute) continue; // the clock skips it
        const earlier = shown.minus({ hours: 1 });
        const start = earlier.hour === hourOfDay && earlier.minute === minute ? earlier : shown; // the first of two
        const end = lasts.days > 0 ? start.plus({ days: lasts.days }).toMillis() : start.toMillis() + lasts.ms;
        if (start.toMillis() <= instant && instant < end) ends.push(end);
      }
      assert.equal(iso(closed), iso(ends.length === 0 ? null : Math.max(...ends)), `${zone} ${hourOfDay}:${minute} ${JSON.stringify(lasts)} at ${iso(instant)}`);
    }), { numRuns: 300 });
  });

  it('are closed from their beginning, open at the instant that is said, and closed just before it', () => {
    const freq = fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY');
    const repeated = fc.record({ zone: fc.constantFrom(...zones), freq, interval: fc.integer({ min: 1, max: 3 }), start: fc.integer({ min: 0, max: 364 }), lasts: fc.oneof(fc.integer({ min: 1, max: 20 }).map(days), fc.integer({ min: 1, max: 300 }).map(hours)) })
      .map(({ zone, freq: every, interval, start, lasts }): ClosedTime => ({ rule: `DTSTART;TZID=${zone}:${DateTime.fromObject({ year: 2025, month: 1, day: 1, hour: 9 }, { zone }).plus({ days: start }).toFormat("yyyyMMdd'T'HHmmss")}\nRRULE:FREQ=${every};INTERVAL=${interval}`, lasts }));
    const once = fc.tuple(someTime, fc.integer({ min: 1, max: 20 * day })).map(([from, length]): ClosedTime => ({ from, until: from + length }));
    fc.assert(fc.property(fc.array(fc.oneof(repeated, once), { minLength: 1, maxLength: 3 }), someTime, (times, instant) => {
      const isClosed = (moment: number): boolean => times.some((time) => closedUntil(time, moment) !== null);
      const open = nextOpen(times, instant);
      if (open !== null) {
        assert.ok(!isClosed(open));
        if (open > instant) for (const part of [0, 0.25, 0.5, 0.75]) assert.ok(isClosed(Math.floor(instant + part * (open - instant))), `open before ${iso(open)}`);
        if (open > instant) assert.ok(isClosed(open - 1));
      }
      const next = nextClosed(times[0]!, instant);
      if (next !== null) {
        assert.ok(next.from > instant && closedUntil(times[0]!, next.from)! >= next.until);
      }
    }), { numRuns: 200 });
  });
});
