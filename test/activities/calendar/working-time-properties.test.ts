import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { weekdays, type Calendar, type LocalRange, type Weekday } from '../../../activities/calendar/calendar.ts';
import { gateTicks } from '../../../activities/calendar/gate-ticks.ts';
import { addWorkingTime, nextWorkingTime, workingTime } from '../../../activities/calendar/working-time.ts';
import type { ClockTime, GateClock } from '../../../workflows/domain/policy.ts';
import { measured, quarter, workingQuarters } from './support/wall-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Both hemispheres, half an hour of daylight saving, changes at midnight, a summer time taken back for Ramadan, and none at all. */
const zones = ['America/Los_Angeles', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana', 'Africa/Casablanca', 'America/Santiago', 'Asia/Kathmandu', 'UTC'];

/** Weeks in which some clock changes. */
const starts = ['2026-03-06', '2026-03-27', '2026-04-03', '2026-04-22', '2026-09-04', '2026-10-01', '2026-10-23', '2026-10-30', '2026-02-13', '2026-03-19', '2026-12-23'].map((date) => Date.parse(`${date}T00:00:00Z`));

const ranges = fc.uniqueArray(fc.integer({ min: 0, max: 96 }), { minLength: 2, maxLength: 4 }).map((points): LocalRange[] => {
  const sorted = points.sort((one, other) => one - other);
  return sorted.flatMap((from, index) => (index % 2 === 0 && sorted[index + 1] !== undefined ? [{ from: from * 15, until: sorted[index + 1]! * 15 }] : []));
});
const night = fc.tuple(fc.integer({ min: 64, max: 95 }), fc.integer({ min: 97, max: 130 })).map(([from, until]): LocalRange[] => [{ from: from * 15, until: until * 15 }]);
const whole = fc.constant<LocalRange[]>([{ from: 0, until: 1440 }]);
const none = fc.constant<LocalRange[]>([]);
const workingDay = fc.oneof({ arbitrary: ranges, weight: 4 }, { arbitrary: night, weight: 3 }, whole, { arbitrary: none, weight: 2 });

const calendar = fc.record({
  timezone: fc.constantFrom(...zones),
  week: fc.tuple(...weekdays.map(() => workingDay)).filter((days) => days.some((each) => each.length > 0)).map((days) => Object.fromEntries(weekdays.map((name, index) => [name, days[index]!])) as Record<Weekday, LocalRange[]>),
  holidays: fc.array(fc.tuple(fc.constantFrom(...starts), fc.integer({ min: -1, max: 9 })).map(([start, days]) => new Date(start + days * day).toISOString().slice(0, 10)), { maxLength: 4 }),
});
const calendars = fc.array(calendar, { minLength: 1, maxLength: 3 });
const instant = fc.tuple(fc.constantFrom(...starts), fc.integer({ min: 0, max: 5 * day })).map(([start, offset]) => start + offset);

/** Zones differ, weeks differ: what is true for some is looked for in many. */
const often = { numRuns: 150 };

describe('working time, beside a walk with the wall clock of Intl', () => {
  it('is neither more nor less than the clock shows', () => {
    fc.assert(fc.property(calendars, instant, fc.integer({ min: 1, max: 12 * day }), (all, from, length) => {
      const found = workingTime(all, from, from + length);
      for (const [start, isWorking] of workingQuarters(all, from, from + length)) {
        const [begin, end] = [Math.max(start, from), Math.min(start + quarter, from + length)];
        if (begin < end) assert.equal(found.some((interval) => interval.from <= begin && end <= interval.until), isWorking, `${new Date(start).toISOString()} in ${all.map(({ timezone }) => timezone).join()}`);
      }
      for (const [index, interval] of found.entries()) {
        assert.ok(interval.from < interval.until);
        if (index > 0) assert.ok(found[index - 1]!.until < interval.from, 'disjoint, with a gap between');
      }
      assert.equal(found.reduce((sum, { from: begin, until }) => sum + until - begin, 0), measured(all, from, from + length));
    }), often);
  });

  it('that is added is exactly that much, and no instant sooner has it', () => {
    fc.assert(fc.property(calendars, instant, fc.integer({ min: 1, max: 30 * hour }), (all, from, work) => {
      const until = addWorkingTime(all, from, work);
      assert.equal(measured(all, from, until), work);
      assert.equal(measured(all, from, until - 1), work - 1);
    }), often);
  });

  it('may be added at once or bit by bit', () => {
    fc.assert(fc.property(calendars, instant, fc.integer({ min: 0, max: 40 * hour }), fc.integer({ min: 0, max: 40 * hour }), (all, from, one, other) => {
      assert.equal(addWorkingTime(all, addWorkingTime(all, from, one), other), addWorkingTime(all, from, one + other));
    }), often);
  });

  it('with one approver more is never slower', () => {
    fc.assert(fc.property(calendars, calendar, instant, fc.integer({ min: 0, max: 40 * hour }), (all, another, from, work) => {
      assert.ok(addWorkingTime([...all, another], from, work) <= addWorkingTime(all, from, work));
    }), often);
  });

  it('as an opening: nothing works between the question and it, and it has no gap', () => {
    fc.assert(fc.property(calendar, instant, (one, from) => {
      const opening = nextWorkingTime(one, from);
      assert.ok(from <= opening.from && opening.from < opening.until);
      assert.equal(measured([one], from, opening.from), 0);
      const seen = Math.min(opening.until, opening.from + 10 * day);
      assert.equal(measured([one], opening.from, seen), seen - opening.from);
      if (opening.until - opening.from < 14 * day) assert.ok(nextWorkingTime(one, opening.until).from > opening.until, 'and it has ended where it ends');
    }), often);
  });
});

describe('the ticks of a gate', () => {
  const time = fc.record({ afterMs: fc.integer({ min: 0, max: 20 * hour }), hours: fc.constantFrom('elapsed' as const, 'working' as const) });
  const clock = fc.record({
    remind: fc.array(time, { maxLength: 4 }),
    escalate: fc.array(time.map((each) => ({ ...each, to: 'manager' })), { maxLength: 3 }),
    widen: fc.array(time.map((each) => ({ ...each, approvers: ['erin'] })), { maxLength: 2 }),
    decide: time,
  });
  const placed = (all: Calendar[] | null, opened: number, { afterMs, hours }: ClockTime): string => new Date(hours === 'elapsed' || all === null ? opened + afterMs : addWorkingTime(all, opened, afterMs)).toISOString();

  it('come in order, each once, none after the decision and none left out before it', () => {
    fc.assert(fc.property(clock, fc.option(calendars, { nil: null }), instant, (points: GateClock, all, opened) => {
      const ticks = gateTicks(points, new Date(opened).toISOString(), all);
      const decision = placed(all, opened, points.decide);
      assert.deepEqual(ticks.filter(({ kind }) => kind === 'decide'), [{ kind: 'decide', at: decision }]);
      assert.equal(ticks.at(-1)!.kind, 'decide');
      for (const [index, tick] of ticks.entries()) assert.ok(tick.at >= new Date(opened).toISOString() && (index === 0 || ticks[index - 1]!.at <= tick.at));
      for (const kind of ['remind', 'escalate', 'widen'] as const) {
        const expected = points[kind].map((each) => placed(all, opened, each)).filter((at) => at < decision).sort();
        assert.deepEqual(ticks.filter((tick) => tick.kind === kind).map(({ at }) => at), expected);
      }
    }), often);
  });

  it('keep the order of their working time', () => {
    fc.assert(fc.property(calendars, instant, fc.array(fc.integer({ min: 0, max: 60 * hour }), { minLength: 2, maxLength: 6 }), (all, opened, works) => {
      const sorted = works.sort((one, other) => one - other);
      const instants = sorted.map((work) => addWorkingTime(all, opened, work));
      instants.forEach((each, index) => assert.ok(index === 0 || (sorted[index - 1] === sorted[index] ? each === instants[index - 1] : each > instants[index - 1]!)));
    }), often);
  });
});
