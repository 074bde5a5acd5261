import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import pMap from 'p-map';
import { WorkflowNotFoundError } from '@temporalio/common';
import { AnswerRefused, updateIdFrom } from '../../gates/send-answer.ts';
import { isSame, mostTicked, readTicked, type ShownGate } from './bulk-form.ts';
import { isUndecided } from './failures.ts';
import { outcomeText } from './outcome-text.ts';
import { messagePage } from './pages/layout.ts';
import { previewPage, resultPage, type BulkResult, type PreviewItem } from './pages/bulk.ts';
import { paths } from './paths.ts';
import { personAtGate } from './person-at-gate.ts';
import type { InboxContext, SignedIn } from './plugin.ts';

/** Most decisions under way at the same time. */
const concurrency = 16;

interface Chosen extends ShownGate {
  verdict: 'approve' | 'reject';
  comment: string | undefined;
}

export async function bulkRoutes(app: FastifyInstance, context: InboxContext): Promise<void> {
  const { gates, now } = context;

  /** What would be sent: each gate as it is now, beside what the list showed. */
  async function preview({ person, people }: SignedIn, shown: readonly ShownGate[]): Promise<{ items: PreviewItem[]; gone: string[] }> {
    const views = new Map((await gates.list()).gates.map((view) => [view.workflowId, view]));
    const items: PreviewItem[] = [];
    const gone: string[] = [];
    for (const one of shown) {
      const view = views.get(one.workflowId);
      if (view === undefined || view.gate !== one.gate) gone.push(`${one.gate} of ${one.workflowId}`);
      else items.push({ view, changed: !isSame(one, view), whyNot: personAtGate(view, person, people).whyNot });
    }
    return { items, gone };
  }

  async function send({ session, person }: SignedIn, nonce: string, { workflowId, runId, gate, evidence, verdict, comment }: Chosen): Promise<BulkResult> {
    const told = { workflowId, gate, verdict };
    try {
      // Not read once more before: the gate refuses a decision on other evidence than it shows.
      const answer = { gate, verdict, by: person, evidence, ...(comment !== undefined && { comment }) };
      const outcome = await gates.decide({ workflowId, runId, by: person, via: 'inbox', answer, updateId: updateIdFrom('inbox', session.token, nonce, workflowId, JSON.stringify(answer)) });
      return { ...told, kind: outcome.counted ? 'counted' : 'notCounted', text: outcomeText(outcome, answer) };
    } catch (error) {
      if (error instanceof AnswerRefused) return { ...told, kind: 'refused', text: error.message };
      if (error instanceof WorkflowNotFoundError) return { ...told, kind: 'refused', text: 'the run has ended' };
      if (isUndecided(error)) return { ...told, kind: 'unknown', text: 'no worker answered in time; it may still be counted' };
      throw error;
    }
  }

  app.get(paths.bulk, (_request, reply) => reply.redirect(paths.list, 303));
  app.get(paths.sendBulk, (_request, reply) => reply.redirect(paths.list, 303));

  app.post(paths.bulk, async (request, reply) => {
    const who = await context.signedInForm(request, reply);
    if (who === null) return reply;
    const { form, session } = who;
    const shown = form.getAll('gate').slice(0, mostTicked).map(readTicked).filter((one) => one !== null);
    if (shown.length === 0) {
      session.data.notice = { kind: 'bad', text: 'Tick at least one gate.' };
      context.sessions.save(session);
      return reply.redirect(paths.list, 303);
    }
    const verdict = form.get('verdict') === 'reject' ? 'reject' : 'approve';
    return context.show(request, reply, previewPage({ ...(await preview(who, shown)), verdict, comment: (form.get('comment') ?? '').trim(), nonce: randomUUID(), problem: null, session, now: now() }));
  });

  app.post(paths.sendBulk, async (request, reply) => {
    const who = await context.signedInForm(request, reply);
    if (who === null) return reply;
    const { form, session } = who;
    const shared = (form.get('comment') ?? '').trim();
    const nonce = form.get('nonce') ?? '';
    const [shown, decisions, own] = [form.getAll('gate').slice(0, mostTicked).map(readTicked), form.getAll('decide'), form.getAll('own')];
    if (shown.includes(null) || shown.length === 0 || decisions.length < shown.length || own.length < shown.length) return context.show(request, reply, messagePage('Nothing was sent', 'The form was not complete. Go back to the list and tick again.'), 400);
    const chosen = shown.flatMap((one, index): Chosen[] => {
      const verdict = decisions[index];
      return one !== null && (verdict === 'approve' || verdict === 'reject') ? [{ ...one, verdict, comment: own[index]!.trim() || shared || undefined }] : [];
    });
    const problem = chosen.length === 0 ? 'Everything is left out, so there is nothing to send.' : chosen.some(({ verdict, comment }) => verdict === 'reject' && comment === undefined) ? 'A rejection needs a reason: write a comment for all, or one for each rejection.' : null;
    if (problem !== null) {
      const verdict = form.get('verdict') === 'reject' ? 'reject' : 'approve';
      return context.show(request, reply, previewPage({ ...(await preview(who, shown.filter((one) => one !== null))), verdict, comment: shared, nonce, problem, session, now: now() }), 422);
    }
    const results = await pMap(chosen, (one) => send(who, nonce, one), { concurrency });
    request.log.info({ person: who.person, sent: results.length, counted: results.filter(({ kind }) => kind === 'counted').length }, 'inbox: answered together');
    return context.show(request, reply, resultPage(results, shown.length - chosen.length));
  });
}
