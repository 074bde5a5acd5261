/** Decisions that were signed in a review and given on by it: proven by the signature, and by what the record says that the review showed. */
import { readAnswer, type Answer, type ReviewReference } from '../../workflows/domain/answer.ts';
import { reviewRunbook, unprovenReason } from '../../workflows/domain/review-proof.ts';
import type { Chain } from './chain.ts';
import { verifiedClaims, type CheckedToken, type ExpectedDecision } from './decision-token.ts';
import type { PublicKeys } from './key-ring.ts';

/** Checks that the answer follows from what was signed at the review's gate. `gate`: the run that got the answer. Only the opening that the answer names is read from the record. */
export async function checkReviewed(answer: Answer, review: ReviewReference, { workflowId, runId }: ExpectedDecision, keys: PublicKeys, record: Pick<Chain, 'openingOf'>): Promise<CheckedToken> {
  const refused = (problem: string): CheckedToken => ({ claims: null, problem });
  const claims = await verifiedClaims(answer.signature ?? '', keys);
  if (typeof claims === 'string') return refused(claims);
  const { answer: signed } = readAnswer(claims.answer);
  if (claims.workflowId !== review.workflowId || claims.runId !== review.runId || signed.gate !== review.gate) return refused('it was signed for another review');
  const { runbook, entries } = await record.openingOf(review);
  if (entries.length > 0 && runbook !== reviewRunbook) return refused(`it was signed for a gate of ${runbook}, which decides no other one`);
  const { gate = '', verdict = '', evidence = '', comment = '' } = answer;
  const problem = unprovenReason({ sub: claims.sub, workflowId: claims.workflowId, answer: signed }, { workflowId, runId, gate, verdict, evidence, comment }, entries);
  return problem === null ? { claims, problem } : refused(problem);
}
