import type { Answer } from '../../../workflows/domain/answer.ts';
import type { AnswerOutcome } from '../../gates/send-answer.ts';

const done = { approve: 'Your approval counts', reject: 'Your rejection counts', withdraw: 'Your decision is taken back', delegate: 'Somebody else decides for you', defer: 'You are not reminded before then', check: 'The item is answered', bypass: 'You have broken the glass: a review is open' } as const;

/** One sentence on what became of an answer. */
export function outcomeText({ counted, reason, state, missing }: AnswerOutcome, { verdict }: Answer): string {
  if (!counted) return `Not counted: ${reason ?? 'the gate gave no reason'}.`;
  const what = done[verdict ?? 'approve'];
  if (verdict !== 'approve' && verdict !== 'reject') return `${what}.`;
  return state === 'open' ? `${what}; ${missing === undefined ? 'the gate stays open' : `${missing} more ${missing === 1 ? 'is' : 'are'} needed`}.` : `${what}, and the gate is ${state}.`;
}
