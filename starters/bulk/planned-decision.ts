/** A decision that somebody is about to make, bound to what they are shown now. */
import type { Answer } from '../../workflows/domain/answer.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';

export type BulkVerdict = 'approve' | 'reject';

export interface PlannedDecision {
  view: GateView;
  answer: Answer & { gate: string; verdict: BulkVerdict; by: string; evidence: string };
  /** Why it will change nothing or be refused, as far as that can be seen; null: nothing speaks against it. */
  remark: string | null;
}

/** Binds a verdict to a gate with the digest that is shown. `by` may be an alias, which only the run can resolve. */
export function planDecision(view: GateView, { verdict, by, comment }: { verdict: BulkVerdict; by: string; comment?: string }): PlannedDecision {
  const answer = { gate: view.gate, verdict, by, evidence: view.evidence, ...(comment !== undefined && { comment }) };
  return { view, answer, remark: remarkOn(view, verdict, by) };
}

/** Whether the gate believes nobody but Temporal's server about who decides. */
export function isAttributed({ policy }: Pick<GateView, 'policy'>): boolean {
  return policy.identity === 'attributed';
}

/** Whether a run still waits at the gate, with the same evidence, that was shown. */
export function isSameGate(now: Pick<GateView, 'gate' | 'generation'>, shown: Pick<GateView, 'gate' | 'generation'>): boolean {
  return now.gate === shown.gate && now.generation === shown.generation;
}

/** Whether the person has said the same at this gate before, and it counts. */
export function isDecidedBy({ decisions }: Pick<GateView, 'decisions'>, by: string, verdict: BulkVerdict): boolean {
  return decisions.some((decision) => sameName(decision.by, by) && decision.verdict === verdict);
}

function remarkOn(view: GateView, verdict: BulkVerdict, by: string): string | null {
  if (isDecidedBy(view, by, verdict)) return `${by} has said so already`;
  if (view.state === 'decided') return 'decided; it waits for its effect';
  if (view.requestedBy.some((name) => sameName(name, by)) && view.policy.fourEyes) return `${by} asked for it`;
  if (view.state === 'checklist' && verdict === 'approve') return 'its checklist is not answered';
  return null;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.trim().toLowerCase();
}
