/** From the fields of a form to an answer. Times are typed in UTC, for a form without script does not know the reader's time zone. */
import { verdicts, type Answer, type Verdict } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { ShownGate } from './bulk-form.ts';

/** What was typed, to be shown again when something is missing. */
export type Typed = Partial<Record<'verdict' | 'comment' | 'effectiveAt' | 'until' | 'to' | 'item' | 'incident', string>> & {
  /** The parts that are ticked to be left out. */
  except?: string[];
};

export interface DecisionForm {
  shown: Omit<ShownGate, 'workflowId' | 'runId'>;
  /** Tells a repetition of this form from another one. */
  nonce: string;
  typed: Typed;
}

export function readDecisionForm(form: URLSearchParams): DecisionForm {
  const typed: Typed = {};
  for (const field of ['verdict', 'comment', 'effectiveAt', 'until', 'to', 'item', 'incident'] as const) {
    const value = form.get(field)?.trim();
    if (value) typed[field] = value;
  }
  const except = form.getAll('except').filter((part) => part !== '');
  if (except.length > 0) typed.except = except;
  return { shown: { gate: form.get('gate') ?? '', generation: Number(form.get('generation')), evidence: form.get('evidence') ?? '' }, nonce: form.get('nonce') ?? '', typed };
}

/** The answer, or the sentence that says what is missing. The gate judges it once more. */
export function answerOf(typed: Typed, by: string, { gate, evidence }: Pick<GateView, 'gate' | 'evidence'>, now: Date): { answer: Answer } | { problem: string } {
  const verdict = verdicts.find((candidate) => candidate === typed.verdict);
  if (verdict === undefined) return { problem: 'Choose what you decide.' };
  const missing = missingOf(verdict, typed);
  if (missing !== null) return { problem: missing };
  const answer: Answer = { gate, verdict, by, evidence };
  if (typed.comment !== undefined) answer.comment = typed.comment;
  for (const field of ['effectiveAt', 'until'] as const) {
    const text = typed[field];
    if (text === undefined || !wants[verdict].includes(field)) continue;
    const instant = instantOf(text);
    if (instant === null) return { problem: `“${text}” is not a time such as 2026-11-24 09:00 (UTC).` };
    if (Date.parse(instant) <= now.getTime()) return { problem: `${instant.slice(0, 16).replace('T', ' ')} UTC is past.` };
    answer[field] = instant;
  }
  for (const field of ['to', 'item', 'incident'] as const) if (typed[field] !== undefined && wants[verdict].includes(field)) answer[field] = typed[field];
  if (typed.except !== undefined && wants[verdict].includes('except')) answer.except = typed.except;
  return { answer };
}

/** Which fields, beside the comment, mean something with which verdict. */
const wants: Record<Verdict, readonly string[]> = { approve: ['effectiveAt', 'except'], reject: [], withdraw: [], delegate: ['to', 'until'], defer: ['until'], check: ['item'], bypass: ['incident'] };

function missingOf(verdict: Verdict, { comment, to, until, incident }: Typed): string | null {
  if (verdict === 'reject' && comment === undefined) return 'A rejection needs a reason: write it into the comment.';
  if (verdict === 'delegate' && to === undefined) return 'Choose who decides instead of you.';
  if (verdict === 'defer' && until === undefined) return 'Say until when you want to be left alone.';
  if (verdict === 'bypass' && comment === undefined) return 'Breaking the glass needs a reason.';
  if (verdict === 'bypass' && incident === undefined) return 'Breaking the glass needs the incident that it is for.';
  return null;
}

/** `2026-11-24T09:00`, as the browser's own field sends it, or with a space, and with or without a zone; UTC without one. */
function instantOf(text: string): string | null {
  const parsed = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text.replace(' ', 'T')}Z`) : /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(parsed) ? null : new Date(parsed).toISOString();
}
