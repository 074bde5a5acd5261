import type { GateRequest, GateServices } from '../blocks/gate-request.ts';
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

/** Break-glass, afterwards: a second person says whether it was right that somebody passed a gate alone. Reminds and escalates, again and again, until they have, however long it takes. */
export async function reviewBypass(input: ReviewBypassInput): Promise<ReviewBypassResult> {
  requireInput(input, ['run.workflowId', 'gate', 'by', 'reason', 'incident', 'policy', 'people', 'requestedBy']);
  const run = new Run({ phase: bypassReviewPhase, target: input.run.target, appendToRecord });
  const services = releaseGateServices(run);
  const gates = new Gates(run, { ...services, tell: escalating(services.tell, input) });
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

/** A gate's clock escalates once, and then only asks again; a bypass that nobody looks at goes up the path each time. */
function escalating(tell: GateServices['tell'], { policy }: ReviewBypassInput): GateServices['tell'] {
  const to = [...new Set(policy.clock.escalate.map((escalation) => escalation.to))];
  return (step, event) => {
    tell(step, event);
    if (event.kind === 'held' && to.length > 0) tell(`${step} escalated`, { ...event, kind: 'escalated', to });
  };
}

/**
 * Everybody who could have decided the gate may review, but for whoever passed it and whoever asked for the change, under any alias. Where that leaves nobody, everybody else whom the
 * estate knows may.
 */
function bypassGate(input: ReviewBypassInput, bypassedBy: string): GateRequest<ReviewBypassInput> {
  const { policy, people, requestedBy } = input;
  const excluded = [bypassedBy, ...requestedBy.map((name) => canonicalPerson(people, name))];
  const isSecond = (person: string): boolean => !excluded.includes(person);
  const named = [...new Set([...policy.approvers, ...policy.breakGlass])].filter(isSecond);
  const terms: GatePolicy = {
    ...policy,
    quorum: 1, mandatoryGroups: [], fourEyes: true, rejection: 'any', onSilence: 'hold', checklist: [], opening: null, breakGlass: [],
    approvers: named.length > 0 ? named : people.map(({ id }) => id).filter(isSecond),
    delegations: policy.delegations.filter(({ to }) => isSecond(to)),
    evidence: { lifetimeMs: null, tolerance: {} },
  };
  return {
    gate: bypassReviewGate,
    policy: terms,
    people,
    estateDigest: '',
    requestedBy: [input.by, ...requestedBy],
    silence: 'the review stays open, and people are asked again',
    measured: { evidence: input, items: [evidenceItem('bypass', { run: input.run, gate: input.gate, by: input.by, reason: input.reason, incident: input.incident }, now().toISOString())] },
    measure: null,
    card: bypassCard,
    inboxUrl: input.inboxUrl,
  };
}
