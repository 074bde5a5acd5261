/**
 * The receiver's part of the command line: it signs a command line in, and signs decisions for whoever is signed in there. The private key never leaves the receiver.
 *
 * Whoever asks is known by a bearer token alone and never by a cookie, so that no page of another site can ask in somebody's name. A token of a command line is no session of the
 * inbox, and the other way round.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fieldInWords } from '../../../workflows/domain/issue-words.ts';
import { canonicalPerson, type Person } from '../../../workflows/domain/policy.ts';
import { UnsignableAnswer } from '../../decision-signer.ts';
import { paths } from '../inbox/paths.ts';
import { formOf, type InboxContext } from '../inbox/plugin.ts';
import type { Session } from '../inbox/session-store.ts';
import { pollSeconds, type PendingSignIns } from './pending-sign-ins.ts';
import { commandLineApi, commandLineClient, deviceGrant, mostSigned, type SignedDecisions } from './wire.ts';

const minute = 60_000;
/** Of one address: sign-ins that begin, and questions whether one is done. */
const begins = { max: 20, timeWindow: minute };
const questions = { max: 240, timeWindow: minute };
/** Of one person. 500 decisions each: far more than anybody reads. */
const signings = { max: 60, timeWindow: minute, hook: 'preHandler', keyGenerator: (request: FastifyRequest) => request.commandLine?.person ?? request.ip } as const;
/** 500 decisions with long comments. */
const bodyLimit = 4 * 1024 * 1024;

const decisions = z.strictObject({
  decisions: z.array(z.strictObject({ workflowId: z.string().min(1).max(1_000), runId: z.string().min(1).max(100), answer: z.record(z.string(), z.unknown()) })).min(1).max(mostSigned),
});

declare module 'fastify' {
  interface FastifyRequest {
    /** Set where the request carries the token of a command line. */
    commandLine: { session: Session; person: string; people: readonly Person[] } | null;
  }
}

class Refused extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

export async function commandLineRoutes(app: FastifyInstance, context: InboxContext, pending: PendingSignIns): Promise<void> {
  app.decorateRequest('commandLine', null);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const isRefusal = error.statusCode !== undefined && error.statusCode < 500;
    const told = { method: request.method, path: request.url.split('?', 1)[0], from: request.ip };
    if (isRefusal) request.log.warn({ ...told, reason: error.message }, 'command line: refused');
    else request.log.error({ ...told, err: error }, 'command line: failed');
    return reply.code(isRefusal ? error.statusCode! : 503).send({ error: isRefusal ? error.message : 'not possible for now; try again' });
  });

  app.post(commandLineApi.deviceAuthorization, { config: { rateLimit: begins }, bodyLimit: 10_000 }, async (request, reply) => {
    const form = formOf(request);
    if (form.get('client_id') !== commandLineClient) return oauthError(reply, 'invalid_client');
    const { deviceCode, userCode, expiresInSeconds } = pending.begin({ from: request.ip, machine: (form.get('machine') ?? '').slice(0, 100) });
    return { device_code: deviceCode, user_code: userCode, verification_uri: `${context.origin(request)}${paths.commandLine}`, expires_in: expiresInSeconds, interval: pollSeconds };
  });

  app.post(commandLineApi.token, { config: { rateLimit: questions }, bodyLimit: 10_000 }, async (request, reply) => {
    const form = formOf(request);
    if (form.get('grant_type') !== deviceGrant) return oauthError(reply, 'unsupported_grant_type');
    const redeemed = pending.redeem(form.get('device_code') ?? '');
    if ('error' in redeemed) return oauthError(reply, redeemed.error);
    const { person } = redeemed;
    const { token } = context.sessions.start(person, { commandLine: true });
    request.log.info({ person, from: request.ip }, 'command line: signed in');
    return { access_token: token, token_type: 'Bearer', expires_in: context.sessions.longestMs / 1000, person };
  });

  await app.register(async (known) => {
    // Before the body is read.
    known.addHook('onRequest', async (request, reply) => {
      request.commandLine = await knownBy(request, context);
      if (request.commandLine === null) {
        void reply.header('www-authenticate', 'Bearer realm="Holdpoint"');
        throw new Refused(401, 'the sign-in has ended; sign in again');
      }
    });

    known.post(commandLineApi.decisions, { config: { rateLimit: signings }, bodyLimit }, async (request): Promise<SignedDecisions> => {
      const { person, people } = request.commandLine!;
      const parsed = decisions.safeParse(request.body);
      if (!parsed.success) throw new Refused(400, `not a list of at most ${mostSigned} decisions: ${parsed.error.issues.map((issue) => fieldInWords(issue)).join('; ').slice(0, 300)}`);
      const other = parsed.data.decisions.find(({ answer }) => answer['by'] !== undefined && (typeof answer['by'] !== 'string' || canonicalPerson(people, answer['by']) !== person));
      if (other) throw new Refused(403, `you are signed in as ${person}; a decision of somebody else is not signed`);
      try {
        const answers = await Promise.all(parsed.data.decisions.map((decision) => context.gates.sign({ ...decision, by: person, via: 'command-line' })));
        request.log.info({ person, signed: answers.length }, 'command line: signed decisions');
        return { person, answers };
      } catch (error) {
        throw error instanceof UnsignableAnswer ? new Refused(400, error.message) : error;
      }
    });

    known.post(commandLineApi.signOut, { bodyLimit: 1_000 }, async (request, reply) => {
      const { session, person } = request.commandLine!;
      context.sessions.end(session.token);
      request.log.info({ person }, 'command line: signed out');
      return reply.code(204).send();
    });
  });
}

/** Whose command line asks; null without a good token, or for somebody who has left the estate. */
async function knownBy(request: FastifyRequest, { sessions, people }: InboxContext): Promise<FastifyRequest['commandLine']> {
  const token = /^Bearer ([A-Za-z0-9_-]{20,100})$/i.exec(request.headers.authorization ?? '')?.[1];
  const session = token === undefined ? null : sessions.find(token);
  if (session === null || session.person === null || session.data.commandLine !== true) return null;
  const known = await people();
  if (known.some(({ id }) => id === session.person)) return { session, person: session.person, people: known };
  sessions.end(session.token);
  return null;
}

/** As RFC 6749 and RFC 8628 have it. */
function oauthError(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error });
}
