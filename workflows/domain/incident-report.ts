/** Incidents that runs open by themselves: one that is not resolved for each target, whoever finds it, and what the others who find it tell. Pure. */
import { clip } from './answer.ts';
import { coordinateIncidentId } from './incident.ts';
import { severities, type Severity, type Target } from './vocabulary.ts';

/** What a run tells an incident that is under way. */
export interface IncidentReport {
  /** Workflow id of the run. */
  by: string;
  text: string;
  /** How grave the run finds it; null where it only tells what it did. */
  severity: Severity | null;
}

const longestReport = 500;

/** Anybody can send a signal: null for what is no report. */
export function readIncidentReport(value: unknown): IncidentReport | null {
  const { by, text, severity } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof by !== 'string' || typeof text !== 'string' || text === '') return null;
  return { by: clip(by, 200), text: clip(text, longestReport), severity: severities.find((known) => known === severity) ?? null };
}

/** The runbooks that can open one, and how grave theirs are; of one that is not named the estate wants none. */
export type OpenedIncidents = Partial<Record<'rollBackModel' | 'investigateDegradation' | 'recoverBatchJob', Severity>>;

/** An incident that is under way, or the key of the next one. */
export interface FoundIncident {
  incident: string;
  /** Null where none is under way: then `incident` is free. */
  runId: string | null;
}

/** What an incident is about: a circuit, or what is none, in words. */
export type IncidentSubject = { target: Target; service?: never } | { target?: never; service: string };

/**
 * The nth incident of a target: `P001.C001`, `P001.C001.2` and so on; of a service `_service.training`, which is no plant's name. Runs that find the same thing in the same moment come to the
 * same name, of which Temporal starts one.
 */
export function incidentKey({ target, service }: IncidentSubject, n: number): string {
  return [...(target ? [target.plant, target.circuit] : ['_service', service]), ...(n === 1 ? [] : [String(n)])].join('.');
}

export function incidentIdOf(subject: IncidentSubject, n: number): string {
  return coordinateIncidentId({ incident: incidentKey(subject, n) });
}

export function isGraverThan(one: Severity, other: Severity): boolean {
  return severities.indexOf(one) < severities.indexOf(other);
}
