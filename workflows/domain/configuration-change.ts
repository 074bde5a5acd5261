/** A change of a circuit's configuration by pull request: what is proposed, who reviews it, and how it ends. */
import type { CompensationReport } from './compensation.ts';
import type { RefusedFile } from './circuit-config.ts';
import type { ConfigEdit, FieldChange } from './config-edit.ts';
import { idPart, targetLabel } from './ids.ts';
import type { Group, GateClock, Person } from './policy.ts';
import type { Outcome, Severity, Target } from './vocabulary.ts';

/** What `updateTrainingConfig` takes. `cutoff_date` stays as it is unless `cutoffDate` (`YYYY-MM-DD`) is given. */
export interface UpdateTrainingConfigInput {
  target: Target;
  /** By the names of the configuration file, such as `{learning_rate: 0.0005, lstm_units: 256}`. */
  hyperparameters?: Record<string, number>;
  cutoffDate?: string;
  /** Why: the reviewer reads it in the pull request. */
  rationale: string;
  /** Who ran `holdpoint start`: may neither review the change nor approve what is released of it. */
  startedBy?: string;
}

/** The estate's word on changes that Holdpoint proposes for one target. */
export interface ChangeRules {
  /** Name or id of the repository. */
  repository: string;
  /** Branch that releases come from, `refs/heads/…`: what is edited, and merged into. */
  branch: string;
  people: Person[];
  severity: Severity;
  /** Canonical ids of those whose vote counts. */
  reviewers: string[];
  groups: Group[];
  /** Reminders, escalation, and when the change is withdrawn. */
  clock: GateClock;
  /** How often the pull request is looked at besides the service hooks. */
  pollMs: number;
  /** Who merges once the vote is there: Holdpoint, or a person on Azure DevOps' page. */
  mergeBy: 'holdpoint' | 'people';
  settleMs: number;
  /** SHA-256, hexadecimal, of these rules. */
  digest: string;
}

/** What a runbook wants changed, under which names. The text of the pull request is the runbook's own. */
export interface ChangeProposal {
  target: Target;
  edit: ConfigEdit;
  /** Name of the branch, without `refs/heads/`. */
  branch: string;
  title: string;
  /** Markdown above the difference: the rationale, or an analysis. */
  rationale: string;
  requestedBy: string | null;
}

/** An edit that can be made, at the commit that it was planned on. The text itself stays in the repository: the edit, applied to that commit, makes it again. */
export interface PlannedChange {
  kind: 'planned';
  repositoryId: string;
  /** Such as `config/plants/P001/C001.yml`. */
  path: string;
  baseCommit: string;
  changes: FieldChange[];
  /** Lines as `diff` prints them. */
  difference: string[];
  notes: string[];
}

export type Plan = PlannedChange | { kind: 'refused'; refused: RefusedFile } | { kind: 'unchanged'; reason: string };

/** One sentence, with file and line where there is one to blame. */
export function whyNotPlanned(plan: Exclude<Plan, PlannedChange>): string {
  return plan.kind === 'unchanged' ? plan.reason : `${plan.refused.path}${plan.refused.line === null ? '' : `:${plan.refused.line}`}: ${plan.refused.reason}`;
}

/** The branch with the one commit of this run; `taken`: the branch is somebody else's, and stays as it is. */
export type PushedBranch = { kind: 'pushed'; commit: string; uncertain: boolean } | { kind: 'taken'; commit: string; by: string; comment: string };

export interface OpenedPullRequest {
  pullRequestId: number;
  /** The page for people. */
  url: string;
}

/** What was taken back of a change, each in words; `merged`: the pull request that was completed before that, which stays (older histories do not know it); `left`: why something else stays. */
export interface WithdrawnChange {
  withdrawn: string[];
  merged?: number | null;
  left: string | null;
}

/** A reviewer's vote; 10: approved, 5: approved with suggestions, -5: waits for the author, -10: rejected. */
export interface Vote {
  /** Unique name. */
  by: string;
  vote: number;
  /** What the voter commented last; empty where there is nothing. */
  comment: string;
}

/** A pull request as it stands. */
export interface ReviewStanding {
  status: string;
  /** `succeeded`, `conflicts`, `queued`, … */
  mergeStatus: string;
  sourceCommit: string | null;
  votes: Vote[];
  /** Who completed or abandoned it, as far as the platform tells. */
  closedBy: string | null;
}

/** What a pull request's standing means for the change. */
export type Judgement =
  | { kind: 'merged'; by: string | null; reviewedBy: string[] }
  | { kind: 'abandoned'; by: string | null }
  | { kind: 'rejected'; by: string; comment: string }
  /** May be merged as it is: every condition of the estate holds. */
  | { kind: 'approved'; by: string[] }
  | { kind: 'waiting'; for: string };

export interface ReviewTerms {
  people: readonly Person[];
  /** Canonical ids; grows when the clock widens. */
  reviewers: readonly string[];
  /** Canonical ids of those whose approval does not count: whoever asked for the change. */
  excluded: readonly string[];
  /** The commit that Holdpoint made: what is merged by itself is that and nothing else. */
  commit: string;
}

export interface UpdateTrainingConfigResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  branch: string;
  pullRequest: OpenedPullRequest | null;
  changes: FieldChange[];
  /** Things a reader should know that stopped nothing. */
  notes: string[];
  /** Who of the reviewers approved. */
  reviewedBy: string[];
  /** The `releaseChange` that trains and releases the circuit; `startedBy` says whether the merge's hook was quicker than this run. */
  release: { workflowId: string; startedBy: 'hook' | 'run' } | null;
  /** After a failure or a cancellation. */
  compensations?: CompensationReport[];
}

/** One run at a time for each circuit. */
export function updateTrainingConfigId({ plant, circuit }: Target): string {
  return ['updateTrainingConfig', idPart(plant), idPart(circuit)].join(':');
}

export function tuningBranch({ plant, circuit }: Target): string {
  return `feature/tune-${plant}-${circuit}`;
}

export function tuningTitle(target: Target): string {
  return `Tune hyperparameters for ${targetLabel(target)}`;
}
