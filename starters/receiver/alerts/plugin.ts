/**
 * Where alerts come in: Azure Monitor, Alertmanager and PagerDuty. Answered 202 once Temporal has every alert of the notification, and 503 while it is away: all three deliver again then, and what
 * they give up is found by `reconcileAlerts`. 401 and 400 are for whoever configured the sender, which does not repeat them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pMap from 'p-map';
import { z } from 'zod';
import type { Alert, AlertNews } from '../../../workflows/domain/alert.ts';
import { fieldInWords } from '../../../workflows/domain/issue-words.ts';
import { credentialCheck, type WebhookCredentials } from '../webhook-credentials.ts';
import { readAlertmanager } from './alertmanager.ts';
import { readAzureMonitor } from './azure-monitor.ts';
import { isFromPagerDuty, readPagerDuty } from './pager-duty.ts';

export interface AlertPorts {
  /** Returns once Temporal has the run that follows the alert, whether this delivery or an earlier one started it. Throws TryLater. */
  takeUp: (alert: Alert) => Promise<{ workflowId: string; started: boolean }>;
  /** Tells that run of the alert's end; `told` is false where none runs. Throws TryLater. */
  resolve: (alert: Pick<Alert, 'source' | 'key'>) => Promise<{ workflowId: string; told: boolean }>;
  /** In place of user and password, also in the address (`?token=`), because an action group of Azure Monitor has no other place for it. */
  token: string | undefined;
  /** Secrets of PagerDuty's subscriptions; without one, its webhooks are refused. */
  pagerDutySecrets: readonly string[];
}

export interface AlertRoutesOptions extends AlertPorts {
  credentials: WebhookCredentials;
}

const concurrency = 8;

export async function alertRoutes(app: FastifyInstance, { credentials, token, pagerDutySecrets, ...ports }: AlertRoutesOptions): Promise<void> {
  const take = async (request: FastifyRequest, reply: FastifyReply, news: AlertNews[]): Promise<FastifyReply> => {
    const alerts = await pMap(news, async (each) => (each.kind === 'fired' ? { ...(await ports.takeUp(each.alert)) } : { ...(await ports.resolve(each.alert)) }), { concurrency });
    request.log.info({ alerts: alerts.slice(0, 20), count: alerts.length }, 'alerts taken');
    return reply.code(202).send({ alerts });
  };

  await app.register(async (signedIn) => {
    await signedIn.register(basicAuth, { validate: credentialCheck(credentials), authenticate: { realm: 'Holdpoint alerts' } });
    const expected = token === undefined ? null : sha256(token);
    // Before the body is read.
    signedIn.addHook('onRequest', (request, reply, next) => {
      const given = tokenOf(request);
      if (expected !== null && given !== null && timingSafeEqual(sha256(given), expected)) return next();
      signedIn.basicAuth(request, reply, next);
    });
    signedIn.post('/webhooks/azure-monitor', async (request, reply) => await take(request, reply, read(readAzureMonitor, request.body)));
    signedIn.post('/webhooks/alertmanager', async (request, reply) => await take(request, reply, read(readAlertmanager, request.body)));
  });

  await app.register(async (signed) => {
    // The signature is over the bytes as they came.
    signed.removeAllContentTypeParsers();
    signed.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    signed.post('/webhooks/pagerduty', async (request, reply) => {
      const header = request.headers['x-pagerduty-signature'];
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (!isFromPagerDuty(pagerDutySecrets, typeof header === 'string' ? header : undefined, body)) throw Object.assign(new Error('the request is not signed by PagerDuty'), { statusCode: 401 });
      return await take(request, reply, read(readPagerDuty, parse(body)));
    });
  });
}

/** `Authorization: Bearer`, or the query of the address. */
function tokenOf({ headers, query }: FastifyRequest): string | null {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const inAddress = (query as Record<string, unknown>)['token'];
  return bearer ?? (typeof inAddress === 'string' ? inAddress : null);
}

/** Names the field of what does not fit; never its value. */
function read(reader: (body: unknown) => AlertNews[], body: unknown): AlertNews[] {
  try {
    return reader(body);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    throw Object.assign(new Error(issue === undefined ? 'the body: is malformed' : fieldInWords(issue)), { statusCode: 400 });
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw Object.assign(new Error('the body: is no JSON'), { statusCode: 400 });
  }
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest();
}
