/** Gates of other runs, as reviews see them: excerpts that stay small in history; whoever needs the whole asks the run itself. */
import { clip } from './answer.ts';
import type { GateView } from './gate-view.ts';
import type { OnSilence } from './policy.ts';
import type { IdentityLevel, Severity, Target } from './vocabulary.ts';

export type TargetVersion = Target & { version: string };

/** What a card recommends: its first word. `look` is neither a yes nor a no. */
export type Recommended = 'approve' | 'look' | 'reject';

/** One gate that waits for somebody: some 300 bytes, so that 500 of them are one payload. */
export interface WaitingGate {
  workflowId: string;
  /** First run id. */
  runId: string;
  target: TargetVersion | null;
  gate: string;
  generation: number;
  /** Short digest of the evidence as shown: an answer that carries it counts only as long as nothing changed. */
  evidence: string;
  openedAt: string;
  severity: Severity;
  identity: IdentityLevel;
  onSilence: OnSilence;
  recommends: Recommended;
}

/** A few figures of one gate's card, for a table over many. */
export interface GateFigures {
  workflowId: string;
  /** Short digest of the evidence that these figures are part of. */
  evidence: string;
  target: TargetVersion | null;
  recommendation: string;
  figures: { name: string; candidate: string; production: string; threshold?: string }[];
  /** What earlier versions reached, in the card's words; null where the card says nothing of it. */
  history: string | null;
}

/** Where an answer or a reminder goes. */
export interface GateAddress {
  workflowId: string;
  gate: string;
  evidence: string;
}

/** One person's decision of a review, on its way to the gates that it is about. */
export interface GivenDecision {
  by: string;
  comment: string;
  /** Over their answer at the review's gate; left out where they signed nothing. */
  signature?: string;
}

/** What became of something that was asked of another run's gate. */
export interface Refusal {
  workflowId: string;
  reason: string;
}

export function waitingGate(view: GateView): WaitingGate {
  const { workflowId, runId, target, gate, generation, evidence, openedAt, policy, card } = view;
  const { severity, identity, onSilence } = policy;
  return { workflowId, runId, target, gate, generation, evidence, openedAt, severity, identity, onSilence, recommends: recommended(card.recommendation) };
}

export function gateFigures({ workflowId, evidence, target, card }: GateView): GateFigures {
  return {
    workflowId,
    evidence,
    target,
    recommendation: clip(card.recommendation, 160),
    figures: (card.comparison?.figures ?? []).slice(0, 4),
    history: card.facts.find((fact) => fact.includes('earlier versions')) ?? null,
  };
}

export function recommended(recommendation: string): Recommended {
  const [, word] = /^(approve|reject)\b/i.exec(recommendation.trim()) ?? [];
  return word === undefined ? 'look' : (word.toLowerCase() as Recommended);
}
