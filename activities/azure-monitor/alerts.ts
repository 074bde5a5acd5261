/** Azure Monitor's alerts about one deployment. */
import pMap from 'p-map';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { CircuitAlert } from '../../workflows/domain/review-progress.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, batchDeploymentId } from '../azure-resource-manager/resource-ids.ts';
import { lastProgress, recordProgress } from '../heartbeat.ts';
import type { RestClient } from '../http/rest-client.ts';
import { notYet } from '../not-yet.ts';

export interface AlertsQuery {
  workspace: WorkspaceRef;
  endpoint: string;
  deployment: string;
}

export interface WatchAlertsInput extends AlertsQuery {
  /** Alerts that fired before the release: not its fault. */
  known: string[];
  /** When `known` was read, ISO 8601: an alert that is resolved by now counts only if it began after that. */
  since: string;
  /** A new alert of this severity or a graver one is a breach: 0 (critical) to 4 (verbose). */
  breachSeverity: number;
  /** Milliseconds between two looks. */
  intervalMs: number;
  /** Looks after which the deployment is released from the watch. The activity counts; it never reads the clock. */
  polls: number;
}

export interface FiredAlert {
  id: string;
  rule: string;
  severity: number;
  description: string;
}

/** `alerts` counts the new ones that were too slight to be a breach. */
export type AlertVerdict = { kind: 'healthy'; polls: number; alerts: number } | { kind: 'breached'; poll: number; alert: FiredAlert };

interface Progress {
  polls: number;
  /** Ids of new alerts that were no breach. */
  slight: string[];
}

interface AlertBody {
  id: string;
  properties: { essentials: { severity?: string; monitorCondition?: string; alertRule?: string; description?: string; startDateTime?: string } };
}

export interface Alert extends FiredAlert {
  fires: boolean;
  /** Milliseconds since 1970; NaN where the service gives no time. */
  beganAt: number;
}

const longestDescription = 200;
/** Ids kept in the heartbeat; beyond that the count stands still. */
const mostSlight = 50;

/** The alerts that fire for a deployment now, and the names of their rules. Safe to retry because it only reads. */
export async function readFiringAlerts(arm: RestClient, query: AlertsQuery): Promise<{ ids: string[]; rules: string[] }> {
  const firing = (await alertsAbout(arm, query)).filter(({ fires }) => fires);
  return { ids: firing.map(({ id }) => id), rules: [...new Set(firing.map(({ rule }) => rule))] };
}

/**
 * Looks once per attempt for new alerts, failing benignly until it knows the verdict, so that a watch of a day costs neither history nor a worker slot.
 *
 * Safe to retry because it changes nothing, and because the count travels in the heartbeat, not in the attempt number: a crash or an Azure Monitor that is away is not a look.
 *
 * @throws StillWatching
 */
export async function watchAlerts(arm: RestClient, { known, since, breachSeverity, intervalMs, polls, ...query }: WatchAlertsInput): Promise<AlertVerdict> {
  const before = lastProgress<Progress>() ?? { polls: 0, slight: [] };
  // One that fired and was resolved between two looks was a breach all the same.
  const fresh = (await alertsAbout(arm, query)).filter(({ id, fires, beganAt }) => !known.includes(id) && (fires || beganAt >= Date.parse(since)));
  const poll = before.polls + 1;
  const [gravest] = fresh.filter(({ severity }) => severity <= breachSeverity).sort((left, right) => left.severity - right.severity);
  if (gravest) return { kind: 'breached', poll, alert: { id: gravest.id, rule: gravest.rule, severity: gravest.severity, description: gravest.description } };

  const slight = [...new Set([...before.slight, ...fresh.map(({ id }) => id)])].slice(0, mostSlight);
  if (poll >= polls) return { kind: 'healthy', polls: poll, alerts: slight.length };
  recordProgress({ polls: poll, slight } satisfies Progress);
  throw notYet(FailureType.StillWatching, `${query.endpoint}/${query.deployment}: ${poll} of ${polls} looks, ${slight.length} slight alerts`, intervalMs);
}

export interface ReadAlertRulesInput {
  workspace: WorkspaceRef;
  places: { circuit: string; endpoint: string; deployment: string }[];
  /** ISO instant: only alerts that began after it. */
  since: string;
}

/** Which rules fired for which circuits since then, whether they fire still or not; at most 500. Safe to retry because it only reads. */
export async function readAlertRules(arm: RestClient, { workspace, places, since }: ReadAlertRulesInput): Promise<{ alerts: CircuitAlert[] }> {
  const found = await pMap(places, async ({ circuit, ...place }) => (await alertsAbout(arm, { workspace, ...place })).filter(({ beganAt }) => beganAt >= Date.parse(since)).map(({ rule }) => ({ circuit, rule })), { concurrency: 8 });
  return { alerts: found.flat().slice(0, 500) };
}

/** All alerts about the deployment of the last 30 days, the service's longest range, whether they fire still or are resolved. */
export async function alertsAbout(arm: RestClient, { workspace, endpoint, deployment }: AlertsQuery): Promise<Alert[]> {
  const query = { 'api-version': ApiVersion.AlertsManagement, targetResource: batchDeploymentId(workspace, endpoint, deployment), timeRange: '30d', pageCount: 250 };
  let page: { url: string; query?: typeof query } | null = { url: `/subscriptions/${workspace.subscriptionId}/providers/Microsoft.AlertsManagement/alerts`, query };
  const found: AlertBody[] = [];
  while (page) {
    const { body }: { body: { value: AlertBody[]; nextLink?: string | null } } = await arm.send({ method: 'GET', ...page });
    found.push(...body.value);
    page = body.nextLink ? { url: body.nextLink } : null;
  }
  return found.map(({ id, properties: { essentials } }) => ({
    id,
    rule: essentials.alertRule ?? 'unnamed rule',
    severity: severityOf(essentials.severity),
    description: (essentials.description ?? '').slice(0, longestDescription),
    fires: essentials.monitorCondition === 'Fired',
    beganAt: Date.parse(essentials.startDateTime ?? ''),
  }));
}

/** `Sev0` to `Sev4`; a severity that cannot be read counts as the gravest, because nobody else looks. */
function severityOf(text: string | undefined): number {
  const digit = /^Sev([0-4])$/i.exec(text ?? '')?.[1];
  return digit === undefined ? 0 : Number(digit);
}
