import type { GateView } from '../../../../workflows/domain/gate-view.ts';
import type { Person } from '../../../../workflows/domain/policy.ts';
import { ticked } from '../bulk-form.ts';
import { html, type Html } from '../html.ts';
import { paths } from '../paths.ts';
import { byUrgency, personAtGate, waitsFor } from '../person-at-gate.ts';
import type { Session } from '../session-store.ts';
import { ageBar, severityBadge, whereabouts } from './gate-summary.ts';
import { csrfField, type Page } from './layout.ts';

export interface ListOptions {
  gates: readonly GateView[];
  silent: readonly string[];
  session: Session;
  person: string;
  people: readonly Person[];
  now: Date;
}

/** What waits for the person, most severe and oldest first; then what waits for others. */
export function listPage({ gates, silent, session, person, people, now }: ListOptions): Page {
  const sorted = [...gates].sort(byUrgency);
  const mine = sorted.filter((view) => waitsFor(view, person, people));
  const others = sorted.filter((view) => !mine.includes(view));
  const tickable = mine.filter((view) => personAtGate(view, person, people).mayDecide);
  const body = html`<h1>${mine.length === 0 ? 'Nothing waits for you' : `${mine.length} ${mine.length === 1 ? 'gate waits' : 'gates wait'} for you`}</h1>
${silent.length > 0 && html`<p class="notice bad" role="alert">${silent.length} more ${silent.length === 1 ? 'run waits' : 'runs wait'}, but no worker says for what: ${silent.slice(0, 5).join(', ')}${silent.length > 5 && ' …'}. Ask the operator to look at the workers.</p>`}
${mine.length > 0 && html`<form method="post" action="${paths.bulk}">
${csrfField(session)}
<ul class="gates" aria-label="Waiting for you">${mine.map((view) => gateItem(view, now, tickable.includes(view)))}</ul>
${tickable.length > 1 && html`<fieldset class="bulk"><legend>Decide the ticked ones together</legend>
<label>Comment for all <input name="comment" maxlength="1000" autocomplete="off"></label>
<p class="hint">You see each with its evidence before anything is sent. A rejection needs a comment.</p>
<div class="row"><button name="verdict" value="approve">Review and approve…</button> <button name="verdict" value="reject">Review and reject…</button></div>
</fieldset>`}
</form>`}
${others.length > 0 && html`<h2>Waiting for others, or decided by you</h2><ul class="gates" aria-label="Waiting for others">${others.map((view) => gateItem(view, now, false, personAtGate(view, person, people).decided?.verdict))}</ul>`}`;
  return { title: mine.length === 0 ? 'Approvals' : `(${mine.length}) Approvals`, body };
}

function gateItem(view: GateView, now: Date, tickable: boolean, decided?: 'approve' | 'reject'): Html {
  const { workflowId, card, decisions, policy, state, changes } = view;
  return html`<li class="gate">
${tickable && html`<input type="checkbox" name="gate" value="${ticked(view)}" aria-label="Tick: ${card.question}">`}
<div>
<p class="where">${severityBadge(view)} ${whereabouts(view)}${decided !== undefined && html` · you have ${decided === 'approve' ? 'approved' : 'rejected'}`}</p>
<p class="question"><a href="${paths.gate(workflowId)}">${card.question}</a></p>
<p class="recommendation">${card.recommendation}</p>
${changes.length > 0 && html`<p class="changes">Asked again, for this changed: ${changes.join('; ')}</p>`}
<p>${ageBar(view, now)}</p>
<p class="hint">${state === 'checklist' ? 'Checklist not answered yet' : state === 'decided' ? 'Decided; waits for its effect' : `${decisions.filter(({ verdict }) => verdict === 'approve').length} of ${policy.quorum} approvals`}</p>
</div></li>`;
}
