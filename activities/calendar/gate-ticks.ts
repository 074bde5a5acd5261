/** A gate's clock in absolute instants, by the calendars of those who may decide. */
import { ticksOf, type Tick } from '../../workflows/domain/gate-clock.ts';
import type { GateClock } from '../../workflows/domain/policy.ts';
import type { Calendar } from './calendar.ts';
import { addWorkingTime } from './working-time.ts';

/**
 * The ticks in order, none later than the decision. `calendars`: those of the approvers; null: somebody is always at work, and working time is elapsed time.
 *
 * @throws EstateInvalid (not retried) when the calendars never work
 */
export function gateTicks(clock: GateClock, openedAt: string, calendars: readonly Calendar[] | null): Tick[] {
  const opened = Date.parse(openedAt);
  return ticksOf(clock, ({ afterMs, hours }) => {
    const instant = hours === 'elapsed' || calendars === null ? opened + afterMs : addWorkingTime(calendars, opened, afterMs);
    return new Date(instant).toISOString();
  });
}
