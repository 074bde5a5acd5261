/** Azure Monitor's alerts of a whole subscription, as its alerts API lists them. */
import { z } from 'zod';
import { alertOf, newestAlerts, type ActiveAlerts, type Alert } from '../../workflows/domain/alert.ts';
import { ApiVersion } from '../azure-resource-manager/resource-ids.ts';
import type { RestClient } from '../http/rest-client.ts';

const alertIdPattern = /^\/subscriptions\/([0-9a-z-]{1,64})\/.*\/alerts\/([0-9a-z-]{1,64})$/i;

/** The key of an alert, from its ARM id: the webhook and the alerts API give the same one, but for its case and resource group. Null where it is no such id. */
export function azureAlertKey(id: string): string | null {
  const [, subscription, name] = alertIdPattern.exec(id) ?? [];
  return subscription === undefined || name === undefined ? null : `${azureScope(subscription)}${name.toLowerCase()}`;
}

/** What the keys of a subscription begin with. */
function azureScope(subscription: string): string {
  return `${subscription.toLowerCase()}.`;
}

const text = (longest: number) => z.string().max(longest);
const listed = z.object({
  id: text(1_000),
  properties: z.object({
    essentials: z.object({ alertRule: text(1_000).optional(), severity: text(20).optional(), startDateTime: text(60).optional(), description: text(10_000).nullish(), targetResource: text(1_000).optional(), monitorService: text(200).optional(), signalType: text(200).optional() }),
  }),
});

const pageSize = 250;
const mostAlerts = 2_000;

/** All alerts of the subscription whose condition is fired, of the last 30 days: the service's longest range. Safe to retry because it only reads. */
export async function readFiredAlerts(arm: RestClient, { subscriptionId }: { subscriptionId: string }): Promise<ActiveAlerts> {
  const query = { 'api-version': ApiVersion.AlertsManagement, monitorCondition: 'Fired', timeRange: '30d', pageCount: pageSize };
  let next: { url: string; query?: typeof query } | null = { url: `/subscriptions/${encodeURIComponent(subscriptionId)}/providers/Microsoft.AlertsManagement/alerts`, query };
  const alerts: Alert[] = [];
  while (next && alerts.length < mostAlerts) {
    const { body }: { body: { value?: unknown[]; nextLink?: string | null } } = await arm.send({ method: 'GET', ...next });
    for (const item of body.value ?? []) {
      const read = listed.safeParse(item);
      const key = read.success ? azureAlertKey(read.data.id) : null;
      if (!read.success || key === null) continue; // one that cannot be read keeps no other from being taken up
      const { alertRule, severity, startDateTime, description, targetResource, monitorService, signalType } = read.data.properties.essentials;
      alerts.push(alertOf({
        source: 'azureMonitor', key, name: alertRule?.split('/').at(-1) ?? '', severity, firedAt: isoOf(startDateTime), description: description ?? '',
        labels: { ...(monitorService && { monitoringService: monitorService }), ...(signalType && { signalType }) },
        resources: targetResource === undefined ? [] : [targetResource],
      }));
    }
    next = body.nextLink ? { url: body.nextLink } : null;
  }
  return { alerts: newestAlerts(alerts), firing: alerts.map(({ key }) => key), scope: azureScope(subscriptionId), complete: next === null };
}

/** The beginning of time where the sender gives none that can be read. */
export function isoOf(instant: string | undefined): string {
  const at = Date.parse(instant ?? '');
  return new Date(Number.isNaN(at) ? 0 : at).toISOString();
}
