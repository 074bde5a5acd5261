/**
 * The record: what an auditor reads when Temporal's history is long gone. Appended before the effect that it permits, signed and chained by the activity that writes it.
 */
import { jsonDigest } from './digest.ts';
import type { GateCard } from './card.ts';
import type { EvidenceItem } from './evidence.ts';
import type { StepKey } from './keys.ts';
import type { GatePolicy } from './policy.ts';
import type { IdentityLevel, Outcome, Target } from './vocabulary.ts';

/** An answer, counted or not. An answer that did not count keeps its digest, so that a changed event of history is found. */
export interface RecordedAnswer {
  channel: 'decide' | 'approve' | 'reject';
  /** Digest of the payload as it arrived: `payloadDigest(channel, value)`. */
  payloadDigest: string;
  at: string;
  counted: boolean;
  /** Of a counted answer. */
  verdict?: string;
  by?: string;
  onBehalfOf?: string | null;
  level?: IdentityLevel;
  via?: string | null;
  comment?: string;
  evidence?: string;
  /** Of a delegation, a deferral, an approval with exceptions or for later, an item of the checklist, a bypass. */
  to?: string;
  until?: string;
  except?: string[];
  effectiveAt?: string;
  item?: string;
  incident?: string;
  signature?: string;
  /** Why it did not count. */
  reason?: string;
}

/** An item of a gate's checklist, as it was answered; `by` is `machine` or a person. */
export interface RecordedCheck {
  item: string;
  by: string;
  ok: boolean;
  comment: string;
  /** ISO instant. */
  at: string;
}

/** What happened. Everything in it is plain JSON, without secrets. */
export type RecordEvent =
  | { kind: 'gateOpened'; gate: string; generation: number; card: GateCard; items: EvidenceItem[]; evidenceDigest: string; policy: GatePolicy; policyDigest: string; estateDigest: string; requestedBy: string[]; deadline: string; changes: string[] }
  | { kind: 'answers'; gate: string; generation: number; answers: RecordedAnswer[] }
  | { kind: 'policyChanged'; gate: string; changes: string[]; estateDigest: string }
  | { kind: 'gateClosed'; gate: string; generation: number; state: 'approved' | 'rejected' | 'expired' | 'superseded' | 'reopened'; by: string[]; except: string[]; checks: RecordedCheck[]; reason: string; remeasured: string[]; bypass: { by: string; reason: string; incident: string } | null; effectiveAt: string | null }
  | { kind: 'approvedElsewhere'; gate: string; workflowId: string; by: string[]; items: EvidenceItem[]; approvedAt: string }
  | { kind: 'effect'; step: string; what: string; platform: string; resource: string; before: string | null; after: string | null }
  | { kind: 'finding'; what: string; detail: string }
  | { kind: 'closed'; outcome: Outcome; reason: string };

export type RecordEntry = RecordEvent & { at: string };

/** Finds the event of an answer in history: over the channel and the JSON as it arrived, before anything was read from it. */
export function payloadDigest(channel: RecordedAnswer['channel'], value: unknown): string {
  return jsonDigest({ channel, value: value ?? null });
}

/** Whose entries they are. */
export interface RecordedRun {
  workflowId: string;
  /** First run id. */
  runId: string;
  runbook: string;
  target: (Target & { version: string }) | null;
}

export interface AppendToRecordInput {
  key: StepKey;
  run: RecordedRun;
  entries: RecordEntry[];
}

/** Where the entries stand in the chain; the same for a repeated call. */
export interface AppendedToRecord {
  block: number;
  digest: string;
}
