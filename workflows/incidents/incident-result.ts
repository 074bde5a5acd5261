import { incidentRoles, type CoordinateIncidentInput, type CoordinateIncidentResult } from '../domain/incident.ts';
import type { IncidentDesk } from './incident-desk.ts';

type Kept = { rollback?: CoordinateIncidentResult['rollback']; workItem?: { id: number; url: string } | null };

/** Longest list of missed clocks in the result; the record has all. */
const shownBreaches = 100;

/** The result as the incident stands when it is asked for; `keep` and `filed` take what the steps made. */
export function incidentResult(input: CoordinateIncidentInput, desk: IncidentDesk) {
  const kept: Kept = {};
  const filed: CoordinateIncidentResult['actions'] = [];
  const result = (outcome: CoordinateIncidentResult['outcome'], reason: string): CoordinateIncidentResult => {
    const { openedAt, severity, acknowledged, assessed, resolved, roles, updates, breaches, postMortem } = desk.state;
    const seconds = (at: string | undefined): number | null => (at === undefined ? null : (Date.parse(at) - Date.parse(openedAt)) / 1000);
    return {
      outcome, reason, incident: input.incident, severity,
      secondsToAcknowledge: seconds(acknowledged?.at), secondsToAssess: seconds(assessed?.at), secondsToResolve: seconds(resolved?.at),
      roles: Object.fromEntries(incidentRoles.flatMap((role) => (roles[role] ? [[role, roles[role].by]] : []))),
      updates, breaches: breaches.slice(0, shownBreaches), resolved, rollback: kept.rollback ?? null,
      postMortem: postMortem && { by: postMortem.by, cause: postMortem.cause, workItem: kept.workItem ?? null },
      actions: filed,
    };
  };
  return { result, filed, keep: (made: Kept): void => void Object.assign(kept, made) };
}
