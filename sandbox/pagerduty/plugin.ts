import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';

const key = z.string("'routing_key' is missing or blank").length(32, "Length of 'routing_key' is incorrect (should be 32 characters)");
const dedupKey = z.string().min(1).max(255, "'dedup_key' is too long (maximum is 255 characters)");

const trigger = z.object({
  routing_key: key,
  event_action: z.literal('trigger'),
  dedup_key: dedupKey.optional(),
  payload: z.object({
    summary: z.string("'payload.summary' is missing or blank").min(1, "'payload.summary' is missing or blank").max(1_024),
    source: z.string("'payload.source' is missing or blank").min(1, "'payload.source' is missing or blank"),
    severity: z.enum(['critical', 'error', 'warning', 'info'], "'payload.severity' is invalid (must be one of: 'critical', 'warning', 'error', 'info')"),
    component: z.string().optional(),
    group: z.string().optional(),
    class: z.string().optional(),
    custom_details: z.record(z.string(), z.unknown()).optional(),
  }),
  client: z.string().optional(),
  client_url: z.url().optional(),
  links: z.array(z.object({ href: z.url(), text: z.string().optional() })).optional(),
});
const follow = z.object({ routing_key: key, event_action: z.enum(['acknowledge', 'resolve']), dedup_key: dedupKey });
const event = z.discriminatedUnion('event_action', [trigger, follow], "'event_action' is invalid (must be one of: 'trigger', 'acknowledge', 'resolve')");

interface Alert {
  dedupKey: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  summary: string;
  severity: string;
  /** Events that joined it, the first included. */
  log: string[];
  createdAt?: string;
}

/** What the REST API is read with. */
export const PAGERDUTY_TOKEN = 'sandbox-read-only';

const EVENTS = 'pagerduty-events';
const ALERTS = 'pagerduty-alerts';

/** PagerDuty's Events API v2. A trigger joins the open alert of its key; acknowledge and resolve of a key without an open alert are accepted and change nothing. */
export async function pagerDutyPlugin(app: FastifyInstance, { store, clock }: SandboxContext): Promise<void> {
  app.post('/pagerduty/v2/enqueue', async (request, reply) => {
    const read = event.safeParse(request.body);
    if (!read.success) throw new VendorError(400, { status: 'invalid event', message: 'Event object is invalid', errors: read.error.issues.map(({ message }) => message) });
    const given = read.data;
    const dedup = given.dedup_key ?? randomUUID().replaceAll('-', '');
    const number = store.next(EVENTS);
    store.put(EVENTS, String(number), { number, receivedAt: clock.iso(), ...given, routing_key: undefined, dedup_key: dedup });

    const alerts = store.list<Alert & { id: string }>(ALERTS);
    const open = alerts.find((alert) => alert.dedupKey === dedup && alert.status !== 'resolved');
    if (given.event_action === 'trigger') {
      const id = open?.id ?? `alert-${store.next(ALERTS)}`;
      const { summary, severity } = given.payload;
      store.put(ALERTS, id, open ? { ...open, log: [...open.log, 'trigger'] } : { id, dedupKey: dedup, status: 'triggered', summary, severity, log: ['trigger'], createdAt: clock.iso() });
      if (!open) request.markChanged();
    } else if (open) {
      const status = given.event_action === 'resolve' ? 'resolved' : 'acknowledged';
      store.put(ALERTS, open.id, { ...open, status, log: [...open.log, given.event_action] });
      if (open.status !== status) request.markChanged();
    }
    return reply.code(202).send({ status: 'success', message: 'Event processed', dedup_key: dedup });
  });

  // REST API v2: every alert is an incident of its own here, of the one service that there is.
  app.get('/pagerduty/incidents', async (request) => {
    if (request.headers.authorization !== `Token token=${PAGERDUTY_TOKEN}`) throw new VendorError(401, { error: { message: 'Authentication failed', code: 2006 } });
    const query = new URL(request.url, 'https://pagerduty.invalid').searchParams;
    const [statuses, limit, offset] = [query.getAll('statuses[]'), Number(query.get('limit') ?? 25), Number(query.get('offset') ?? 0)];
    const found = store.list<Alert & { id: string }>(ALERTS).filter(({ status }) => statuses.length === 0 || statuses.includes(status));
    const incidents = found.slice(offset, offset + limit).map(({ id, status, summary, severity, createdAt }) => ({
      id: id.replace('alert-', 'QSANDBOX'), type: 'incident', title: summary, status, created_at: createdAt ?? clock.iso(), urgency: severity === 'critical' || severity === 'error' ? 'high' : 'low', priority: null,
      service: { id: 'PSANDBOX', type: 'service_reference', summary: 'Predictions' },
    }));
    return { incidents, limit, offset, total: null, more: offset + limit < found.length };
  });

  app.get('/_sandbox/pagerduty', async () => ({ events: store.list(EVENTS), alerts: store.list(ALERTS) }));
}
