/** Where somebody signs in their command line: they type the code that it shows, see which one asks, and say yes. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PendingSignIns } from '../command-line/pending-sign-ins.ts';
import { html } from './html.ts';
import { allowPage, codePage } from './pages/command-line.ts';
import { messagePage } from './pages/layout.ts';
import { paths } from './paths.ts';
import type { InboxContext } from './plugin.ts';

/** Codes that somebody may try in a minute. */
const tries = { max: 10, timeWindow: 60_000, hook: 'preHandler', keyGenerator: (request: FastifyRequest) => request.inboxSession?.person ?? request.ip } as const;

export async function commandLinePages(app: FastifyInstance, context: InboxContext, pending: PendingSignIns): Promise<void> {
  app.get(paths.commandLine, async (request, reply) => {
    const who = await context.signedIn(request, reply);
    return who === null ? reply : context.show(request, reply, codePage({ ...who, problem: null }));
  });

  app.post(paths.commandLine, { config: { rateLimit: tries }, bodyLimit: 10_000 }, async (request, reply) => {
    const who = await context.signedInForm(request, reply);
    if (who === null) return reply;
    const { form, session, person } = who;
    const code = form.get('code') ?? '';
    const found = pending.find(code);
    if (found === null) return context.show(request, reply, codePage({ session, person, problem: 'No command line waits with this code. It is good for ten minutes: look at your terminal again.' }), 404);
    const verdict = form.get('verdict');
    if (verdict !== 'allow' && verdict !== 'deny') return context.show(request, reply, allowPage({ session, person, found, hours: Math.round(context.sessions.longestMs / 3_600_000) }));
    pending.settle(code, verdict === 'allow' ? person : null);
    request.log.info({ person, from: found.from, verdict }, 'inbox: asked to sign in a command line');
    const told = verdict === 'allow'
      ? messagePage('Your command line is signed in', html`It decides as <strong>${person}</strong> now. Go back to your terminal; <code>holdpoint sign-out</code> there ends it.`)
      : messagePage('It was not signed in', 'Nobody decides in your name. If you did not ask for this yourself, tell your security team who gave you the code.');
    return context.show(request, reply, told);
  });
}
