/** One gate in full: everything that the decision rests on, and the forms to decide it. */
import { randomUUID } from 'node:crypto';
import type { GateView } from '../../../../workflows/domain/gate-view.ts';
import type { Person } from '../../../../workflows/domain/policy.ts';
import type { Typed } from '../decision-form.ts';
import { html, type Content, type Html } from '../html.ts';
import { paths } from '../paths.ts';
import { personAtGate, type PersonAtGate } from '../person-at-gate.ts';
import type { Session } from '../session-store.ts';
import { span, time } from '../time-text.ts';
import { ageBar, severityBadge, whereabouts } from './gate-summary.ts';
import { csrfField, type Page } from './layout.ts';

export interface CardOptions {
  view: GateView;
  session: Session;
  person: string;
  people: readonly Person[];
  /** The run in Temporal Web UI. */
  runUrl: string;
  now: Date;
  /** Why the last form was not sent, with what was typed. */
  problem?: string | null;
  typed?: Typed;
  /** Set when the gate moved on under the form: what changed. */
  moved?: readonly string[] | null;
}

export function cardPage(options: CardOptions): Page {
  const { view, person, people, runUrl, now, moved = null } = options;
  const { card, changes } = view;
  const at = personAtGate(view, person, people);
  const body = html`${moved !== null && html`<div class="notice bad" role="alert"><p><strong>The gate has moved on: your decision was not sent.</strong></p><ul>${moved.map((change) => html`<li>${change}</li>`)}</ul><p>This is what is asked now.</p></div>`}
<p class="where">${severityBadge(view)} ${whereabouts(view)}</p>
<h1>${card.question}</h1>
<p>${ageBar(view, now)}</p>
<p class="skip-to"><a href="#decide">Go to the decision</a></p>
<div class="columns">
<div>
${changes.length > 0 && html`<section class="changes" aria-labelledby="changes"><h2 id="changes">Changed since it was asked before</h2><ul>${changes.map((change) => html`<li>${change}</li>`)}</ul>${view.generation >= 2 && html`<p>The evidence is not measured once more: decide on what is shown here.</p>`}</section>`}
<section aria-labelledby="recommendation"><h2 id="recommendation">Recommendation</h2><p class="lead">${card.recommendation}</p></section>
${figures(view)}
${card.facts.length > 0 && html`<section aria-labelledby="facts"><h2 id="facts">Facts</h2><ul>${card.facts.map((fact) => html`<li>${fact}</li>`)}</ul></section>`}
<section aria-labelledby="effect"><h2 id="effect">What happens</h2>
<dl><dt>Approving</dt><dd>${card.change}</dd><dt>Undo</dt><dd>${card.undo}</dd><dt>Silence</dt><dd>${view.silence}; at ${time(view.deadline, now)}</dd>${view.neverDue.length > 0 && html`<dt>Never</dt><dd>${view.neverDue.join('; ')}: by the working hours of the approvers it would come after the deadline</dd>`}${view.effectiveAt !== null && html`<dt>Takes effect</dt><dd>${time(view.effectiveAt, now)}</dd>`}</dl></section>
${policy(view, now)}
${evidence(view, now)}
<p><a href="${runUrl}" rel="noreferrer">The run in Temporal Web UI</a></p>
</div>
<section class="decide" id="decide" aria-labelledby="decide-title" tabindex="-1"><h2 id="decide-title">Your decision</h2>${decision(options, at)}</section>
</div>`;
  return { title: card.question, body };
}

function figures({ card: { comparison } }: GateView): Content {
  if (!comparison) return null;
  const withThreshold = comparison.figures.some((figure) => figureThreshold(figure) !== undefined);
  return html`<section aria-labelledby="figures"><h2 id="figures">Figures</h2><div class="scroll" tabindex="0" role="region" aria-label="Table of figures"><table><caption>${comparison.measuredOn}</caption>
<thead><tr><th scope="col">Figure</th><th scope="col" class="number">Candidate</th><th scope="col" class="number">Production</th>${withThreshold && html`<th scope="col" class="number">Threshold</th>`}</tr></thead>
<tbody>${comparison.figures.map((figure) => html`<tr><th scope="row">${figure.name}</th><td class="number">${figure.candidate}</td><td class="number">${figure.production}</td>${withThreshold && html`<td class="number">${figureThreshold(figure) ?? ''}</td>`}</tr>`)}</tbody></table></div></section>`;
}

/** Older runs have figures without thresholds. */
function figureThreshold(figure: { threshold?: string }): string | undefined {
  return figure.threshold;
}

