/** What the query `gate` answers: everything that a person needs to decide, for the inbox, the command line, chat messages and reviews. Never parsed from markdown. */
import type { GateCard } from './card.ts';
import type { EvidenceItem } from './evidence.ts';
import type { ChecklistItem, GatePolicy } from './policy.ts';
import type { Target } from './vocabulary.ts';

/** A decision that counts now. */
export interface CountedDecision {
  verdict: 'approve' | 'reject';
  by: string;
  /** Set when `by` decided for somebody absent. */
  onBehalfOf: string | null;
  level: GatePolicy['identity'];
  comment: string;
  at: string;
}

export interface GateView {
  workflowId: string;
  /** First run id: what a signed decision names. */
  runId: string;
  runbook: string;
  target: (Target & { version: string }) | null;
  gate: string;
  /** 0 at first, and one more each time it opens again: for its evidence had changed, or the run has come to it once more. */
  generation: number;
  /** `checklist`: not open for a decision before all items are answered; `decided`: waits for its effect; else `open`. */
  state: 'checklist' | 'open' | 'decided';
  openedAt: string;
  deadline: string;
  /** Reminders, escalations and widenings that by the working hours of the approvers would come after the deadline, and so never happen. */
  neverDue: string[];
  /** ISO instant from which an approval takes effect, once that is known. */
  effectiveAt: string | null;
  silence: string;
  card: GateCard;
  /** The first 12 digits of the evidence digest: what a decision must carry. */
  evidence: string;
  items: EvidenceItem[];
  /** Whether the evidence is measured again before a decision takes effect: not where nothing waits for it, nor at a gate's last opening. */
  measuredAgain: boolean;
  /** What an approval may leave out. */
  parts: string[];
  /** What had changed since the gate was open before. */
  changes: string[];
  policy: GatePolicy;
  /** Canonical ids of all who may decide now: widened, without those whom four-eyes excludes. */
  eligible: string[];
  /** Canonical ids of whoever asked for the change. */
  requestedBy: string[];
  decisions: CountedDecision[];
  missing: number;
  missingGroups: string[];
  /** Answers that did not count for want of identity or of a digest; the person can confirm them. */
  proposals: { by: string; verdict: string; reason: string; at: string }[];
  /** `ok` null: not answered yet; false: a machine looked and says no, and looks again at the next tick. */
  checklist: (ChecklistItem & { answeredBy: string | null; answeredAt: string | null; ok: boolean | null; comment: string })[];
}
