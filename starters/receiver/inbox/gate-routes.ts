import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { AnswerRefused, updateIdFrom } from '../../gates/send-answer.ts';
import { isSame } from './bulk-form.ts';
import { answerOf, readDecisionForm, type Typed } from './decision-form.ts';
import { html } from './html.ts';
import { outcomeText } from './outcome-text.ts';
import { standingOf, type SentDecision } from './standing.ts';
import { cardPage } from './pages/gate-card.ts';
import { messagePage } from './pages/layout.ts';
import { listPage } from './pages/list.ts';
import { paths } from './paths.ts';
import type { InboxContext, SignedIn } from './plugin.ts';

type GateRoute = { Params: { workflowId: string } };

export async function gateRoutes(app: FastifyInstance, context: InboxContext): Promise<void> {
  const { gates, now } = context;

  app.get(paths.list, async (request, reply) => {
    const who = await context.signedIn(request, reply);
    if (who === null) return reply;
    return context.show(request, reply, listPage({ ...who, ...(await gates.list()), now: now() }));
  });

  app.get<GateRoute>(`${paths.list}/gates/:workflowId`, async (request, reply) => {
    const who = await context.signedIn(request, reply);
    if (who === null) return reply;
    const { workflowId } = request.params;
    const view = await gates.read(workflowId);
    return view === null ? await showClosed(context, request, reply, workflowId) : context.show(request, reply, card(context, who, view));
  });

  app.post<GateRoute>(`${paths.list}/gates/:workflowId`, async (request, reply) => {
    const who = await context.signedInForm(request, reply);
    if (who === null) return reply;
    const { workflowId } = request.params;
    const { shown, nonce, typed } = readDecisionForm(who.form);
    const view = await gates.read(workflowId);
    if (view === null) return await showClosed(context, request, reply, workflowId, 'Your decision was not sent: the gate is no longer open.');
    if (!isSame({ ...shown, workflowId, runId: view.runId }, view)) return context.show(request, reply, card(context, who, view, { typed, moved: whatMoved(shown, view) }), 409);
    const read = answerOf(typed, who.person, view, now());
    if ('problem' in read) return context.show(request, reply, card(context, who, view, { typed, problem: read.problem }), 422);

    try {
      const outcome = await gates.decide({ workflowId, runId: view.runId, by: who.person, via: 'inbox', answer: read.answer, updateId: updateIdFrom('inbox', who.session.token, nonce, workflowId, JSON.stringify(read.answer)) });
      request.log.info({ workflowId, gate: view.gate, verdict: read.answer.verdict, person: who.person, counted: outcome.counted, state: outcome.state }, 'inbox: answered');
      const { answer } = read;
      const { kind, text } = isVerdictOnGate(answer) ? await standingOf(gates, { workflowId, runId: view.runId, answer }, outcome) : { kind: outcome.counted ? 'counts' : 'void', text: outcomeText(outcome, answer) };
      who.session.data.notice = { kind: kind === 'void' ? 'bad' : 'good', text };
      context.sessions.save(who.session);
      return await reply.redirect(paths.gate(workflowId), 303);
    } catch (error) {
      if (!(error instanceof AnswerRefused)) throw error;
      request.log.info({ workflowId, gate: view.gate, verdict: read.answer.verdict, person: who.person, refused: error.message }, 'inbox: refused by the gate');
      const current = await gates.read(workflowId);
      if (current === null) return await showClosed(context, request, reply, workflowId, `Your decision was not counted: ${error.message}.`);
      if (!isSame({ ...shown, workflowId, runId: view.runId }, current)) return context.show(request, reply, card(context, who, current, { typed, moved: whatMoved(shown, current) }), 409);
      return context.show(request, reply, card(context, who, current, { typed, problem: `Not counted: ${error.message}.` }), 409);
    }
  });
}

function isVerdictOnGate(answer: Answer): answer is SentDecision['answer'] {
  return answer.gate !== undefined && answer.by !== undefined && (answer.verdict === 'approve' || answer.verdict === 'reject');
}

function card({ runUrl, now }: InboxContext, { session, person, people }: SignedIn, view: GateView, rest: { typed?: Typed; problem?: string; moved?: string[] } = {}): ReturnType<typeof cardPage> {
  return cardPage({ view, session, person, people, runUrl: runUrl(view.workflowId, view.runId), now: now(), ...rest });
}

/** The run waits at no gate: says where it stands. */
async function showClosed({ gates, runUrl, show }: InboxContext, request: FastifyRequest, reply: FastifyReply, workflowId: string, problem?: string): Promise<FastifyReply> {
  const status = await gates.status(workflowId);
  const stands = status === null ? 'No worker says where the run stands.' : status.outcome === null ? `The run goes on: ${status.phase}.` : `The run has ended: ${status.outcome}.`;
  const last = status?.lastAnswer;
  const page = messagePage(
    'No gate is open here',
    problem !== undefined && html`<strong>${problem}</strong>`,
    stands,
    last && `Last answer: ${last.by ?? 'unnamed'}, ${last.counted ? 'counted' : 'not counted'}: ${last.reason}`,
    html`<a class="button" href="${paths.list}">To what waits</a>${status !== null && html` <a href="${runUrl(workflowId, status.runId)}" rel="noreferrer">The run in Temporal Web UI</a>`}`,
  );
  return show(request, reply, page, problem === undefined ? 200 : 409);
}

function whatMoved(shown: { gate: string; generation: number; evidence: string }, view: GateView): string[] {
  if (shown.gate !== view.gate) return [`You answered ${shown.gate || 'no gate'}; the run now waits at ${view.gate}.`];
  const changes = view.changes.length > 0 ? [...view.changes] : ['The evidence is not the one that you were shown.'];
  return [...changes, `Evidence ${shown.evidence || 'none'} is now ${view.evidence}.`];
}
