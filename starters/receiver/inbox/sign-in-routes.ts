import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { beginSession, endSession, refuseForged } from './guard.ts';
import { signInPage } from './pages/sign-in.ts';
import { localPath, paths } from './paths.ts';
import { formOf, type InboxContext } from './plugin.ts';

const minute = 60_000;
/** Passwords of one name that an address may try in a minute; a person needs two or three. After the body is read, for the name is in it. */
const tries = { max: 10, timeWindow: minute, hook: 'preHandler', keyGenerator: (request: FastifyRequest) => `${request.ip} ${(formOf(request).get('name') ?? '').trim().toLowerCase()}` } as const;
/** Sign-in pages and ways back from the provider, for everybody behind one address. */
const visits = { max: 120, timeWindow: minute };

export async function signInRoutes(app: FastifyInstance, context: InboxContext): Promise<void> {
  const { openId, localUsers, origin } = context;
  if (openId === null && localUsers === null) throw new Error('nobody could sign in to the inbox: configure an identity provider');

  const ask = (request: FastifyRequest, reply: FastifyReply, problem: string | null = null, name?: string): FastifyReply => {
    const { inboxSession } = request;
    const session = inboxSession !== null && inboxSession.person === null ? inboxSession : beginSession(request, reply, context, null, { returnTo: localPath((request.query as { to?: string }).to) });
    return context.show(request, reply, signInPage({ session, openId: openId !== null, localUsers: localUsers?.names ?? null, problem, ...(name !== undefined && { name }) }), problem === null ? 200 : 401);
  };

  /** Signs a name in, if the estate knows it; under a new session, for the old cookie may be known to somebody else. */
  const admit = async (request: FastifyRequest, reply: FastifyReply, name: string, how: string): Promise<FastifyReply> => {
    const wanted = name.trim().toLowerCase();
    const person = (await context.people()).find(({ id, aliases }) => [id, ...aliases].some((alias) => alias.toLowerCase() === wanted));
    if (person === undefined) {
      request.log.warn({ how }, 'inbox: signed in as somebody whom the estate does not know');
      return ask(request, reply, 'You are signed in there, but the estate does not know you: ask for your name to be added to its people.');
    }
    const returnTo = localPath(request.inboxSession?.data.returnTo);
    beginSession(request, reply, context, person.id);
    request.log.info({ person: person.id, how }, 'inbox: signed in');
    return reply.redirect(returnTo, 303);
  };

  app.get(paths.signIn, { config: { rateLimit: visits } }, async (request, reply) => {
    if (request.inboxSession !== null && request.inboxSession.person !== null) return reply.redirect(localPath((request.query as { to?: string }).to), 303);
    const to = (request.query as { to?: string }).to;
    if (request.inboxSession !== null && to !== undefined) {
      request.inboxSession.data.returnTo = localPath(to);
      context.sessions.save(request.inboxSession);
    }
    return ask(request, reply);
  });

  if (localUsers !== null) {
    app.post(paths.signIn, { config: { rateLimit: tries }, bodyLimit: 10_000 }, async (request, reply) => {
      const form = formOf(request);
      refuseForged(request, form, context);
      const name = (form.get('name') ?? '').trim();
      const isRight = await localUsers.check(name, form.get('password') ?? '');
      return isRight ? await admit(request, reply, name, 'password') : ask(request, reply, 'Name or password is wrong.', name);
    });
  }

  if (openId !== null) {
    const redirectUri = (request: FastifyRequest): string => `${origin(request)}${paths.openIdCallback}`;
    app.get(paths.openIdStart, { config: { rateLimit: visits } }, async (request, reply) => {
      const session = request.inboxSession?.person === null ? request.inboxSession : beginSession(request, reply, context, null);
      const { url, request: signIn } = await openId.begin(redirectUri(request));
      session.data.signIn = signIn;
      context.sessions.save(session);
      return reply.redirect(url, 303);
    });
    app.get(paths.openIdCallback, { config: { rateLimit: visits } }, async (request, reply) => {
      const session = request.inboxSession;
      const signIn = session?.data.signIn;
      if (session === null || signIn === undefined) return ask(request, reply, 'The sign-in took too long, or began in another browser. Try again.');
      delete session.data.signIn; // once only
      context.sessions.save(session);
      const query = request.url.slice(request.url.indexOf('?') + 1);
      return await admit(request, reply, await openId.finish(`${redirectUri(request)}?${query}`, signIn), 'openid');
    });
  }

  app.post(paths.signOut, async (request, reply) => {
    refuseForged(request, formOf(request), context);
    endSession(request, reply, context);
    return reply.redirect(paths.signIn, 303);
  });
}
