/** Alertmanager: the alert of its webhooks (version 4) and of its API v2, which tell the same occurrence by the same fingerprint and start. */
import { z } from 'zod';
import { alertOf, newestAlerts, type ActiveAlerts, type Alert } from '../../workflows/domain/alert.ts';
import type { RestClient } from '../http/rest-client.ts';

const labels = z.record(z.string().max(1_000), z.string().max(10_000), 'must be texts by name');

/** What both formats have in common. */
export const alertmanagerAlertSchema = z.object({
  fingerprint: z.string('is missing').regex(/^[0-9a-f]{1,32}$/i, 'must be hexadecimal'),
  startsAt: z.string('is missing').max(60).refine((text) => !Number.isNaN(Date.parse(text)), 'must be an instant'),
  labels,
  annotations: labels.default({}),
});

const listed = z.array(alertmanagerAlertSchema.extend({ status: z.object({ state: z.string() }) }));

/** The API writes milliseconds where the webhook writes nanoseconds. */
function occurrence({ fingerprint, startsAt }: Pick<z.infer<typeof alertmanagerAlertSchema>, 'fingerprint' | 'startsAt'>): { key: string; firedAt: string } {
  const at = new Date(Date.parse(startsAt.replace(/(\.\d{3})\d+/, '$1')));
  return { key: `${fingerprint.toLowerCase()}.${at.getTime()}`, firedAt: at.toISOString() };
}

export function alertmanagerAlert({ labels: given, annotations, ...alert }: z.infer<typeof alertmanagerAlertSchema>): Alert {
  const { key, firedAt } = occurrence(alert);
  return alertOf({ source: 'alertmanager', key, firedAt, name: given['alertname'] ?? '', severity: given['severity'], description: annotations['summary'] ?? annotations['description'] ?? '', labels: given });
}

/** Keys that one look keeps. */
const mostFiring = 5_000;

/** All alerts that fire, silenced and inhibited ones only by their keys: they still fire, but nobody is to act on them. Safe to retry because it only reads. */
export async function readActiveAlertmanager(rest: RestClient, { url, token }: { url: string; token: string | undefined }): Promise<ActiveAlerts> {
  const { body } = await rest.send({ method: 'GET', url: `${url}/api/v2/alerts`, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const found = listed.parse(body);
  const active = found.filter(({ status }) => status.state === 'active').map(alertmanagerAlert);
  return { alerts: newestAlerts(active), firing: found.slice(0, mostFiring).map((alert) => occurrence(alert).key), scope: '', complete: found.length <= mostFiring };
}
