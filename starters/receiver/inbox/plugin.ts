/** The approval inbox, as a plugin of the receiver: server-rendered pages under `/inbox`. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../../../workers/configuration.ts';
import type { Person } from '../../../workflows/domain/policy.ts';
import { commandLineRoutes } from '../command-line/api.ts';
import { commandLineApi } from '../command-line/wire.ts';
import { PendingSignIns } from '../command-line/pending-sign-ins.ts';
import { bulkRoutes } from './bulk-routes.ts';
import { commandLinePages } from './command-line-routes.ts';
import { failurePage } from './failures.ts';
import { gateRoutes } from './gate-routes.ts';
import type { GatePort } from './gate-port.ts';
import { endSession, ForeignHost, ForgedRequest, readSession, refuseForged, refuseOtherSites, type SessionCookies } from './guard.ts';
import type { PasswordCheck } from './local-users.ts';
import type { OpenId } from './open-id.ts';
import { renderPage, type Assets, type Page } from './pages/layout.ts';
import { inboxPath, localPath, paths } from './paths.ts';
import type { Session, SessionStore } from './session-store.ts';
import { TooManyTries } from './sign-in-limits.ts';
import { signInRoutes } from './sign-in-routes.ts';

export interface InboxOptions {
  gates: GatePort;
  /** Who is known, read for each request: somebody who has left is signed out by that. */
  people: () => Promise<readonly Person[]>;
  openId: OpenId | null;
  /** Users with a password, of the demo only; `names` are shown. */
  localUsers: { check: PasswordCheck; names: readonly string[] } | null;
  sessions: SessionStore;
  /** Where browsers see the receiver, such as `https://holdpoint.example.com`; null: by whatever name of this machine they ask for it. */
  origin: string | null;
  /** Without an `origin`: also by names of other machines. Any site that a browser shows could then take the receiver for its own by pointing its name here. */
  anyHost?: boolean;
  /** A run in Temporal Web UI. */
  runUrl: (workflowId: string, runId: string) => string;
  now?: () => Date;
}

/** What the routes share. */
export interface InboxContext extends Omit<InboxOptions, 'now' | 'origin' | 'anyHost' | 'sessions'>, SessionCookies {
  now: () => Date;
  /** Renders a page into the answer; says once what a redirect left to say. */
  show: (request: FastifyRequest, reply: FastifyReply, page: Page, status?: number) => FastifyReply;
  /** Who asks; anybody else is sent to sign in. Null when that has been done. */
  signedIn: (request: FastifyRequest, reply: FastifyReply) => Promise<SignedIn | null>;
  /** The same for a form, which must be one of ours. */
  signedInForm: (request: FastifyRequest, reply: FastifyReply) => Promise<(SignedIn & { form: URLSearchParams }) | null>;
}

export interface SignedIn {
  session: Session;
  person: string;
  people: readonly Person[];
}

/** A form with a thousand ticks; more is refused. */
const bodyLimit = 1024 * 1024;

export async function inboxPlugin(app: FastifyInstance, { origin, anyHost = false, sessions, now = () => new Date(), ...options }: InboxOptions): Promise<void> {
  const cookies: SessionCookies = { sessions, origin: (request) => origin ?? `${request.protocol}://${request.host}` };
  const assets = await serveAssets(app);

  const context: InboxContext = {
    ...options,
    ...cookies,
    now,
    show(request, reply, page, status = 200) {
      const session = request.inboxSession;
      const notice = session?.data.notice ?? null;
      if (session !== null && notice !== null) {
        delete session.data.notice;
        sessions.save(session);
      }
      return reply.code(status).type('text/html; charset=utf-8').send(renderPage({ session, notice, assets }, page));
    },
    async signedIn(request, reply) {
      const session = request.inboxSession;
      const people = await options.people();
      if (session !== null && session.person !== null && people.some(({ id }) => id === session.person)) return { session, person: session.person, people };
      if (session !== null && session.person !== null) endSession(request, reply, cookies); // no longer in the estate
      const to = request.method === 'GET' ? localPath(request.url.split('?', 1)[0]) : paths.list;
      await reply.redirect(`${paths.signIn}${to === paths.list ? '' : `?to=${encodeURIComponent(to)}`}`, 303);
      return null;
    },
    async signedInForm(request, reply) {
      const who = await context.signedIn(request, reply);
      if (who === null) return null;
      const form = formOf(request);
      refuseForged(request, form, cookies);
      return { ...who, form };
    },
  };

  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], styleSrc: ["'self'"], scriptSrc: ["'self'"], imgSrc: ["'self'", 'data:'], formAction: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    referrerPolicy: { policy: 'same-origin' }, // with no-referrer browsers hide the origin of our own forms too
    strictTransportSecurity: origin?.startsWith('https://') ? { maxAge: 31_536_000 } : false,
    xFrameOptions: { action: 'deny' },
  });

  app.decorateRequest('inboxSession', null);
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, new URLSearchParams(body as string)));
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith(`${inboxPath}/assets/`)) return; // they are everybody's
    void reply.header('cache-control', 'no-store');
    if (origin === null && !anyHost && !isLoopbackHost(request.hostname)) throw new ForeignHost(`asked for as ${request.hostname.slice(0, 100)}`);
    if (isCommandLine(request)) return; // no browser: no cookie is read, and its own routes ask for a token
    request.inboxSession = readSession(request, cookies);
    if (request.method !== 'POST') return;
    // Before the body is read: nobody without a session makes the receiver take a form of a thousand ticks.
    refuseOtherSites(request, cookies);
    if (request.inboxSession === null && request.url !== paths.signIn) return reply.redirect(paths.signIn, 303);
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { page, status, isDefect } = failurePage(error);
    const told = { method: request.method, path: request.url.split('?', 1)[0], person: request.inboxSession?.person ?? null, status };
    if (isDefect) request.log.error({ ...told, err: error }, 'inbox: failed');
    else request.log.warn({ ...told, reason: error.message, ...(error.cause instanceof Error && { cause: error.cause.message }) }, error instanceof ForgedRequest || error instanceof ForeignHost ? 'inbox: refused' : 'inbox: not done');
    if (error instanceof TooManyTries) void reply.header('retry-after', error.retryAfterSeconds);
    return context.show(request, reply, page, status);
  });

  await signInRoutes(app, context);
  await gateRoutes(app, context);
  await bulkRoutes(app, context);
  const pending = new PendingSignIns(() => now().getTime());
  await commandLinePages(app, context, pending);
  await app.register((api) => commandLineRoutes(api, context, pending));
  app.addHook('onClose', () => sessions.close());
}

/** By the route and not by the path as it was written. */
function isCommandLine({ routeOptions: { url } }: FastifyRequest): boolean {
  return Object.values<string>(commandLineApi).includes(url ?? '');
}

/** The fields of a form; none when the body is something else. */
export function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}

/** The stylesheet and the script, under the digest of their content, so that browsers keep them and never show an old one. */
async function serveAssets(app: FastifyInstance): Promise<Assets> {
  const serve = (name: string, type: string): string => {
    const content = readFileSync(new URL(`assets/${name}`, import.meta.url));
    const path = `${inboxPath}/assets/${createHash('sha256').update(content).digest('hex').slice(0, 12)}/${name}`;
    app.get(path, (_request, reply) => reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(content));
    return path;
  };
  return { style: serve('inbox.css', 'text/css; charset=utf-8'), script: serve('inbox.js', 'text/javascript; charset=utf-8') };
}
