/** Alerts of monitoring systems, and what becomes of them. */
import { clip } from './answer.ts';
import { idPart } from './ids.ts';
import type { Outcome, Severity, Target, WorkspaceRef } from './vocabulary.ts';

export const alertSources = ['azureMonitor', 'alertmanager', 'pagerDuty'] as const;
export type AlertSource = (typeof alertSources)[number];

/** One occurrence of an alert: what a route may look at, bounded, whatever format it came in. Nothing else of a payload is kept. */
export interface Alert {
  source: AlertSource;
  /** The sender's own key of this occurrence, the same however often and by whichever way it is told: `[A-Za-z0-9._-]`, at most 150. */
  key: string;
  /** The rule's name. */
  name: string;
  /** Null where the sender gives none that is known. */
  severity: Severity | null;
  /** ISO instant. */
  firedAt: string;
  description: string;
  labels: Record<string, string>;
  /** Azure resource ids that the alert is about. */
  resources: string[];
}

/** How an alert was told. */
export type AlertNews = { kind: 'fired'; alert: Alert } | { kind: 'resolved'; alert: Pick<Alert, 'source' | 'key'> };

/** What an alert's end does to the run that it started: told to it; told, and cancelled where it has changed nothing in production; or only noted. */
export const resolvedActions = ['tell', 'cancel', 'note'] as const;
export type ResolvedAction = (typeof resolvedActions)[number];

/** Where the estate sends an alert. */
export type AlertRouting = { kind: 'mapped'; /** Its place in the estate, such as `alerts.routes.0`. */ route: string; target: Target; order: AlertOrder; onResolved: ResolvedAction; joinForMs: number } | { kind: 'unmapped'; reason: string };

/** A runbook as an alert starts it. */
export interface AlertOrder {
  runbook: string;
  /** Empty where something is needed first. */
  workflowId: string;
  input: object;
  summary: string;
  /** What only the platforms tell: which job of the deployment failed, or which incident of the target is under way. */
  needs?: { kind: 'failed job'; place: FailedJobPlace } | { kind: 'incident' };
  /** False: a release that watches the target is not told, and does not keep the runbook from being started. */
  tellsRelease?: boolean;
}

/** The production deployment whose batch jobs are looked through. */
export interface FailedJobPlace {
  workspace: WorkspaceRef;
  endpoint: string;
  deployment: string;
}

/** What an alert did: `told` a release that watches the target, `started` a run, or `joined` one that another alert, or a person, had started. */
export interface AlertEffect {
  kind: 'told' | 'started' | 'joined';
  workflowId: string;
  runId: string;
}

export interface FollowAlertInput {
  alert: Alert;
  /** How long an alert is followed that nobody resolves, in milliseconds; 30 days by default, as long as Azure Monitor lists one. */
  forMs?: number;
}

/** `succeeded`: acted on, and resolved; `rejected`: no route of the estate fits; `expired`: never resolved. */
export interface FollowAlertResult {
  outcome: Outcome;
  reason: string;
  route: string | null;
  target: Target | null;
  effect: AlertEffect | null;
}

export interface ActiveAlerts {
  /** Those that somebody should act on, the newest ones. */
  alerts: Alert[];
  /** Keys of all that still fire, silenced ones included. */
  firing: string[];
  /** What keys of this source begin with, as far as it can see them: of others nothing is known. */
  scope: string;
  /** False where there were more than were read: then what is missing among `firing` may fire all the same. */
  complete: boolean;
}

/** Most alerts that one look takes up: they travel through history. */
const mostTakenUp = 200;

/** The newest come first: those that are older were taken up by an earlier look, or by their webhook. */
export function newestAlerts(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort((one, other) => (one.firedAt < other.firedAt ? 1 : -1)).slice(0, mostTakenUp);
}

export interface ReconcileAlertsInput {
  /** A run that is younger than this, in milliseconds, may be about an alert that fired after its source was read, and is not closed; 2 minutes by default. */
  graceMs?: number;
}

export interface ReconcileAlertsResult {
  outcome: Outcome;
  reason: string;
  sources: { source: AlertSource; firing: number; started: string[]; resolved: string[] }[];
}

export const AlertPhase = { Routing: 'routing an alert', Acting: 'acting on an alert', Following: 'following an alert', Unmapped: 'alert without a route' } as const;
export const reconcilePhase = 'reading active alerts';

export const followForMs = 30 * 24 * 3_600_000;

const followAlert = 'followAlert';

/** One run for each occurrence, however often it is told: this is what a second delivery runs into, also after a restart of the receiver. */
export function followAlertId({ source, key }: Pick<Alert, 'source' | 'key'>): string {
  return [followAlert, source, idPart(key)].join(':');
}

/** The source and key of such a run; null for another workflow. */
export function alertOfRun(workflowId: string): Pick<Alert, 'source' | 'key'> | null {
  const [type, source, key, ...more] = workflowId.split(':');
  if (type !== followAlert || key === undefined || more.length > 0 || !isSource(source)) return null;
  return { source, key: decodeURIComponent(key) };
}

function isSource(name: string | undefined): name is AlertSource {
  return (alertSources as readonly (string | undefined)[]).includes(name);
}

export interface AlertParts extends Omit<Alert, 'severity' | 'resources'> {
  /** As the sender writes it. */
  severity: string | undefined;
  resources?: readonly string[];
}

const most = { labels: 24, resources: 10, label: 60, value: 150, description: 300, resource: 1_000 };

/** Puts an alert together, each part cut to what Holdpoint keeps of it. */
export function alertOf({ source, key, name, severity, firedAt, description, labels, resources = [] }: AlertParts): Alert {
  const kept = Object.entries(labels).slice(0, most.labels).map(([label, value]) => [clip(label, most.label), clip(value, most.value)] as const);
  return {
    source, key,
    name: clip(name, most.value) || 'unnamed rule',
    severity: alertSeverity(severity),
    firedAt,
    description: clip(description, most.description),
    labels: Object.fromEntries(kept),
    resources: resources.slice(0, most.resources).map((id) => id.slice(0, most.resource)),
  };
}

const severityWords: Record<string, Severity> = {
  p0: 'P0', p1: 'P1', p2: 'P2', p3: 'P3', p4: 'P3',
  sev0: 'P0', sev1: 'P1', sev2: 'P2', sev3: 'P3', sev4: 'P3',
  critical: 'P0', page: 'P1', high: 'P1', error: 'P1', major: 'P1', warning: 'P2', minor: 'P3', low: 'P3', info: 'P3', none: 'P3',
};

/** The sender's word in the product's terms; null where it is none of those that are known. */
export function alertSeverity(word: string | undefined): Severity | null {
  return severityWords[(word ?? '').trim().toLowerCase()] ?? null;
}

/** `*` stands for anything; letters in any case, as Azure compares names. */
export function nameMatches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop()!;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
