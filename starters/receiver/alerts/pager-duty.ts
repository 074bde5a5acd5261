/** PagerDuty's webhook, version 3: the signature, and the incident that an event is about. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { incidentSchema, pagerDutyAlert } from '../../../activities/alert-sources/pager-duty.ts';
import type { AlertNews } from '../../../workflows/domain/alert.ts';

/** More than PagerDuty ever sends: several while a secret is replaced. */
const mostSignatures = 10;

export function pagerDutySignature(secret: string, body: Buffer): string {
  return `v1=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Whether one of the signatures in the header X-PagerDuty-Signature is made with one of the secrets, over the body as it arrived. Every pair is compared, each in constant time. */
export function isFromPagerDuty(secrets: readonly string[], header: string | undefined, body: Buffer): boolean {
  const given = (header ?? '').split(',').slice(0, mostSignatures).map((signature) => Buffer.from(signature.trim()));
  const expected = secrets.map((secret) => Buffer.from(pagerDutySignature(secret, body)));
  const matches = expected.flatMap((wanted) => given.map((signature) => signature.length === wanted.length && timingSafeEqual(signature, wanted)));
  return matches.some(Boolean);
}

const event = z.object({
  event: z.object({
    event_type: z.string('must be a text').max(100),
    occurred_at: z.string().max(60).refine((text) => !Number.isNaN(Date.parse(text)), 'must be an instant'),
    client: z.object({ name: z.string().nullish() }).nullish(),
    data: z.unknown(),
  }),
});

/** Holdpoint's own pages come back as incidents. */
const own = 'Holdpoint';

/** Nothing for events that say neither that an incident began nor that it is over: one that a person reopens is in that person's hands. */
export function readPagerDuty(body: unknown): AlertNews[] {
  const { event_type: type, occurred_at: at, client, data } = event.parse(body).event;
  if ((type !== 'incident.triggered' && type !== 'incident.resolved') || client?.name === own) return [];
  const alert = pagerDutyAlert(z.object({ event: z.object({ data: incidentSchema }) }).parse({ event: { data } }).event.data, at);
  return type === 'incident.triggered' ? [{ kind: 'fired', alert }] : [{ kind: 'resolved', alert: { source: alert.source, key: alert.key } }];
}
