/** What a runbook asks of a gate, what it gets back, and what a gate asks of the world. */
import type { Decision } from '../domain/approval.ts';
import type { GateCard } from '../domain/card.ts';
import type { Measured } from '../domain/evidence.ts';
import type { Tick } from '../domain/gate-clock.ts';
import type { GateEvent } from '../domain/gate-event.ts';
import type { Checked } from '../domain/machine-checks.ts';
import type { VerifiedAnswer, WaitingAnswer } from '../domain/identity.ts';
import type { GateClock, GatePolicy, Person, TargetPolicy } from '../domain/policy.ts';
import type { IdentityLevel, Target } from '../domain/vocabulary.ts';

export interface GateRequest<E = unknown> {
  /** Unique within the run; what an answer must name. */
  gate: string;
  policy: GatePolicy;
  people: readonly Person[];
  /** Digest of the estate's slice that the policy comes from. */
  estateDigest: string;
  /** Names or aliases of whoever asked; four-eyes excludes them. */
  requestedBy: readonly string[];
  /** What silence does, as the card says it. */
  silence: string;
  /** The evidence as it was measured just now. */
  measured: Measured<E>;
  /** Measures it again; `anew` also repeats what otherwise would only be read again, because it became stale. Null: a decision that must not wait, such as a rollback. */
  measure: ((how: 'again' | 'anew') => Promise<Measured<E>>) | null;
  card(evidence: E): GateCard;
  /** What an approval may leave out by "except"; nothing where there are no parts. */
  parts?: readonly string[];
  /** Whose policy it is, where that is not the gate of this name at the run's own target. */
  policyOf?: { target: Target; gate: keyof TargetPolicy['gates'] };
  /** Where the inbox is, for the card's link; nowhere if there is none. */
  inboxUrl?: string | null;
  /** Answers the checklist's machine items, by their id. */
  check?: (item: string) => Promise<Checked>;
}

/** A "no" and a silence are outcomes, not errors. `decisions` are those that counted; `evidence` is what was measured last. */
export type GateOutcome<E = unknown> =
  | { state: 'approved'; by: string[]; decisions: Decision[]; except: string[]; evidence: E; bypass: Bypass | null }
  | { state: 'rejected'; by: string; reason: string; decisions: Decision[] }
  | { state: 'expired'; decisions: Decision[] }
  | { state: 'superseded'; by: string; reason: string; decisions: Decision[] };

export interface Bypass {
  by: string;
  reason: string;
  incident: string;
}

/** A gate's policy as the estate has it now. */
export interface ReloadedPolicy {
  policy: GatePolicy;
  people: readonly Person[];
  estateDigest: string;
}

/** What a gate needs beyond the run itself; each family of runbooks gives it its activities. */
export interface GateServices {
  /** Tells people; must not throw and is not waited for, so that a failed channel never delays a gate. */
  tell: (step: string, event: GateEvent) => void;
  /** Finds out whose the answers are. */
  verify: (answers: WaitingAnswer[], wanted: IdentityLevel, people: readonly Person[]) => Promise<VerifiedAnswer[]>;
  /** Places a clock with working hours in time. */
  planClock: (clock: GateClock, openedAt: string, approvers: string[]) => Promise<Tick[]>;
  /** The opening of a calendar at or after an instant. */
  nextOpening: (opening: string, from: string) => Promise<{ from: string; until: string }>;
  /** The policy as the estate has it now; null where nobody keeps one. */
  reloadPolicy: (request: GateRequest) => Promise<ReloadedPolicy | null>;
  /** Starts the review of a bypass, which outlives the run. */
  reviewBypass: (gate: string, bypass: Bypass, request: Pick<GateRequest, 'policy' | 'people' | 'requestedBy' | 'inboxUrl'>) => Promise<void>;
}
