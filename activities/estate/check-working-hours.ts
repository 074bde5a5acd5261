/** Ticks of a clock beside a deadline that counts other hours: what never comes before it, and what comes too late when the gate opens before a weekend or in the morning. */
import type { ClockTime } from '../../workflows/domain/policy.ts';
import { workingSpan } from '../calendar/working-span.ts';
import type { Path } from './complaints.ts';
import type { GateFields } from './gate-schema.ts';
import { calendarsOf, delegationsOf, peopleBehind } from './names.ts';
import type { Estate } from './schema.ts';

export type Say = (field: keyof GateFields, message: string, within?: Path) => void;

type Clocked = Pick<GateFields, 'deadline' | 'remindAfter' | 'escalate' | 'widen' | 'approvers'>;

/** Every point of a gate's clock before its decision, with where it stands. */
export function clockTimes({ remindAfter, escalate, widen }: Omit<Clocked, 'deadline' | 'approvers'>): { field: keyof GateFields; time: ClockTime; within: Path }[] {
  return [
    ...remindAfter.map((time, index) => ({ field: 'remindAfter' as const, time, within: remindAfter.length === 1 ? [] : [index] })),
    ...escalate.map(({ after }, index) => ({ field: 'escalate' as const, time: after, within: [index, 'after'] })),
    ...widen.map(({ after }, index) => ({ field: 'widen' as const, time: after, within: [index, 'after'] })),
  ];
}

/** What is wrong by the numbers alone is said elsewhere, and not again here. */
export function checkWorkingHours(estate: Estate, { deadline, approvers, ...ticks }: Clocked, complain: Say, warn: Say): void {
  const ids = peopleBehind(estate, approvers);
  const calendars = calendarsOf(estate, [...ids, ...delegationsOf(estate, ids).map(({ to }) => to)]);
  if (calendars?.every(Boolean) !== true) return; // a calendar that there is not is complained about where it is named
  for (const { field, time, within } of clockTimes(ticks)) {
    if (time.hours === deadline.hours) continue;
    if (time.hours === 'working') {
      const span = workingSpan(calendars, time.afterMs);
      if (time.afterMs >= deadline.afterMs || span === null || span.longestMs < deadline.afterMs) continue;
      if (span.shortestMs >= deadline.afterMs) complain(field, `can never come before the deadline: by the approvers' calendars so much working time takes ${hours(span.shortestMs)} at least, and the deadline is ${hours(deadline.afterMs)} elapsed; count the deadline in working hours too, or make this shorter`, within);
      else warn(field, `comes after the deadline, and so never, when the gate opens as work ends: so much working time then takes up to ${hours(span.longestMs)}, and the deadline is ${hours(deadline.afterMs)} elapsed; count the deadline in working hours too`, within);
      continue;
    }
    const span = workingSpan(calendars, deadline.afterMs);
    if (span !== null && time.afterMs >= span.shortestMs) warn(field, `comes after the deadline, and so never, when the gate opens as work begins: the deadline's working time then takes only ${hours(span.shortestMs)}; count this in working hours too`, within);
  }
}

function hours(ms: number): string {
  return `${Math.round(ms / 360_000) / 10} h`;
}
