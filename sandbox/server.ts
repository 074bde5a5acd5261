import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { alertmanagerPlugin } from './alertmanager/plugin.ts';
import { alertsPlugin } from './alerts/plugin.ts';
import { azureDevOpsPlugin } from './azure-devops/plugin.ts';
import { azureResourceManagerPlugin } from './azure-resource-manager/plugin.ts';
import { batchScoringControl } from './batch-scoring/control.ts';
import { batchScoringPlugin } from './batch-scoring/plugin.ts';
import { blobPlugin } from './blob/plugin.ts';
import { chatPlugin } from './chat/plugin.ts';
import { controlPlugin } from './control/plugin.ts';
import { loadOrMintCertificate } from './core/certificate.ts';
import { Clock } from './core/clock.ts';
import { type CoreContext, type SandboxContext, VendorError } from './core/context.ts';
import { Faults, registerFaults } from './core/faults.ts';
import { Ledger, registerLedger } from './core/ledger.ts';
import { registerBodyParsers } from './core/request-body.ts';
import { Store } from './core/store.ts';
import { Tokens } from './core/tokens.ts';
import { entraPlugin } from './entra/plugin.ts';
import { createMachineLearning } from './machine-learning.ts';
import { mlflowPlugin } from './mlflow/plugin.ts';
import { pagerDutyPlugin } from './pagerduty/plugin.ts';
import { runHistoryPlugin } from './run-history/plugin.ts';
import { moreCircuitsControl } from './seed/more-circuits.ts';
import { layGround, trainFirstModels } from './seed/seed.ts';
import { slackPlugin } from './slack/plugin.ts';
import { teamsPlugin } from './teams/plugin.ts';

export interface SandboxOptions {
  /** Where everything is kept; created when it does not exist. */
  stateDir: string;
  /** 0 takes a free port. */
  port: number;
  /** Whether the demo's estate is made when the state is empty; default true. */
  seed?: boolean;
  /** The host name in the URLs that the stand-in gives out; default 127.0.0.1. */
  publicHost?: string;
}

export interface Sandbox {
  url: string;
  port: number;
  /** PEM file of the authority that clients must trust. */
  caFile: string;
  context: SandboxContext;
  /** Stops the server and everything that it runs. What it was asked so far is kept. */
  close(): Promise<void>;
}

/** Larger than any blob of the demo. */
const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

/** Starts the stand-in on 127.0.0.1 over HTTPS. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const host = options.publicHost ?? '127.0.0.1';
  await requireFreePort(options.port);
  mkdirSync(options.stateDir, { recursive: true });
  const { caFile, key, cert } = await loadOrMintCertificate(join(options.stateDir, 'certificates'));
  // The cast drops the kind of server from the type: the platforms are written for any.
  const app = fastify({
    https: { key, cert },
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
    // Both Azure Resource Manager and Azure DevOps take paths in any case; parameters keep theirs.
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 1000 },
  }) as unknown as FastifyInstance;

  let port = options.port;
  const context = createContext(options.stateDir, () => `https://${host}:${port}`);
  await registerPlatforms(app, context);
  if (options.seed !== false) layGround(context);
  await app.listen({ host: '127.0.0.1', port: options.port });
  const address = app.server.address();
  if (typeof address === 'object' && address) port = address.port;
  // Only now: jobs report to this server.
  context.operations.resume();
  context.jobs.resume();
  const stopping = new AbortController();
  const seeding = options.seed === false ? Promise.resolve() : trainFirstModels(context, stopping.signal);

  return {
    url: context.baseUrl(),
    port,
    caFile,
    context,
    async close() {
      stopping.abort();
      await seeding;
      await context.jobs.stop();
      await app.close();
      context.clock.close();
      context.ledger.close();
      context.store.close();
    },
  };
}

/** A second stand-in on the same port must fail before it touches the first one's state. */
async function requireFreePort(port: number): Promise<void> {
  const probe = createServer().listen(port, '127.0.0.1');
  await once(probe, 'listening');
  await new Promise((resolve) => probe.close(resolve));
}

function createContext(stateDir: string, baseUrl: () => string): SandboxContext {
  const store = new Store(stateDir);
  const clock = new Clock(store);
  const core: CoreContext = {
    stateDir,
    store,
    clock,
    ledger: new Ledger(stateDir),
    faults: new Faults(store),
    tokens: new Tokens(store, clock),
    baseUrl,
  };
  return { ...core, ...createMachineLearning(core) };
}

async function registerPlatforms(app: FastifyInstance, context: SandboxContext): Promise<void> {
  registerBodyParsers(app);
  registerLedger(app, context.ledger, context.clock);
  registerFaults(app, context.faults, context.clock);
  app.setErrorHandler<FastifyError | VendorError>(async (error, _request, reply) => {
    if (error instanceof VendorError) return reply.code(error.statusCode).headers(error.headers).send(error.body);
    const statusCode = error.statusCode ?? 500;
    if (statusCode >= 500) console.error(error);
    const code = statusCode >= 500 ? 'InternalServerError' : 'BadRequest';
    return reply.code(statusCode).send({ error: { code, message: error.message } });
  });
  app.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ error: { code: 'ResourceNotFound', message: `No resource at ${request.method} ${request.url}.` } }),
  );
  await app.register(controlPlugin, context);
  await app.register(entraPlugin, context);
  await app.register(azureDevOpsPlugin, context);
  await app.register(azureResourceManagerPlugin, context);
  await app.register(batchScoringPlugin, context);
  await app.register(batchScoringControl, context);
  await app.register(moreCircuitsControl, context);
  await app.register(mlflowPlugin, context);
  await app.register(runHistoryPlugin, context);
  await app.register(blobPlugin, context);
  await app.register(alertsPlugin, context);
  await app.register(alertmanagerPlugin, context);
  await app.register(chatPlugin, context);
  await app.register(slackPlugin, context);
  await app.register(teamsPlugin, context);
  await app.register(pagerDutyPlugin, context);
}