function policy(view: GateView, now: Date): Html {
  const { policy: { quorum, mandatoryGroups, groups, rejection, identity, fourEyes, delegations, opening }, eligible, requestedBy, decisions, missing, missingGroups, proposals } = view;
  const members = (name: string): string => groups.find((group) => group.name === name)?.members.join(', ') ?? '';
  return html`<section aria-labelledby="policy"><h2 id="policy">Who decides</h2>
<dl>
<dt>Needed</dt><dd>${quorum} of ${eligible.length > 0 ? eligible.join(', ') : 'nobody who is left'}${mandatoryGroups.length > 0 && html`; among them ${mandatoryGroups.map((name, index) => html`${index > 0 && ' and '}one of ${name} (${members(name)})`)}`}</dd>
<dt>Still missing</dt><dd>${missing === 0 && missingGroups.length === 0 ? 'nobody' : html`${missing} ${missing === 1 ? 'approval' : 'approvals'}${missingGroups.length > 0 && html`, one of ${missingGroups.join(' and one of ')}`}`}</dd>
<dt>Rejection</dt><dd>${rejection === 'any' ? 'any one of them rejects' : `${quorum} of them must reject`}</dd>
<dt>Asked by</dt><dd>${requestedBy.join(', ') || 'nobody in particular'}${fourEyes && requestedBy.length > 0 && ', who may not decide'}</dd>
<dt>Identity</dt><dd>${identity === 'claimed' ? 'a name is enough; what you decide here is signed all the same' : identity === 'authenticated' ? 'signed in, as you are' : 'only as Temporal’s own server proves it: decide with your Temporal credential, for an answer from here stays a proposal'}</dd>
${delegations.length > 0 && html`<dt>Absent</dt><dd>${delegations.map(({ from, to }) => `${to} for ${from}`).join(', ')}</dd>`}
${opening !== null && html`<dt>Opening</dt><dd>takes effect only within ${opening}</dd>`}
</dl>
<h3>Decisions so far</h3>
${decisions.length === 0 ? html`<p>None.</p>` : html`<ul>${decisions.map((decision) => html`<li><strong>${decision.by}</strong>${decision.onBehalfOf !== null && ` for ${decision.onBehalfOf}`} ${decision.verdict === 'approve' ? 'approved' : 'rejected'}, ${time(decision.at, now)}, ${decision.level}${decision.comment !== '' && html`: <q>${decision.comment}</q>`}</li>`)}</ul>`}
${proposals.length > 0 && html`<h3>Proposals, not counted</h3><ul>${proposals.map((proposal) => html`<li>${proposal.by}: ${proposal.verdict}, ${time(proposal.at, now)}. ${proposal.reason}</li>`)}</ul>`}
</section>`;
}

function evidence({ evidence: digest, items, measuredAgain, policy: { evidence: { lifetimeMs } } }: GateView, now: Date): Html {
  return html`<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
<p>Your decision is bound to the evidence <code>${digest}</code>. ${measuredAgain ? 'It is measured again before it takes effect.' : 'It is not measured again: decide on what is shown here.'}</p>
${items.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Table of evidence"><table><caption>What was measured${lifetimeMs !== null && `; good for ${span(lifetimeMs)}`}</caption><thead><tr><th scope="col">Item</th><th scope="col">Measured</th><th scope="col">Digest</th></tr></thead>
<tbody>${items.map(({ name, measuredAt, digest: item }) => html`<tr><th scope="row">${name}</th><td>${time(measuredAt, now)}${lifetimeMs !== null && now.getTime() - Date.parse(measuredAt) > lifetimeMs && html` <strong>stale</strong>`}</td><td><code>${item.slice(0, 12)}</code></td></tr>`)}</tbody></table></div>`}
</section>`;
}

function decision(options: CardOptions, at: PersonAtGate): Content {
  const { view, problem = null, typed = {} } = options;
  const form = (...fields: Content[]): Html => html`<form method="post" action="${paths.gate(view.workflowId)}" class="stack">${bound(options)}${fields}</form>`;
  return [
    problem !== null && html`<p class="notice bad" role="alert" id="problem">${problem}</p>`,
    checklist(options, at, form),
    at.proposal !== null && at.mayDecide && html`<p class="notice" role="status">An answer in your name did not count: ${at.proposal.verdict}, because ${at.proposal.reason}. To confirm it, decide here.</p>`,
    at.mayDecide
      ? form(
        html`<label>Comment <span class="hint">a rejection needs one</span><textarea name="comment" rows="3" maxlength="1000" ${problem !== null && html`aria-describedby="problem"`}>${typed.comment ?? ''}</textarea></label>`,
        view.parts.length > 0 && html`<fieldset class="parts"><legend>Leave out <span class="hint">an approval is then for the rest</span></legend>${view.parts.map((part) => html`<label class="inline"><input type="checkbox" name="except" value="${part}" ${typed.except?.includes(part) && html`checked`}> ${part}</label>`)}</fieldset>`,
        html`<details ${typed.effectiveAt !== undefined && html`open`}><summary>Approve with effect later</summary>
