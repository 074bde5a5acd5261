/**
 * The webhook receiver: Azure DevOps' notifications start releases, wake those that follow a build, and answer their gates.
 *
 * How it answers decides what Azure DevOps does next. 202: delivered. 503: delivered again within minutes; hence for everything that may pass, defects included. 401, 400, 413:
 * not delivered again, and the subscription goes on probation; hence only for what its owner must repair. Never 410, which switches the subscription off at once, and never 500.
 */
import basicAuth from '@fastify/basic-auth';
import fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';
import { MalformedNotification, readNotification } from './azure-devops-event.ts';
import { alertRoutes, type AlertPorts } from './alerts/plugin.ts';
import { checkRoutes, type CheckPorts } from './checks/check-routes.ts';
import { outcomeOf, sentence, type HookPorts } from './hook-outcome.ts';
import { slackPlugin, type SlackOptions } from './chat-actions/plugin.ts';
import { inboxPlugin, type InboxOptions } from './inbox/plugin.ts';
import { TryLater } from './try-later.ts';
import { credentialCheck, type WebhookCredentials } from './webhook-credentials.ts';

export interface ReceiverOptions extends HookPorts {
  credentials: WebhookCredentials;
  /** Checks of Azure pipelines; left out where no vault is configured for their tokens. */
  checks?: CheckPorts;
  /** Alerts of monitoring systems; left out: none are taken. */
  alerts?: AlertPorts;
  /** Addresses and networks of proxies in front, whose word is taken for whom they forward; none by default. */
  trustedProxies?: string[];
  /** Whether a run could be started now. */
  isTemporalReady: () => Promise<boolean>;
  logger: FastifyBaseLogger;
  /** The approval inbox; left out where nobody could sign in. */
  inbox?: InboxOptions | undefined;
  /** Buttons in Slack; left out where Slack's secret is not known. */
  slack?: SlackOptions | undefined;
}

const bodyLimit = 256 * 1024;
const retryAfterSeconds = 10;

/** Builds the receiver; it listens to nothing yet and needs neither Temporal nor Azure DevOps to start. */
export async function createReceiver({ credentials, isTemporalReady, logger, inbox, slack, checks, alerts, trustedProxies = [], ...ports }: ReceiverOptions): Promise<FastifyInstance> {
  const app = fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }), bodyLimit, requestTimeout: 30_000, trustProxy: trustedProxies.length > 0 ? trustedProxies : false, routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2_000 } }); // a workflow id is one segment of the inbox's paths
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = statusOf(error);
    const context = { method: request.method, path: request.url.split('?', 1)[0], from: request.ip, status };
    if (status === 503) request.log.error({ ...context, err: error }, 'not accepted for now');
    else request.log.warn({ ...context, reason: error.message }, 'refused');
    if (status === 503) void reply.header('retry-after', error instanceof TryLater ? error.afterSeconds ?? retryAfterSeconds : retryAfterSeconds);
    return reply.code(status).send({ error: status === 503 && !(error instanceof TryLater) ? 'not accepted for now; deliver it again' : error.message });
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: `there is nothing here; POST goes to ${['azure-devops', ...(alerts ? ['azure-monitor', 'alertmanager', 'pagerduty'] : [])].map((sender) => `/webhooks/${sender}`).join(', ')}` }));

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const isReady = await isTemporalReady();
    return reply.code(isReady ? 200 : 503).send(isReady ? { status: 'ready' } : { status: 'waiting', reason: 'Temporal does not answer' });
  });

  if (alerts) await app.register(alertRoutes, { credentials, ...alerts });
  if (checks) await app.register(checkRoutes, { credentials, ...checks });
  await app.register(async (hooks) => {
    await hooks.register(basicAuth, { validate: credentialCheck(credentials), authenticate: { realm: 'Holdpoint webhooks' } });
    // Before the body is read: nobody without the password makes the receiver take 256 KiB.
    hooks.addHook('onRequest', hooks.basicAuth);
    hooks.post('/webhooks/azure-devops', async (request, reply) => {
      const notification = readNotification(request.body);
      const { ids, pullRequest, buildId } = notification;
      const outcome = await outcomeOf(ports, notification);
      request.log.child(ids).info({ ...pullRequest, ...(buildId !== null && { buildId }), ...outcome }, sentence(outcome));
      return reply.code(202).send(outcome);
    });
  });
  if (inbox !== undefined) await app.register(inboxPlugin, inbox);
  if (slack !== undefined) await app.register(slackPlugin, slack);
  return app;
}

/** Errors of the request keep their status; everything else may pass. */
function statusOf(error: FastifyError): number {
  if (error instanceof MalformedNotification) return 400;
  const { statusCode } = error;
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 && statusCode !== 410 ? statusCode : 503;
}
