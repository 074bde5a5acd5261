/** Keeps forms to the people who were given them: sessions by cookie, and requests that change something only from our own pages. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session, SessionStore } from './session-store.ts';

declare module 'fastify' {
  interface FastifyRequest {
    inboxSession: Session | null;
  }
}

/** A request that no page of ours has made, or whose session has ended meanwhile. */
export class ForgedRequest extends Error {
  readonly statusCode = 403;
}

/** The receiver was asked for by a name that is not this machine's: a page of another site may have pointed its own name here, to send forms that look like ours. */
export class ForeignHost extends Error {
  readonly statusCode = 421;
}

export interface SessionCookies {
  /** Where the inbox is for browsers, such as `https://holdpoint.example.com`. */
  origin: (request: FastifyRequest) => string;
  sessions: SessionStore;
}

/** Over HTTPS the name itself makes the browser insist on Secure, this host and the whole path, so that no other site of the domain can plant one. */
function cookieName(isSecure: boolean): string {
  return isSecure ? '__Host-holdpoint-session' : 'holdpoint-session';
}

export function readSession(request: FastifyRequest, { origin, sessions }: SessionCookies): Session | null {
  const token = request.cookies[cookieName(isHttps(origin(request)))];
  const session = token === undefined || token.length > 100 ? null : sessions.find(token);
  return session?.data.commandLine ? null : session; // what a command line may do is no browser's
}

/** Begins a session in place of the one that the browser has. */
export function beginSession(request: FastifyRequest, reply: FastifyReply, { origin, sessions }: SessionCookies, person: string | null, data: Session['data'] = {}): Session {
  if (request.inboxSession !== null) sessions.end(request.inboxSession.token);
  const session = sessions.start(person, data);
  const isSecure = isHttps(origin(request));
  // Without an age: the browser forgets it when it is closed, and the server when it has been idle or is old. Lax, for the way back from the identity provider is a link.
  void reply.setCookie(cookieName(isSecure), session.token, { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' });
  request.inboxSession = session;
  return session;
}

export function endSession(request: FastifyRequest, reply: FastifyReply, { origin, sessions }: SessionCookies): void {
  if (request.inboxSession !== null) sessions.end(request.inboxSession.token);
  request.inboxSession = null;
  const isSecure = isHttps(origin(request));
  void reply.clearCookie(cookieName(isSecure), { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' });
}

/**
 * Refuses a form that did not come from a page of this session: the browser says which site sent it, and the form carries the session's own secret.
 *
 * @throws ForgedRequest
 */
export function refuseForged(request: FastifyRequest, form: URLSearchParams, cookies: SessionCookies): Session {
  const session = request.inboxSession;
  refuseOtherSites(request, cookies);
  if (session === null) throw new ForgedRequest('the session has ended');
  if (!isEqual(form.get('csrf') ?? '', session.csrf)) throw new ForgedRequest('the form does not belong to this session');
  return session;
}

/** The part of it that needs no body. @throws ForgedRequest */
export function refuseOtherSites(request: FastifyRequest, { origin }: SessionCookies): void {
  if (request.headers.origin !== origin(request)) throw new ForgedRequest('the form was sent from another site');
}

/** In the same time whatever was sent, its length included. */
export function isEqual(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(text, 'utf8').digest());
  return timingSafeEqual(one!, other!);
}

function isHttps(origin: string): boolean {
  return origin.startsWith('https://');
}
