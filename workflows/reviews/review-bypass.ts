import type { GateRequest } from '../blocks/gate-request.ts';
import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { evidenceItem } from '../domain/evidence.ts';
import { canonicalPerson, type GatePolicy } from '../domain/policy.ts';
import { bypassReviewGate, bypassReviewPhase, type ReviewBypassInput, type ReviewBypassResult } from '../domain/review-bypass.ts';
import { bypassCard } from '../domain/review-cards.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord } from '../releases/release-activities.ts';

/** Break-glass, afterwards: a second person says whether it was right that somebody passed a gate alone. Reminds and escalates until they have, however long it takes. */
export async function reviewBypass(input: ReviewBypassInput): Promise<ReviewBypassResult> {
  requireInput(input, ['run.workflowId', 'gate', 'by', 'reason', 'incident', 'policy', 'people']);
  const run = new Run({ phase: bypassReviewPhase, target: input.run.target, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const bypassedBy = canonicalPerson(input.people, input.by);
  const result = (outcome: ReviewBypassResult['outcome'], reason: string, reviewedBy: string | null = null): ReviewBypassResult => ({ outcome, reason, workflowId: input.run.workflowId, gate: input.gate, bypassedBy, reviewedBy });

  return await run.conclude(async () => {
    const review = await gates.pass(bypassGate(input, bypassedBy));
    const decision = review.decisions.at(-1);
    if (!decision || (review.state !== 'approved' && review.state !== 'rejected')) return result('failed', `the review ended as ${review.state} without a second person`);

    // The record of the run that was let through tells how the review ended; until it does, an auditor finds the bypass without a review.
    const isJustified = review.state === 'approved';
    const detail = `${input.gate} was passed by ${bypassedBy} for incident ${input.incident}; reviewed by ${decision.by}${decision.comment === '' ? '' : `: ${decision.comment}`}`;
    await appendToRecord({ key: run.key('review of the bypass'), run: input.run, entries: [{ kind: 'finding', what: isJustified ? 'a bypass was reviewed and found justified' : 'a bypass was reviewed and found unjustified', detail, at: now().toISOString() }] });
    return result(isJustified ? 'succeeded' : 'rejected', isJustified ? `justified, says ${decision.by}` : `not justified, says ${decision.by}: ${decision.comment}`, decision.by);
  }, result);
}

/** Everybody who could have decided the gate may review, but for whoever passed it, under any alias. Where that leaves nobody, everybody else whom the estate knows may. */
function bypassGate(input: ReviewBypassInput, bypassedBy: string): GateRequest<ReviewBypassInput> {
  const { policy, people } = input;
  const named = [...new Set([...policy.approvers, ...policy.breakGlass])];
  const others = named.filter((person) => person !== bypassedBy);
  const terms: GatePolicy = {
    ...policy,
    quorum: 1, mandatoryGroups: [], fourEyes: true, rejection: 'any', onSilence: 'hold', checklist: [], opening: null, breakGlass: [],
    approvers: others.length > 0 ? others : people.map(({ id }) => id).filter((person) => person !== bypassedBy),
    delegations: policy.delegations.filter(({ to }) => to !== bypassedBy),
    evidence: { lifetimeMs: null, tolerance: {} },
  };
  return {
    gate: bypassReviewGate,
    policy: terms,
    people,
    estateDigest: '',
    requestedBy: [input.by],
    silence: 'the review stays open, and people are asked again',
    measured: { evidence: input, items: [evidenceItem('bypass', { run: input.run, gate: input.gate, by: input.by, reason: input.reason, incident: input.incident }, now().toISOString())] },
    measure: null,
    card: bypassCard,
    inboxUrl: input.inboxUrl,
  };
}
