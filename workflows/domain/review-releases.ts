/** What a review over waiting releases is given, and what it comes to. */
import type { IdentityLevel, Outcome, Severity } from './vocabulary.ts';
import type { Recommended, Refusal } from './review-gates.ts';
import type { Conflict } from './review-plan.ts';
import type { Counts } from './review-progress.ts';

export interface ReviewPendingReleasesInput {
  /** Only releases of this plant. */
  plant?: string;
  /** Only releases that wait at this gate. */
  gate?: 'stage1' | 'stage3';
  /** Most releases that one decision is asked for; 50 by default. */
  groupSize?: number;
  /** Most releases that are deployed at the same time; 10 by default. */
  waveSize?: number;
  /** How many releases may fail or be taken back before no further wave is begun without a person's word; 0 by default. */
  failureBudget?: number;
  /** How long each group waits for its decision, in milliseconds; an hour by default. After that its releases wait on as they did before. */
  decideWithinMs?: number;
  /** Milliseconds between two looks at a deployment, 15 s by default, and at releases that are being watched, 5 min by default. */
  deploymentPollMs?: number;
  watchPollMs?: number;
  /** How long releases are followed in which nothing happens, in milliseconds; two days by default: a deployment, a window of a day, and as much again for gates and openings. */
  settleWithinMs?: number;
}

export const reviewDefaults = { groupSize: 50, waveSize: 10, failureBudget: 0, decideWithinMs: 3_600_000, deploymentPollMs: 15_000, watchPollMs: 300_000, settleWithinMs: 48 * 3_600_000 };

export type ReviewTerms = Required<Omit<ReviewPendingReleasesInput, 'plant' | 'gate'>>;

export const ReviewPhase = {
  Gathering: 'prioritising circuits',
  Review: 'batch review',
  Deployment: 'monitoring the deployment queue',
  Watching: 'post-deployment',
} as const;

/** What was decided about one group. `inbox`: its gates want people who are *attributed* by the server, which a review cannot pass on, so each is decided by itself. */
export interface GroupResult {
  gate: string;
  of: string;
  severity: Severity;
  column: string;
  recommends: Recommended;
  identity: IdentityLevel;
  members: number;
  state: 'approved' | 'rejected' | 'undecided' | 'inbox';
  by: string[];
  except: string[];
  /** Members whose own gate did not take the decision; they wait on. At most 50, and how many there are. */
  refused: Refusal[];
  refusedCount: number;
}

export interface WavesResult {
  /** Those that were begun, and those that what was decided would still have taken. */
  planned: number;
  done: number;
  /** Why no further wave was begun; null when all were. */
  stopped: string | null;
}

export interface ReviewPendingReleasesResult {
  outcome: Outcome;
  reason: string;
  groups: GroupResult[];
  conflicts: Conflict[];
  /** Releases beyond what one review takes in. */
  more: number;
  /** Runs that wait and do not say for what, each with the reason. */
  unreadable: Refusal[];
  waves: WavesResult;
  /** How far the releases into production are; null when there were none. */
  counts: Counts | null;
  lost: string[];
  /** Ids of released ones whose end the review did not see: they go on by themselves. */
  waiting: string[];
  /** Rules that fired on several of the released circuits. */
  patterns: { rule: string; circuits: string[] }[];
}