<label>No sooner than (UTC) <input type="datetime-local" name="effectiveAt" value="${typed.effectiveAt ?? ''}"></label></details>`,
        view.state === 'checklist' && html`<p class="hint">It can be approved once every item of the checklist is answered.</p>`,
        html`<div class="row">${view.state !== 'checklist' && html`<button name="verdict" value="approve" class="primary" accesskey="a">Approve</button> `}<button name="verdict" value="reject" class="danger" accesskey="r">Reject</button></div>`,
      )
      : html`<p>${at.whyNot}</p>`,
    at.mayWithdraw && form(html`<p>It is not final before the quorum is reached.</p>`, html`<div><button name="verdict" value="withdraw">Take my decision back</button></div>`),
    at.mayDecide && html`<details ${typed.verdict === 'defer' && html`open`}><summary>Not now</summary>${form(
      html`<p>You are not reminded before then. The deadline stays.</p>`,
      html`<label>Until (UTC) <input type="datetime-local" name="until" required value="${typed.until ?? ''}"></label>`,
      html`<div><button name="verdict" value="defer">Remind me later</button></div>`,
    )}</details>`,
    at.mayDelegate && html`<details ${typed.verdict === 'delegate' && html`open`}><summary>Somebody else decides for me</summary>${form(
      html`<label>Who <select name="to" required><option value="">choose…</option>${substitutes(options).map((id) => html`<option value="${id}" ${typed.to === id && html`selected`}>${id}</option>`)}</select></label>`,
      html`<label>Until (UTC) <span class="hint">left empty: for this gate</span><input type="datetime-local" name="until" value="${typed.until ?? ''}"></label>`,
      html`<div><button name="verdict" value="delegate">Delegate</button></div>`,
    )}</details>`,
    at.mayBreakGlass && html`<details class="glass" ${typed.verdict === 'bypass' && html`open`}><summary>Break the glass</summary>${form(
      html`<p>Passes the gate at once, on your word alone. A second person reviews it afterwards, and is reminded until that is done.</p>`,
      html`<label>Reason <textarea name="comment" rows="2" required maxlength="1000">${typed.comment ?? ''}</textarea></label>`,
      html`<label>Incident <input name="incident" required maxlength="100" autocomplete="off" value="${typed.incident ?? ''}"></label>`,
      html`<div><button name="verdict" value="bypass" class="danger">Break the glass</button></div>`,
    )}</details>`,
  ];
}

function checklist({ view, now }: CardOptions, { checks }: PersonAtGate, form: (...fields: Content[]) => Html): Content {
  if (view.checklist.length === 0) return null;
  return html`<h3>Checklist</h3><ul class="checklist">${view.checklist.map((item) => html`<li><span class="mark ${item.ok === true ? 'done' : item.ok === false ? 'failed' : 'open'}">${item.ok === true ? 'done' : item.ok === false ? 'failed' : 'open'}</span> ${item.text}
<span class="hint">${item.ok === null ? (item.by === 'machine' ? 'checked by a machine' : `for ${item.people?.join(', ') ?? 'an approver'}`) : html`${item.answeredBy ?? 'a machine'}${item.comment !== '' && `: ${item.comment}`}${item.answeredAt !== null && html`, ${time(item.answeredAt, now)}`}`}</span>
${checks.some(({ id }) => id === item.id) && form(
    html`<input type="hidden" name="item" value="${item.id}"><label>Note on “${item.text}” <input name="comment" maxlength="500" autocomplete="off"></label>`,
    html`<div><button name="verdict" value="check">I have checked this</button></div>`,
  )}</li>`)}</ul>`;
}

/** Exactly what was shown: a decision on anything else is refused. */
function bound({ view: { gate, generation, evidence: digest }, session }: CardOptions): Html {
  return html`${csrfField(session)}<input type="hidden" name="gate" value="${gate}"><input type="hidden" name="generation" value="${generation}"><input type="hidden" name="evidence" value="${digest}"><input type="hidden" name="nonce" value="${randomUUID()}">`;
}

function substitutes({ view: { policy: { approvers, fourEyes }, requestedBy }, person, people }: CardOptions): string[] {
  const asked = (candidate: Person): boolean => fourEyes && requestedBy.some((name) => [candidate.id, ...candidate.aliases].some((known) => known.toLowerCase() === name.toLowerCase()));
  return people.filter((candidate) => candidate.id !== person && !approvers.includes(candidate.id) && !asked(candidate)).map(({ id }) => id);
}
