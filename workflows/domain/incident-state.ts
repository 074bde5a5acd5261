/** Where an incident stands, and what each message and each passed instant makes of it. Pure: the same events give the same timeline. */
import { isGraverThan } from './incident-report.ts';
import { isBreach, passTime, type ClockFacts, type Due } from './incident-clock.ts';
import type { IncidentMessage } from './incident-message.ts';
import type { IncidentAction, IncidentBreach, IncidentRole, IncidentTerms } from './incident.ts';
import { severities, type Severity } from './vocabulary.ts';

interface Said {
  by: string;
  at: string;
}

export interface IncidentState {
  openedAt: string;
  severity: Severity;
  raisedAt: string | null;
  acknowledged: Said | null;
  assessed: Said | null;
  roles: Partial<Record<IncidentRole, Said>>;
  updates: number;
  /** When people were told last. */
  toldAt: string;
  resolved: (Said & { what: string }) | null;
  postMortem: (Said & { cause: string }) | null;
  actions: IncidentAction[];
  fired: string[];
  breaches: IncidentBreach[];
}

export function openIncidentState(openedAt: string, severity: Severity): IncidentState {
  return { openedAt, severity, raisedAt: null, acknowledged: null, assessed: null, roles: {}, updates: 0, toldAt: openedAt, resolved: null, postMortem: null, actions: [], fired: [], breaches: [] };
}

export function clockFacts({ openedAt, severity, raisedAt, acknowledged, assessed, roles, toldAt, resolved, postMortem, fired }: IncidentState): ClockFacts {
  return { openedAt, severity, raisedAt, acknowledgedAt: acknowledged?.at ?? null, assessedAt: assessed?.at ?? null, commandedAt: roles.commander?.at ?? null, toldAt, resolvedAt: resolved?.at ?? null, closedAt: postMortem?.at ?? null, fired };
}

/** Lets time pass up to an instant: what became due is answered in order, and what people missed is kept. A message is taken after that, so that none is in time that was not. */
export function letTimePass(state: IncidentState, terms: IncidentTerms, until: string): { state: IncidentState; passed: Due[] } {
  const passed = passTime(clockFacts(state), terms, until);
  if (passed.length === 0) return { state, passed };
  const breaches = passed.filter(isBreach).map(({ clock, at }) => ({ clock, dueAt: at }));
  return { state: { ...state, fired: [...state.fired, ...passed.map(({ id }) => id)], breaches: [...state.breaches, ...breaches] }, passed };
}

/** What a message that nothing is objected to makes of the incident. Whoever does anything has acknowledged it. */
export function takeMessage(before: IncidentState, { action, by, comment, severity, role, person = by }: IncidentMessage, at: string): IncidentState {
  const state: IncidentState = { ...before, acknowledged: before.acknowledged ?? { by, at } };
  switch (action) {
    case 'acknowledge':
      return state;
    case 'assess': {
      const isRaised = severities.indexOf(severity!) < severities.indexOf(state.severity);
      return { ...state, severity: severity!, raisedAt: isRaised ? at : state.raisedAt, assessed: state.assessed ?? { by, at }, toldAt: at };
    }
    case 'takeRole':
      return { ...state, roles: { ...state.roles, [role!]: { by: person, at } } };
    case 'update':
      return { ...state, updates: state.updates + 1, toldAt: at };
    case 'resolve':
      return { ...state, resolved: { by, at, what: comment } };
    case 'addAction':
      return { ...state, actions: [...state.actions, { title: comment, owner: person, by, at }] };
    case 'postMortem':
      return { ...state, postMortem: { by, at, cause: comment } };
  }
}

/** A run that finds it graver raises it, as long as nobody has assessed it: after that it is for people to say. */
export function takeReport(before: IncidentState, severity: Severity | null, at: string): IncidentState {
  return severity !== null && before.assessed === null && isGraverThan(severity, before.severity) ? { ...before, severity, raisedAt: at } : before;
}
