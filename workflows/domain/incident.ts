/** An incident: what it is started with, by which terms it is coordinated, how it ends. Durations are in milliseconds. */
import { idPart } from './ids.ts';
import type { CompensationReport } from './compensation.ts';
import type { StopScope } from './emergency-stop.ts';
import type { Person } from './policy.ts';
import type { Outcome, Severity, Target, WorkspaceRef } from './vocabulary.ts';

export interface CoordinateIncidentInput {
  /** What tells it from every other incident: the alert's own key, or the run that found it. A second start with the same one joins the first. */
  incident: string;
  /** One line: what is wrong. */
  title: string;
  severity: Severity;
  /** The circuit that is affected: its releases are paused and its last change is offered to be rolled back, at P0 and P1. */
  target?: Target;
  /** What is affected where that is no one circuit: a name that the estate knows (`namedCircuits`) stands for the circuits behind it, whose releases are paused; any other words are only words. */
  service?: string;
  /** The alert or the run that reported it. */
  reportedBy?: string;
  /** Who started it by hand. */
  startedBy?: string;
}

/** The circuits behind a name: a plant, its endpoint, `P001/*`, one circuit or its deployment, or `all`. */
export interface NamedCircuits {
  scope: StopScope;
  /** How many there are. */
  count: number;
  /** Where they are deployed; at most 200 of them. */
  circuits: { target: Target; endpoint: string; deployment: string }[];
  production: WorkspaceRef;
}

export const incidentRoles = ['commander', 'communications', 'scribe'] as const;
/** The commander decides, communications tells others, the scribe keeps the timeline. */
export type IncidentRole = (typeof incidentRoles)[number];

/** The estate's word on incidents. */
export interface IncidentTerms {
  /** Where people meet: one for all incidents, so that nobody opens a second one; null: none is named. */
  bridge: string | null;
  acknowledgeMs: number;
  assessMs: number;
  /** By when somebody commands the response. */
  respondMs: Record<Severity, number>;
  /** From one update to the next. */
  updateMs: Record<Severity, number>;
  /** Whom else to tell while nobody has acknowledged and assessed, counted from the opening. */
  escalate: { afterMs: number; to: string }[];
  /** Whom to tell when a grave incident is not over by then. */
  leadership: { afterMs: number; to: string | null };
  /** When the rollback of the last change is offered in a grave incident. */
  offerRollbackMs: number;
  postMortem: { remindEveryMs: number; dueMs: number };
}

const minute = 60_000;
const hour = 60 * minute;

/**
 * The documents' values: acknowledged within 5 minutes, assessed within 10, response at once (taken as: with the acknowledgement), within 15 min, 1 h and 4 h, P0 updates every 15 minutes,
 * leadership after 30. The rest is ours.
 */
export const defaultIncidentTerms: IncidentTerms = {
  bridge: null,
  acknowledgeMs: 5 * minute,
  assessMs: 10 * minute,
  respondMs: { P0: 5 * minute, P1: 15 * minute, P2: hour, P3: 4 * hour },
  updateMs: { P0: 15 * minute, P1: 30 * minute, P2: hour, P3: 4 * hour },
  escalate: [],
  leadership: { afterMs: 30 * minute, to: null },
  offerRollbackMs: 10 * minute,
  postMortem: { remindEveryMs: 24 * hour, dueMs: 5 * 24 * hour },
};

/** What the estate says about incidents, as the activity reads it. */
export interface IncidentPolicy {
  /** SHA-256 of this slice, hexadecimal. */
  digest: string;
  /** Empty where the estate could not be read: then every name is taken. */
  people: Person[];
  terms: IncidentTerms;
  /** From which severity on a run that was interrupted from outside opens an incident; left out: none does. */
  interrupted?: Severity;
  /** How long a late twin of a work item is looked for. */
  settleMs: number;
}

/** P0 and P1: production is down or badly degraded. */
export function isGrave(severity: Severity): boolean {
  return severity === 'P0' || severity === 'P1';
}

export interface IncidentBreach {
  clock: string;
  /** ISO instant by which it should have been done. */
  dueAt: string;
}

/** What was promised: becomes a work item. */
export interface IncidentAction {
  title: string;
  owner: string;
  by: string;
  at: string;
}

export interface CoordinateIncidentResult {
  outcome: Outcome;
  reason: string;
  incident: string;
  /** As it was last. */
  severity: Severity;
  /** Seconds from the opening. */
  secondsToAcknowledge: number | null;
  secondsToAssess: number | null;
  secondsToResolve: number | null;
  roles: Partial<Record<IncidentRole, string>>;
  updates: number;
  breaches: IncidentBreach[];
  resolved: { by: string; what: string; at: string } | null;
  /** The rollback that was started from here. */
  rollback: { workflowId: string; by: string[] } | null;
  postMortem: { by: string; cause: string; workItem: { id: number; url: string } | null } | null;
  actions: (Pick<IncidentAction, 'title' | 'owner'> & { workItem: { id: number; url: string } | null })[];
  compensations?: CompensationReport[];
}

/** Phases of the runbook, in order. */
export const IncidentPhase = {
  Alert: 'waiting for an acknowledgement',
  Assessment: 'initial assessment',
  Response: 'mitigation',
  PostMortem: 'post-mortem',
} as const;

/** Name of the gate that offers the rollback. */
export const incidentRollbackGate = 'rollback';

/** One run for each incident, however often it is reported. */
export function coordinateIncidentId({ incident }: Pick<CoordinateIncidentInput, 'incident'>): string {
  return ['coordinateIncident', idPart(incident)].join(':');
}

/** The key of such a run. */
export function incidentOfId(workflowId: string): string {
  return decodeURIComponent(workflowId.slice('coordinateIncident:'.length));
}
