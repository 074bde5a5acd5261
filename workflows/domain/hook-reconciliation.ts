/** What Azure DevOps' service hooks may not have told: how far back it is looked for, and what was found. */
import type { ApprovalSource } from './approval-tag.ts';
import type { BuildRules } from './hook.ts';
import type { Person } from './policy.ts';
import type { Outcome, Target } from './vocabulary.ts';

export interface ReconcileHooksInput {
  /** How long ago a pull request may have been completed, or a build have ended, that is still taken up, in milliseconds; 72 hours by default, so that a weekend is made up for. */
  lookBackMs?: number;
}

/** What the estate says of hooks. */
export interface HookRules {
  /** Names or ids of the repositories whose pull requests are released. */
  repositories: string[];
  /** Such as `refs/heads/main`. */
  releaseBranch: string;
  /** Null where no target is accompanied. */
  builds: BuildRules | null;
  /** Null where no target is accompanied. */
  approvals: ApprovalHookRules | null;
}

/** Whose approvals on Azure DevOps' pages answer a gate. */
export interface ApprovalHookRules {
  releaseBranch: string;
  people: Person[];
  accompanied: Target[];
  /** Whose approvals count; null: those of any stage. */
  sources: ApprovalSource[] | null;
}

/** A gate of a release, and who answers it how. */
export interface AnsweredGate {
  workflowId: string;
  gate: string;
  /** Canonical id. */
  by: string;
  verdict: 'approve' | 'reject';
}

/** An approval of which its gate knew nothing. */
export interface FoundApproval extends AnsweredGate {
  /** `pipelines:<GUID>` or `release:<number>`. */
  approval: string;
  /** As people know the run or release. */
  where: string;
  /** Whether it stands at its gate now. */
  shown: boolean;
  reason: string;
}

/** A pull request that a service hook should have told. */
export interface CompletedChange {
  /** The repository's own id. */
  repositoryId: string;
  pullRequestId: number;
  /** ISO instant. */
  closedAt: string;
}

/** How far back what Temporal knows of runs can be believed. */
export interface RunMemory {
  /** How long a closed run is kept, in milliseconds. */
  retentionMs: number;
  /** When the schedule was made that asks, as an ISO instant; null: no schedule asks. */
  scheduledSince: string | null;
}

/** A run as Temporal knows it. */
export interface KnownRun {
  workflowId: string;
  /** `none`: there is no such run, or it was forgotten. */
  state: 'none' | 'running' | 'ended';
  /** Temporal's word, such as `CANCELLED`; empty where there is none. */
  status: string;
  phase: string | null;
  /** ISO instant; null where there is none. */
  startedAt: string | null;
}

/** ISO instants. */
export interface ReconciliationWindow {
  /** What is older is left alone. */
  since: string;
  /** What is older is not even listed. */
  listSince: string;
  /** Why it does not reach as far as was asked; empty where it does. */
  shortened: string;
}

/** A change that was left alone, and why. */
export interface LeftAlone {
  workflowId: string;
  closedAt: string;
  why: string;
}

export interface ReconcileHooksResult {
  outcome: Outcome;
  reason: string;
  /** ISO instant from which on missed hooks were made up for; null where it did not come so far. */
  since: string | null;
  /** Releases that no hook had started. */
  started: string[];
  /** Releases that were told of a build for which they wait. */
  woken: string[];
  /** Changes whose run was there already, whatever had become of it: refused, cancelled and failed ones are not started again. */
  known: number;
  /** The newest of those that nothing was done about. */
  leftAlone: LeftAlone[];
  /** Approvals of which their gates knew nothing. */
  approvals: FoundApproval[];
  /** Builds that led to no change, and why. */
  unresolved: { buildId: number; reason: string }[];
}

export const reconcileHooksPhase = 'reading Azure DevOps';

export const lookBackMs = 72 * 3_600_000;

/** Older changes that nobody has released are listed for so long. */
const listedMs = 14 * 24 * 3_600_000;

/** Clocks of two platforms: this much earlier Temporal might have forgotten a run already. */
const clockMs = 5 * 60_000;

/** Most changes that one look starts: the next look starts the others. */
export const mostStarts = 100;

/** Most entries of each list of the result. */
export const mostListed = 50;

/**
 * From when on a missed hook is made up for. Not from before the time for which Temporal keeps runs: what was released and forgotten would be released again. A schedule does not reach back
 * behind its own making either, so that installing Holdpoint releases nothing that was merged before.
 */
export function reconciliationWindow(nowMs: number, wantedMs: number, { retentionMs, scheduledSince }: RunMemory): ReconciliationWindow {
  const wanted = nowMs - wantedMs;
  const remembered = nowMs - Math.max(retentionMs - clockMs, 0);
  const made = scheduledSince === null ? -Infinity : Date.parse(scheduledSince);
  const since = Math.max(wanted, remembered, made);
  const shortened = since === wanted ? '' : since === remembered ? 'as far back as Temporal keeps runs' : 'as far back as the schedule was made';
  return { since: iso(since), listSince: iso(Math.min(since, nowMs - listedMs)), shortened };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** One sentence for lists. */
export function reconciliationReason({ started, woken, known, leftAlone, approvals, unresolved }: ReconcileHooksResult): string {
  const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
  return [
    `${plural(started.length, 'release was', 'releases were')} started that no hook had started`,
    ...(woken.length > 0 ? [`${woken.length} told of a build`] : []),
    `${known} were known`,
    ...(leftAlone.length > 0 ? [`${leftAlone.length} left alone`] : []),
    ...(approvals.length > 0 ? [`${plural(approvals.length, 'approval was', 'approvals were')} found that no gate knew of, ${approvals.filter(({ shown }) => shown).length} shown`] : []),
    ...(unresolved.length > 0 ? [`${plural(unresolved.length, 'build leads', 'builds lead')} to no change`] : []),
  ].join(', ');
}
