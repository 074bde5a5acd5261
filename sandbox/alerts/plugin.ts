import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuseByField } from '../control/refusal.ts';
import { armError, type SandboxContext, VendorError } from '../core/context.ts';
import { AUDIENCE, SUBSCRIPTION_ID } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import { type Alert, alertOrderSchema, Alerts, type Essentials } from './alerts.ts';

type Query = Record<string, string | undefined>;

const DAY_MS = 24 * 3600 * 1000;
const TIME_RANGES_MS: Record<string, number> = { '1h': DAY_MS / 24, '1d': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS };
const DEFAULT_PAGE = 25;
const LARGEST_PAGE = 250;

/** Filters of the listing that compare one field of the essentials, in any case. */
const FILTERS = [
  'targetResource', 'targetResourceGroup', 'targetResourceType', 'monitorService', 'monitorCondition', 'severity', 'alertState', 'alertRule',
] as const satisfies (keyof Essentials)[];

/** Azure Monitor's alerts, through Azure Resource Manager. */
export async function alertsPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  const alerts = new Alerts(context.store, context.clock);
  const base = `/subscriptions/${SUBSCRIPTION_ID}/providers/Microsoft.AlertsManagement/alerts`;

  await app.register(async (api) => {
    api.addHook('onRequest', tokenGuard(context.tokens, { audience: AUDIENCE.resourceManager }));
    api.addHook<{ Querystring: Query }>('preHandler', async (request) => {
      if (request.query['api-version']) return;
      throw armError(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');
    });

    api.get<{ Querystring: Query }>(base, async (request) => {
      const { query } = request;
      const matching = alerts.list()
        .filter((alert) => FILTERS.every((field) => matches(alert.properties.essentials[field], query[field])))
        .filter(inTimeRange(query, context.clock.nowMs()))
        .sort((a, b) => order(query) * lastModified(a).localeCompare(lastModified(b)));
      return page(matching, request, context.baseUrl());
    });

    api.get<{ Params: { name: string } }>(`${base}/:name`, async ({ params: { name } }) => {
      const alert = alerts.get(name);
      if (!alert) throw armError(404, 'NotFound', `The alert ${name} was not found.`);
      return alert;
    });
  });

  await app.register(async (control) => {
    refuseByField(control);
    control.post('/_sandbox/alerts', async (request, reply) => {
      const wanted = alertOrderSchema.parse(request.body);
      if (wanted.condition === 'Fired') return reply.code(201).send(alerts.fire(wanted));
      const resolved = alerts.resolve(wanted);
      if (!resolved) throw new VendorError(404, { error: `rule: no fired alert of ${wanted.rule} for ${wanted.plant} ${wanted.circuit}` });
      return resolved;
    });
  });
}

function matches(value: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || value?.toLowerCase() === wanted.toLowerCase();
}

/** By the time at which the alert began: `customTimeRange` (two instants and a slash) beats `timeRange` (one day by default). */
function inTimeRange(query: Query, nowMs: number): (alert: Alert) => boolean {
  const [from, to] = query.customTimeRange?.split('/').map((instant) => Date.parse(instant)) ?? [];
  const rangeMs = TIME_RANGES_MS[query.timeRange ?? '1d'];
  if (rangeMs === undefined || Number.isNaN(from) || Number.isNaN(to)) {
    throw armError(400, 'BadRequest', 'timeRange must be 1h, 1d, 7d or 30d, and customTimeRange two instants joined by a slash.');
  }
  return ({ properties: { essentials } }) => {
    const startedMs = Date.parse(essentials.startDateTime);
    return startedMs >= (from ?? nowMs - rangeMs) && startedMs <= (to ?? nowMs);
  };
}

const lastModified = (alert: Alert): string => alert.properties.essentials.lastModifiedDateTime;
const order = (query: Query): 1 | -1 => (query.sortOrder === 'asc' ? 1 : -1);

/** One page of `pageCount` alerts, and the address of the next. */
function page(found: Alert[], request: FastifyRequest<{ Querystring: Query }>, baseUrl: string): { value: Alert[]; nextLink?: string } {
  const size = Number(request.query.pageCount ?? DEFAULT_PAGE);
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE) {
    throw armError(400, 'BadRequest', `pageCount must be between 1 and ${LARGEST_PAGE}.`);
  }
  const skip = Number(request.query.$skipToken ?? 0);
  const value = found.slice(skip, skip + size);
  if (skip + size >= found.length) return { value };
  const next = new URL(request.url, baseUrl);
  next.searchParams.set('$skipToken', String(skip + size));
  return { value, nextLink: next.href };
}
