/**
 * The clocks of an incident, pure: what is due when, from what has happened. A clock stops when what it asks for is done, moves with the severity, and is missed when its instant passes.
 * What is due is computed anew each time, and only what has fired is remembered, so that no clock can be forgotten or run twice.
 */
import { isGrave, type IncidentTerms } from './incident.ts';
import type { Severity } from './vocabulary.ts';

/** Clocks that people miss. `postMortem` is its due date. */
export const breachClocks = ['acknowledge', 'assess', 'respond', 'update', 'postMortem'] as const;
export type IncidentClock = (typeof breachClocks)[number] | 'escalate' | 'offerRollback' | 'leadership' | 'remindPostMortem';

/** What the clocks depend on; instants are ISO. */
export interface ClockFacts {
  openedAt: string;
  severity: Severity;
  /** When the severity last became graver; null: never. */
  raisedAt: string | null;
  acknowledgedAt: string | null;
  assessedAt: string | null;
  /** Since when somebody commands. */
  commandedAt: string | null;
  /** When people were told last: the opening, an update, an assessment. */
  toldAt: string;
  resolvedAt: string | null;
  /** When the post-mortem was closed. */
  closedAt: string | null;
  /** Ids of what has fired. */
  fired: readonly string[];
}

export interface Due {
  /** Unique within the incident: fires once. */
  id: string;
  clock: IncidentClock;
  at: string;
  /** Of an escalation. */
  to?: string;
}

export function isBreach({ clock }: Pick<Due, 'clock'>): boolean {
  return (breachClocks as readonly string[]).includes(clock);
}

/** What each running clock is waiting for, the earliest first. Of clocks that repeat, only the next time. */
export function dues(facts: ClockFacts, terms: IncidentTerms): Due[] {
  const { openedAt, severity, raisedAt, acknowledgedAt, assessedAt, commandedAt, toldAt, resolvedAt, closedAt, fired } = facts;
  if (closedAt !== null) return [];
  const isNew = ({ id }: Due): boolean => !fired.includes(id);
  if (resolvedAt !== null) return afterResolution(resolvedAt, terms, fired).filter(isNew).sort(byTime);

  const since = raisedAt ?? openedAt;
  /** What a raised severity makes due is due at once, not in the past. */
  const notBeforeRaise = (at: string): string => (at < since ? since : at);
  const due = (clock: IncidentClock, at: string, more: { id?: string; to?: string } = {}): Due => ({ id: more.id ?? clock, clock, at, ...(more.to !== undefined && { to: more.to }) });
  return [
    ...(acknowledgedAt === null ? [due('acknowledge', later(openedAt, terms.acknowledgeMs))] : []),
    ...(assessedAt === null ? [due('assess', later(openedAt, terms.assessMs))] : []),
    // A graver incident is another promise: its response counts from then on.
    ...(commandedAt === null ? [due('respond', later(since, terms.respondMs[severity]), { id: `respond ${since}` })] : []),
    ...(acknowledgedAt === null || assessedAt === null ? terms.escalate.map(({ afterMs, to }, step) => due('escalate', later(openedAt, afterMs), { id: `escalate ${step}`, to })) : []),
    nextUpdate(toldAt, terms.updateMs[severity], fired),
    ...(isGrave(severity) ? [due('offerRollback', notBeforeRaise(later(openedAt, terms.offerRollbackMs)), { id: `offerRollback ${since}` }), due('leadership', notBeforeRaise(later(openedAt, terms.leadership.afterMs)))] : []),
  ].filter(isNew).sort(byTime);
}

/** What has become due up to `until`, in order: each once, also where a worker was away for long. */
export function passTime(facts: ClockFacts, terms: IncidentTerms, until: string): Due[] {
  const passed: Due[] = [];
  for (;;) {
    const [next] = dues({ ...facts, fired: [...facts.fired, ...passed.map(({ id }) => id)] }, terms);
    if (next === undefined || next.at > until) return passed;
    passed.push(next);
  }
}

/** The n-th missed update is due n intervals after people were told last. */
function nextUpdate(toldAt: string, everyMs: number, fired: readonly string[]): Due {
  const missed = fired.filter((id) => id.startsWith(`update ${toldAt} `)).length;
  return { id: `update ${toldAt} ${missed + 1}`, clock: 'update', at: later(toldAt, (missed + 1) * everyMs) };
}

/** Reminders go on for as long as it takes. */
function afterResolution(resolvedAt: string, { postMortem: { remindEveryMs, dueMs } }: IncidentTerms, fired: readonly string[]): Due[] {
  const reminded = fired.filter((id) => id.startsWith('remindPostMortem ')).length;
  return [
    { id: 'postMortem', clock: 'postMortem', at: later(resolvedAt, dueMs) },
    { id: `remindPostMortem ${reminded + 1}`, clock: 'remindPostMortem', at: later(resolvedAt, (reminded + 1) * remindEveryMs) },
  ];
}

function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

function byTime(one: Due, other: Due): number {
  return one.at < other.at ? -1 : one.at > other.at ? 1 : 0;
}
