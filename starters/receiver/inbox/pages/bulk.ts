/** Several gates decided together: what would be sent, and what became of it. */
import type { GateView } from '../../../../workflows/domain/gate-view.ts';
import { ticked } from '../bulk-form.ts';
import { html, type Html } from '../html.ts';
import { paths } from '../paths.ts';
import type { Session } from '../session-store.ts';
import { ageBar, severityBadge, whereabouts } from './gate-summary.ts';
import { csrfField, type Page } from './layout.ts';

export interface PreviewItem {
  /** As it is now. */
  view: GateView;
  /** The evidence is not what the list showed. */
  changed: boolean;
  /** Why this person may not decide it. */
  whyNot: string | null;
}

export interface PreviewOptions {
  items: readonly PreviewItem[];
  /** Ticked, but not open any more. */
  gone: readonly string[];
  verdict: 'approve' | 'reject';
  comment: string;
  nonce: string;
  problem: string | null;
  session: Session;
  now: Date;
}

export function previewPage({ items, gone, verdict, comment, nonce, problem, session, now }: PreviewOptions): Page {
  const sent = items.filter(({ changed, whyNot }) => !changed && whyNot === null).length;
  const title = `${verdict === 'approve' ? 'Approve' : 'Reject'} ${sent} ${sent === 1 ? 'gate' : 'gates'}?`;
  const body = html`<h1>${title}</h1>
<p>Nothing has been sent yet. Each decision is bound to the evidence shown here; take out what you are not sure of, or decide it differently.</p>
${problem !== null && html`<p class="notice bad" role="alert">${problem}</p>`}
${gone.length > 0 && html`<p class="notice bad" role="status">No longer open, so left out: ${gone.join(', ')}</p>`}
<form method="post" action="${paths.sendBulk}">
${csrfField(session)}<input type="hidden" name="nonce" value="${nonce}"><input type="hidden" name="verdict" value="${verdict}">
<label>Comment for all <input name="comment" value="${comment}" maxlength="1000" autocomplete="off"></label>
<ol class="gates">${items.map((item, index) => previewItem(item, index, verdict, now))}</ol>
<div class="row"><button class="primary">Send the decisions</button> <a class="button" href="${paths.list}">Back, send nothing</a></div>
</form>`;
  return { title, body };
}

function previewItem({ view, changed, whyNot }: PreviewItem, index: number, verdict: 'approve' | 'reject', now: Date): Html {
  const { card, workflowId, evidence, changes } = view;
  const chosen = changed || whyNot !== null ? 'leave' : verdict;
  const option = (value: string, text: string): Html => html`<option value="${value}" ${value === chosen && html`selected`}>${text}</option>`;
  const name = `decide-${index}`;
  return html`<li class="gate"><div>
<p class="where">${severityBadge(view)} ${whereabouts(view)}</p>
<p class="question"><a href="${paths.gate(workflowId)}">${card.question}</a></p>
<p class="recommendation">${card.recommendation}</p>
${card.comparison && html`<p class="figures">${card.comparison.figures.map(({ name: figure, candidate, production }, position) => html`${position > 0 && ' · '}${figure} ${candidate} <span class="hint">(production ${production})</span>`)}</p>`}
<p>${ageBar(view, now)}</p>
<p>Evidence <code>${evidence}</code></p>
${changed && html`<p class="changes"><strong>The evidence changed after you ticked it</strong>, so it is left out unless you choose otherwise. ${changes.join('; ')}</p>`}
${whyNot !== null && html`<p class="changes">${whyNot}</p>`}
<div class="row"><input type="hidden" name="gate" value="${ticked(view)}">
<label for="${name}">Decision <span class="unseen">on ${card.question}</span><select id="${name}" name="decide">${option('approve', 'approve')}${option('reject', 'reject')}${option('leave', 'leave out')}</select></label>
<label class="grow">Own comment <input name="own" maxlength="1000" autocomplete="off"></label></div>
</div></li>`;
}

export interface BulkResult {
  workflowId: string;
  gate: string;
  verdict: 'approve' | 'reject';
  kind: 'counted' | 'notCounted' | 'refused' | 'unknown';
  text: string;
}

export function resultPage(results: readonly BulkResult[], leftOut: number): Page {
  const counted = results.filter(({ kind }) => kind === 'counted').length;
  const title = `${counted} of ${results.length} ${results.length === 1 ? 'decision' : 'decisions'} counted`;
  const words = { counted: 'counted', notCounted: 'not counted', refused: 'refused', unknown: 'not known' } as const;
  const body = html`<h1>${title}</h1>
${leftOut > 0 && html`<p>${leftOut} left out.</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="Results"><table><caption>What became of each decision</caption><thead><tr><th scope="col">Gate</th><th scope="col">Decision</th><th scope="col">Result</th></tr></thead>
<tbody>${results.map(({ workflowId, gate, verdict, kind, text }) => html`<tr class="${kind}"><th scope="row"><a href="${paths.gate(workflowId)}">${workflowId}</a> ${gate}</th><td>${verdict}</td><td><strong>${words[kind]}</strong> ${text}</td></tr>`)}</tbody></table></div>
<p><a class="button" href="${paths.list}">Back to what waits</a></p>`;
  return { title, body };
}
