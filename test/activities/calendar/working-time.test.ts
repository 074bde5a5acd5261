import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weekdays, type Calendar, type LocalRange, type Weekday } from '../../../activities/calendar/calendar.ts';
import { instantOf, isTimeZone, startOfDate } from '../../../activities/calendar/local-time.ts';
import { addWorkingTime, nextWorkingTime, workingTime } from '../../../activities/calendar/working-time.ts';
import { failure } from '../support/platforms.ts';

const hour = 3_600_000;
const at = (text: string): number => Date.parse(text);
const iso = (instant: number): string => new Date(instant).toISOString().replace(':00.000Z', 'Z');
const local = (text: string, timezone: string): string => iso(instantOf(Date.parse(`${text}Z`), timezone));

const range = (text: string): LocalRange => {
  const [from, until] = text.split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) as [number, number];
  return { from, until: until > from ? until : until + 1440 };
};
const calendar = (timezone: string, week: Partial<Record<Weekday, string>>, holidays: string[] = []): Calendar => ({
  timezone,
  week: Object.fromEntries(weekdays.map((day) => [day, week[day] === undefined ? [] : week[day].split(' ').map(range)])) as Record<Weekday, LocalRange[]>,
  holidays,
});
const daily = (ranges: string): Record<Weekday, string> => Object.fromEntries(weekdays.map((day) => [day, ranges])) as Record<Weekday, string>;
const officeWeek = { monday: '09:00-17:00', tuesday: '09:00-17:00', wednesday: '09:00-17:00', thursday: '09:00-17:00', friday: '09:00-17:00' };
const seattle = calendar('America/Los_Angeles', officeWeek);
const newYork = calendar('America/New_York', officeWeek);

describe('local time', () => {
  it('that the clock skips is the moment of the jump', () => {
    assert.equal(local('2026-03-08T02:00', 'America/Los_Angeles'), '2026-03-08T10:00Z');
    assert.equal(local('2026-03-08T02:45', 'America/Los_Angeles'), '2026-03-08T10:00Z');
    assert.equal(local('2026-03-08T03:00', 'America/Los_Angeles'), '2026-03-08T10:00Z');
    assert.equal(local('2026-10-04T02:10', 'Australia/Lord_Howe'), '2026-10-03T15:30Z'); // half an hour is skipped there
    assert.equal(iso(startOfDate('2026-04-24', 'Africa/Cairo')), '2026-04-23T22:00Z'); // the day begins at 01:00
    assert.equal(iso(startOfDate('2011-12-30', 'Pacific/Apia')), '2011-12-30T10:00Z'); // a day that there was not
  });

  it('that the clock shows twice is its first', () => {
    assert.equal(local('2026-11-01T01:30', 'America/Los_Angeles'), '2026-11-01T08:30Z');
    assert.equal(local('2026-11-01T02:00', 'America/Los_Angeles'), '2026-11-01T10:00Z');
    assert.equal(local('2026-10-25T02:00', 'Europe/Berlin'), '2026-10-25T00:00Z');
    assert.equal(iso(startOfDate('2026-11-01', 'America/Havana')), '2026-11-01T04:00Z'); // midnight comes twice
  });

  it('has zones, and offsets are none', () => {
    assert.deepEqual(['America/Los_Angeles', 'UTC', 'Europe/Berlin', '+02:00', 'Mars/Olympus', ''].map(isTimeZone), [true, true, true, false, false, false]);
  });
});

