/** What people say in an incident: read from any JSON, and judged by the same rule for the update and the signal `incident`. Pure. */
import { clip } from './answer.ts';
import { incidentRoles, type IncidentRole } from './incident.ts';
import type { IncidentState } from './incident-state.ts';
import { canonicalPerson, type Person } from './policy.ts';
import { severities, type Severity } from './vocabulary.ts';

export const incidentActions = ['acknowledge', 'assess', 'takeRole', 'update', 'resolve', 'addAction', 'postMortem'] as const;
export type IncidentActionName = (typeof incidentActions)[number];

/** `by` and `person` are canonical ids once read. `comment`: the assessment, the update, what resolved it, the title of the action item, the root cause. */
export interface IncidentMessage {
  action: IncidentActionName;
  by: string;
  comment: string;
  /** Of an assessment: the severity from now on. */
  severity?: Severity;
  role?: IncidentRole;
  /** Who takes the role, or owns the action item: whoever sends it, if left out. */
  person?: string;
}

/** What must be said in words. */
const needsComment: Partial<Record<IncidentActionName, string>> = { assess: 'what you see', update: 'what is new', resolve: 'what resolved it', addAction: 'what is to be done', postMortem: 'the root cause' };

/** Reads a message; one that cannot be meant comes back as the reason. `people` empty: nobody is known, and every name is taken. */
export function readIncidentMessage(value: unknown, people: readonly Person[]): IncidentMessage | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not one JSON object such as {"action": "acknowledge", "by": "alice"}';
  const raw = value as Record<string, unknown>;
  if (raw['undecodable'] !== undefined) return 'it could not be decoded; send it with encoding json/plain';
  const wrong = ['action', 'by', 'comment', 'severity', 'role', 'person'].find((field) => raw[field] !== undefined && raw[field] !== null && typeof raw[field] !== 'string');
  if (wrong !== undefined) return `its "${wrong}" is not a text`;
  const said = (field: string): string => clip((raw[field] as string | null | undefined) ?? '', 1_000);
  const action = incidentActions.find((name) => name === said('action'));
  if (action === undefined) return `its "action" is none of ${incidentActions.join(', ')}`;
  const known = (name: string): string | null => {
    const id = canonicalPerson(people, name);
    return people.length === 0 || people.some((person) => person.id === id) ? id : null;
  };
  if (said('by') === '') return 'its "by" does not say who you are';
  const by = known(said('by'));
  if (by === null) return `"${said('by').slice(0, 40)}" is nobody in the estate's people`;
  const person = said('person') === '' ? undefined : known(said('person'));
  if (person === null) return `"${said('person').slice(0, 40)}" is nobody in the estate's people`;
  const comment = said('comment');
  if (comment === '' && needsComment[action] !== undefined) return `its "comment" does not say ${needsComment[action]}`;
  const severity = severities.find((name) => name === said('severity').toUpperCase());
  if (action === 'assess' && severity === undefined) return `its "severity" is none of ${severities.join(', ')}`;
  const role = incidentRoles.find((name) => name === said('role'));
  if (action === 'takeRole' && role === undefined) return `its "role" is none of ${incidentRoles.join(', ')}`;
  return { action, by, comment, ...(action === 'assess' && { severity: severity! }), ...(action === 'takeRole' && { role: role! }), ...(person !== undefined && { person }) };
}

/** Why a message changes nothing now; null: it does. */
export function objectionTo({ action, by, comment, role, person = by }: IncidentMessage, { acknowledged, roles, resolved, postMortem, actions }: IncidentState): string | null {
  if (postMortem !== null) return 'the incident is closed';
  if (action === 'acknowledge' && acknowledged !== null) return `${acknowledged.by} has acknowledged it already`;
  if (action === 'takeRole' && roles[role!]?.by === person) return `${person} is ${role} already`;
  if (action === 'addAction' && actions.some(({ title }) => title.toLowerCase() === comment.toLowerCase())) return 'there is such an action item already';
  if (action === 'postMortem') return resolved === null ? 'it is not resolved yet' : null;
  if (resolved !== null && action !== 'addAction') return `${resolved.by} has resolved it already; if it is back, report a new incident`;
  return null;
}
