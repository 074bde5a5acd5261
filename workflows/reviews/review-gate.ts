/** The review's own gates: decided by those who may decide the gates under review, without anything that only concerns a release. */
import type { GateRequest } from '../blocks/gate-request.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { GateCard } from '../domain/card.ts';
import { evidenceItem, type EvidenceItem } from '../domain/evidence.ts';
import type { GatePolicy, TargetPolicy } from '../domain/policy.ts';

export interface ReviewGateTerms {
  terms: GatePolicy;
  policy: TargetPolicy;
  withinMs: number;
  /** Further evidence: the gates that are decided here. */
  items?: readonly EvidenceItem[];
}

/**
 * `measure` is null: each member's own gate measures its evidence again before its effect. Four-eyes holds there too: whoever asked for one of the releases has no voice in it,
 * whatever they decide here.
 */
export function reviewGate<E>(gate: string, evidence: E, card: (evidence: E) => GateCard, { terms, policy, withinMs, items = [] }: ReviewGateTerms): GateRequest<E> {
  return {
    gate,
    policy: {
      ...terms,
      checklist: [], opening: null, breakGlass: [], rejection: 'any', onSilence: 'expire',
      clock: { remind: [{ afterMs: Math.floor(withinMs / 2), hours: 'elapsed' }], escalate: [], widen: [], decide: { afterMs: withinMs, hours: 'elapsed' } },
    },
    people: policy.people,
    estateDigest: policy.digest,
    requestedBy: [],
    silence: 'nothing is decided here, and each release waits on at its own gate',
    measured: { evidence, items: [evidenceItem(gate, evidence, now().toISOString()), ...items] },
    measure: null,
    card,
    inboxUrl: policy.inboxUrl,
  };
}