describe('working time', () => {
  it('goes on after the night, the weekend and the holiday', () => {
    assert.equal(iso(addWorkingTime([seattle], at('2026-11-20T23:00:00Z'), 4 * hour)), '2026-11-23T19:00Z'); // Friday 15:00: two hours, and two on Monday
    const thanksgiving = calendar('America/Los_Angeles', officeWeek, ['2026-11-26', '2026-11-27']);
    assert.equal(iso(addWorkingTime([thanksgiving], at('2026-11-25T23:00:00Z'), 4 * hour)), '2026-11-30T19:00Z');
  });

  it('ends with the working day when it is used up then, and begins with the next when there is none left', () => {
    assert.equal(iso(addWorkingTime([seattle], at('2026-11-23T17:00:00Z'), 8 * hour)), '2026-11-24T01:00Z');
    assert.equal(iso(addWorkingTime([seattle], at('2026-11-24T01:00:00Z'), 1)), '2026-11-24T17:00:00.001Z');
    assert.equal(addWorkingTime([seattle], at('2026-11-22T00:00:00Z'), 0), at('2026-11-22T00:00:00Z'));
  });

  it('is that of at least one of several, never counted twice', () => {
    assert.equal(iso(addWorkingTime([seattle, newYork], at('2026-11-23T14:00:00Z'), 11 * hour)), '2026-11-24T01:00Z'); // 09:00 in New York to 17:00 in Seattle
    assert.deepEqual(workingTime([seattle, seattle, newYork], at('2026-11-22T00:00:00Z'), at('2026-11-24T12:00:00Z')), [{ from: at('2026-11-23T14:00:00Z'), until: at('2026-11-24T01:00:00Z') }]);
  });

  it('takes a day of 24/7 for what it is: 23, 24 or 25 hours, all of them', () => {
    const always = calendar('America/Los_Angeles', daily('00:00-24:00'));
    for (const start of ['2026-03-07T12:00:00Z', '2026-10-31T12:00:00Z']) assert.equal(addWorkingTime([always], at(start), 100 * hour), at(start) + 100 * hour);
    assert.deepEqual(workingTime([always], at('2026-03-01T00:00:00Z'), at('2026-12-01T00:00:00Z')).length, 1);
  });

  it('counts a night for what the clock makes of it', () => {
    const nights = calendar('America/New_York', daily('22:00-06:00'));
    const length = (from: string): number => {
      const night = nextWorkingTime(nights, at(from));
      return (night.until - night.from) / hour;
    };
    assert.deepEqual(['2026-03-07T12:00:00Z', '2026-03-08T12:00:00Z', '2026-10-31T12:00:00Z', '2026-11-01T12:00:00Z'].map(length), [7, 8, 9, 8]);
  });

  it('stops at the midnight before a holiday, and what began on one does not go on after it', () => {
    const nights = calendar('UTC', daily('22:00-06:00'), ['2026-12-25']);
    assert.deepEqual(workingTime([nights], at('2026-12-24T12:00:00Z'), at('2026-12-27T12:00:00Z')).map(({ from, until }) => [iso(from), iso(until)]), [
      ['2026-12-24T22:00Z', '2026-12-25T00:00Z'],
      ['2026-12-26T22:00Z', '2026-12-27T06:00Z'],
    ]);
  });

  it('is refused where there is none, instead of being looked for without end', () => {
    for (const none of [[calendar('UTC', {})], [calendar('UTC', {}, ['2026-12-25']), calendar('America/Los_Angeles', {})], []]) {
      assert.throws(() => addWorkingTime(none, at('2026-11-21T00:00:00Z'), 1), failure('EstateInvalid', true, /has no working time: give its week at least one range/));
    }
    assert.throws(() => nextWorkingTime(calendar('UTC', {}), 0), failure('EstateInvalid', true, /UTC/));
  });

  it('is found behind a year of holidays', () => {
    const mondays = calendar('UTC', { monday: '09:00-10:00' }, Array.from({ length: 52 }, (_, week) => iso(at('2027-01-04T00:00:00Z') + week * 7 * 24 * hour).slice(0, 10)));
    assert.equal(iso(addWorkingTime([mondays], at('2027-01-01T00:00:00Z'), hour)), '2028-01-03T10:00Z');
  });

  it('is found behind a change of the clock that swallows the only hour of the week', () => {
    const swallowed = calendar('America/Los_Angeles', { sunday: '02:00-03:00' });
    assert.equal(iso(nextWorkingTime(swallowed, at('2026-03-02T00:00:00Z')).from), '2026-03-15T09:00Z');
  });
});

describe('an opening', () => {
  const window = calendar('America/Los_Angeles', { tuesday: '09:00-12:00 13:00-16:00', thursday: '09:00-12:00' });

  it('that goes on begins where it is asked for', () => {
    const { from, until } = nextWorkingTime(window, at('2026-11-24T18:30:00Z'));
    assert.deepEqual([iso(from), iso(until)], ['2026-11-24T18:30Z', '2026-11-24T20:00Z']);
  });

  it('that has closed leaves the next', () => {
    assert.deepEqual(['2026-11-24T20:00:00Z', '2026-11-25T00:00:00Z', '2026-11-27T00:00:00Z'].map((from) => iso(nextWorkingTime(window, at(from)).from)), ['2026-11-24T21:00Z', '2026-11-26T17:00Z', '2026-12-01T17:00Z']);
  });

  it('without end comes in pieces that join', () => {
    const always = calendar('Europe/Berlin', daily('00:00-24:00'));
    const first = nextWorkingTime(always, at('2026-03-20T00:00:00Z'));
    assert.ok(first.until - first.from >= 14 * 24 * hour);
    assert.equal(nextWorkingTime(always, first.until).from, first.until);
  });
});
