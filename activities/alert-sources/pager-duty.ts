/** PagerDuty: the incident of its webhooks (v3) and of its REST API v2. */
import { z } from 'zod';
import { alertOf, newestAlerts, type ActiveAlerts, type Alert } from '../../workflows/domain/alert.ts';
import type { RestClient } from '../http/rest-client.ts';

const reference = z.object({ id: z.string().max(100), summary: z.string().max(1_000).nullish() });

/** What both formats have in common; whatever else they carry is left. */
export const incidentSchema = z.object({
  id: z.string('is missing').regex(/^[A-Za-z0-9]{1,64}$/, 'must be letters and digits'),
  title: z.string().max(10_000).nullish(),
  created_at: z.string().max(60).refine((text) => !Number.isNaN(Date.parse(text)), 'must be an instant').nullish(),
  urgency: z.string().max(20).nullish(),
  priority: reference.nullish(),
  service: reference.nullish(),
});

const page = z.object({ incidents: z.array(incidentSchema), more: z.boolean().default(false) });

/** `firedAt` is used where the incident does not say when it was made. */
export function pagerDutyAlert({ id, title, created_at, urgency, priority, service }: z.infer<typeof incidentSchema>, firedAt: string): Alert {
  const labels = { ...(service && { service: service.summary ?? service.id, serviceId: service.id }), ...(urgency && { urgency }), ...(priority?.summary && { priority: priority.summary }) };
  return alertOf({ source: 'pagerDuty', key: id, name: title ?? '', severity: priority?.summary ?? urgency ?? undefined, firedAt: new Date(created_at ?? firedAt).toISOString(), description: '', labels });
}

const pageSize = 100;
/** PagerDuty's own limit of offset and limit together is 10,000. */
const mostPages = 10;

/** All incidents that are not resolved. Safe to retry because it only reads. */
export async function readActivePagerDuty(rest: RestClient, { api, token }: { api: string; token: string }): Promise<ActiveAlerts> {
  const alerts: Alert[] = [];
  for (let offset = 0; offset < mostPages * pageSize; offset += pageSize) {
    const { body } = await rest.send({
      method: 'GET',
      url: `${api}/incidents?statuses[]=triggered&statuses[]=acknowledged`,
      query: { date_range: 'all', limit: pageSize, offset },
      headers: { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' },
    });
    const { incidents, more } = page.parse(body);
    alerts.push(...incidents.map((incident) => pagerDutyAlert(incident, new Date(0).toISOString())));
    if (!more) return { alerts: newestAlerts(alerts), firing: alerts.map(({ key }) => key), scope: '', complete: true };
  }
  return { alerts: newestAlerts(alerts), firing: alerts.map(({ key }) => key), scope: '', complete: false };
}
