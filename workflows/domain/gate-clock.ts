/** A gate's clock as absolute instants: what happens when, while nobody decides. */
import type { GateClock } from './policy.ts';

/** One thing that happens at its time. */
export type Tick = { at: string } & ({ kind: 'remind' } | { kind: 'escalate'; to: string } | { kind: 'widen'; approvers: string[] } | { kind: 'decide' });

/** Whether the clock needs a calendar, and so an activity, to become instants. */
export function needsCalendar({ remind, escalate, widen, decide }: GateClock): boolean {
  return [...remind, ...escalate, ...widen, decide].some(({ hours }) => hours === 'working');
}

/** The ticks of a clock that counts elapsed time only. */
export function elapsedTicks(clock: GateClock, openedAt: string): Tick[] {
  return ticksOf(clock, ({ afterMs }) => new Date(Date.parse(openedAt) + afterMs).toISOString());
}

/** What of a clock will not come before the decision, by the calendars, and so never: one phrase each. Silence about it would look as if somebody had been told. */
export function neverDue({ remind, escalate, widen }: GateClock, ticks: readonly Tick[]): string[] {
  const reminders = remind.length - ticks.filter(({ kind }) => kind === 'remind').length;
  const coming = ticks.flatMap((tick) => (tick.kind === 'escalate' ? [escalation(tick)] : tick.kind === 'widen' ? [widening(tick)] : []));
  const missing = [...escalate.map(escalation), ...widen.map(widening)].filter((phrase) => {
    const found = coming.indexOf(phrase);
    if (found >= 0) coming.splice(found, 1);
    return found < 0;
  });
  return [...(reminders === 0 ? [] : [remind.length === 1 ? 'the reminder' : `${reminders} of ${remind.length} reminders`]), ...missing];
}

function escalation({ to }: { to: string }): string {
  return `the escalation to ${to}`;
}

function widening({ approvers }: { approvers: string[] }): string {
  return `the widening to ${approvers.join(', ')}`;
}

/** The ticks in order, none later than the decision (`neverDue` names those that would be); of one instant, the decision is the last. `instantOf` places a point of the clock in time. */
export function ticksOf(clock: GateClock, instantOf: (time: GateClock['decide']) => string): Tick[] {
  const decide: Tick = { kind: 'decide', at: instantOf(clock.decide) };
  const before: Tick[] = [
    ...clock.remind.map((time): Tick => ({ kind: 'remind', at: instantOf(time) })),
    ...clock.escalate.map(({ to, ...time }): Tick => ({ kind: 'escalate', to, at: instantOf(time) })),
    ...clock.widen.map(({ approvers, ...time }): Tick => ({ kind: 'widen', approvers, at: instantOf(time) })),
  ];
  return [...before.filter(({ at }) => at < decide.at).sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0)), decide];
}
