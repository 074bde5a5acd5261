/** The review after a break-glass: a gate of its own, which stays open until a second person has closed it. */
import { jsonDigest } from './digest.ts';
import { idPart } from './ids.ts';
import type { GatePolicy, Person } from './policy.ts';
import type { RecordedRun } from './record.ts';
import type { Outcome } from './vocabulary.ts';

/** What the gate block hands to the review that it starts as an abandoned child. */
export interface ReviewBypassInput {
  /** Whose gate was passed. */
  run: RecordedRun;
  gate: string;
  /** Name or alias of whoever passed it alone. */
  by: string;
  reason: string;
  incident: string;
  /** The policy of the gate that was passed: who may decide it may review the bypass, but for whoever made it. */
  policy: GatePolicy;
  people: Person[];
  /** Names or aliases of whoever asked for the change: they may not close the review either. */
  requestedBy: string[];
  /** Where the inbox is, for the card's link; null: there is none. */
  inboxUrl: string | null;
}

export interface ReviewBypassResult {
  /** `succeeded`: a second person found it justified; `rejected`: a second person did not, which is a finding in the record of the run. */
  outcome: Outcome;
  reason: string;
  workflowId: string;
  gate: string;
  bypassedBy: string;
  reviewedBy: string | null;
}

/** The phase of the review: it has one. */
export const bypassReviewPhase = 'reviewing the bypass';

/** Name of the review's own gate: what an answer must name. */
export const bypassReviewGate = 'review';

/** One review for each bypass, also where a run that was reset passes the gate by it again. The colons within the run's id are kept: they separate its parts here too. */
export function reviewBypassId({ run, gate, by, reason, incident }: Pick<ReviewBypassInput, 'run' | 'gate' | 'by' | 'reason' | 'incident'>): string {
  return ['reviewBypass', run.workflowId, idPart(gate), jsonDigest({ runId: run.runId, by, reason, incident }).slice(0, 8)].join(':');
}
