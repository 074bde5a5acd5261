import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { beginSession, endSession, refuseForged } from './guard.ts';
import { signInPage } from './pages/sign-in.ts';
import { localPath, paths } from './paths.ts';
import { formOf, type InboxContext } from './plugin.ts';
import { PasswordTries, visits } from './sign-in-limits.ts';

export async function signInRoutes(app: FastifyInstance, context: InboxContext): Promise<void> {
  const { openId, localUsers, origin } = context;
  if (openId === null && localUsers === null) throw new Error('nobody could sign in to the inbox: configure an identity provider');

  const ask = (request: FastifyRequest, reply: FastifyReply, problem: string | null = null, name?: string): FastifyReply => {
    // Never in place of a session that there is: links of other sites lead here too, and would sign people out.
    const session = request.inboxSession ?? beginSession(request, reply, context, null, { returnTo: localPath((request.query as { to?: string }).to) });
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
    if (isSignedIn(request)) return reply.redirect(localPath((request.query as { to?: string }).to), 303);
    const to = (request.query as { to?: string }).to;
    if (request.inboxSession !== null && to !== undefined) {
      request.inboxSession.data.returnTo = localPath(to);
      context.sessions.save(request.inboxSession);
    }
    return ask(request, reply);
  });

  if (localUsers !== null) {
    const tries = new PasswordTries(localUsers.names, context.now);
    app.post(paths.signIn, { bodyLimit: 10_000 }, async (request, reply) => {
      const form = formOf(request);
      refuseForged(request, form, context);
      const name = (form.get('name') ?? '').trim();
      const isRight = await tries.check(request, name, () => localUsers.check(name, form.get('password') ?? ''));
      return isRight ? await admit(request, reply, name, 'password') : ask(request, reply, 'Name or password is wrong.', name);
    });
  }

  if (openId !== null) {
    const redirectUri = (request: FastifyRequest): string => `${origin(request)}${paths.openIdCallback}`;
    app.get(paths.openIdStart, { config: { rateLimit: visits } }, async (request, reply) => {
      if (isSignedIn(request)) return reply.redirect(paths.list, 303);
      const session = request.inboxSession;
      // From our own page only: a link elsewhere must not replace a sign-in that is under way.
      if (session === null || isFromElsewhere(request)) return reply.redirect(paths.signIn, 303);
      const { url, request: signIn } = await openId.begin(redirectUri(request));
      session.data.signIn = signIn;
      context.sessions.save(session);
      return reply.redirect(url, 303);
    });
    app.get(paths.openIdCallback, { config: { rateLimit: visits } }, async (request, reply) => {
      if (isSignedIn(request)) return reply.redirect(paths.list, 303);
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

function isSignedIn({ inboxSession }: FastifyRequest): boolean {
  return inboxSession !== null && inboxSession.person !== null;
}

/** Whether the browser says that a page of another site leads here; typed addresses and bookmarks are nobody's. */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}
