/** What the estate file says about one target: the slice that a run loads, with its digest. Durations are in milliseconds. */
import type { FreezeWindow } from './freeze.ts';
import type { OpenedIncidents } from './incident-report.ts';
import type { RedeployPolicy } from './redeploy.ts';
import type { IdentityLevel, RegistryRef, Severity, Target, WorkspaceRef } from './vocabulary.ts';

/** A person has one canonical id; the platforms know the same person under aliases. */
export interface Person {
  id: string;
  aliases: string[];
  /** Name of the calendar by which the person works; null: always. */
  calendar: string | null;
}

/** A point of a gate's clock, counted from its opening. `working`: only time counts in which at least one of the approvers is at work by their calendar. */
export interface ClockTime {
  afterMs: number;
  hours: 'elapsed' | 'working';
}

/** What happens while nobody decides, each at its own time. `decide` is the deadline; what comes later than it never happens. */
export interface GateClock {
  remind: ClockTime[];
  /** `to`: a person, a group, or a contact of the estate's escalation path. */
  escalate: (ClockTime & { to: string })[];
  /** Canonical ids of those who may decide from then on as well. */
  widen: (ClockTime & { approvers: string[] })[];
  decide: ClockTime;
}

/** A group as its members were when the policy was loaded: what the record keeps. */
export interface Group {
  name: string;
  members: string[];
}

/** Who answers for whom, and how long; `until` and `from` are ISO instants, null: without limit. */
export interface Delegation {
  from: string;
  to: string;
  since: string | null;
  until: string | null;
}

/** One line of a checklist: `machine` is answered by the runbook, `person` by a named person. */
export interface ChecklistItem {
  id: string;
  text: string;
  by: 'machine' | 'person';
  /** Canonical ids of those who may answer; null: whoever may decide the gate. */
  people: string[] | null;
}

/** What happens when nobody has decided by the deadline. `hold`: the gate stays open, and reminders go on; `rollBack`: what the gate offers is undone. */
export type OnSilence = 'expire' | 'reject' | 'hold' | 'rollBack' | 'approve';

export interface GatePolicy {
  /** How many different approvers must approve. */
  quorum: number;
  /** Canonical ids; groups are expanded, in the estate's order. */
  approvers: string[];
  /** The groups that this policy names, with their members. */
  groups: Group[];
  /** Names of groups of which somebody must be among those who approve. */
  mandatoryGroups: string[];
  /** Absences of approvers that the estate knows. */
  delegations: Delegation[];
  /** Whoever asked for the change may not approve it, under any alias. */
  fourEyes: boolean;
  /** How many rejections reject: one, or as many as must approve. */
  rejection: 'any' | 'quorum';
  /** Whether an answer without the evidence digest is only a proposal; a wrong digest never counts. */
  bindEvidence: boolean;
  /** The least that must be proven about who answers. */
  identity: IdentityLevel;
  clock: GateClock;
  onSilence: OnSilence;
  /** Evidence older than this is stale; null: it never is. `tolerance`: by how much of itself a measured value may differ when it is measured again, by its name. */
  evidence: { lifetimeMs: number | null; tolerance: Record<string, number> };
  /** Name of the calendar within whose working hours the effect may take place; null: at any time. */
  opening: string | null;
  /** Answered before the gate opens. */
  checklist: ChecklistItem[];
  /** Who may pass the gate alone in an incident, with a review afterwards; empty: nobody. */
  breakGlass: string[];
  severity: Severity;
}

export interface MonitoringPolicy {
  forMs: number;
  everyMs: number;
  /** The window that the runbook demands; shown on the card when `forMs` is shorter. */
  runbookForMs: number;
  /** The window after a rollback. */
  rollbackForMs: number;
  /** A firing alert of this severity or a graver one is a breach: 0 (critical) to 4 (verbose). */
  breachSeverity: number;
  onBreach: 'gate' | 'rollBack';
}

/** How a circuit's model is trained: one Azure ML command job. */
export interface TrainingPolicy {
  command: string;
  code: string;
  environment: string;
  compute: string;
  dataUri: string;
  /** Most jobs of one change that run at the same time. */
  maxParallel: number;
  pollMs: number;
  timeoutMs: number;
}

/** How a circuit's model scores in batches, in the test and the production workspace. */
export interface InferencePolicy {
  code: string;
  scoringScript: string;
  environment: string;
  compute: string;
  dataUri: string;
  pollMs: number;
  timeoutMs: number;
  /** Fewer predictions than this in the test inference's output are a finding. */
  minimumRows: number;
}

/** How far a failed batch job is recovered without a person. */
export interface RecoveryPolicy {
  /** Out of memory: `mini_batch_size` is divided by this, step by step, down to the smallest. */
  miniBatchDivisor: number;
  smallestMiniBatch: number;
  /** Too slow: the timeout of a mini-batch is multiplied by this, step by step, up to the longest. */
  timeoutFactor: number;
  longestTimeoutMs: number;
  /** Retries of one run, whatever the causes. */
  maxRetries: number;
  /** How long the next scheduled job is waited for, and how often it is looked for. */
  nextJobWithinMs: number;
  pollMs: number;
}

export interface TargetPolicy {
  /** SHA-256 of this slice, hexadecimal. */
  digest: string;
  target: Target;
  people: Person[];
  workspaces: { dev: WorkspaceRef; test: WorkspaceRef; production: WorkspaceRef };
  location: string;
  registry: RegistryRef;
  /** The plant's batch endpoint and the circuit's own deployment on it. */
  endpoint: string;
  deployment: string;
  /** The circuit's sensor: where it measures, and the column of its readings. */
  sensor: { station: string; column: string };
  training: TrainingPolicy;
  inference: InferencePolicy;
  severity: Severity;
  gates: { stage1: GatePolicy; stage3: GatePolicy; rollback: GatePolicy };
  /** Whether Stage 1 is decided for each circuit, or once for a change, with exceptions. */
  approvalPer: 'circuit' | 'change';
  /** What a newer version of the same target does to an older run that still waits. */
  supersede: 'retire' | 'keep';
  /**
   * Whether Holdpoint trains itself or follows the build pipeline that does: by its name, or any that builds the commit; `modelTags` name the tags by which a model version tells its
   * build and commit. `redeploy`: a rollback deploys a release, or the stage of a run, of Azure DevOps once more.
   */
  execution: { training: 'native' | 'accompany'; pipeline?: string; modelTags?: { build: string; commit: string }; redeploy?: RedeployPolicy };
  monitoring: MonitoringPolicy;
  recovery: RecoveryPolicy;
  /** Which runbooks open an incident about the target by themselves; left out: none does. */
  incidents?: OpenedIncidents;
  /** Where people decide in a browser: the receiver's address, such as `https://holdpoint.example.com`; null: nowhere but in Temporal Web UI. Not part of the digest. */
  inboxUrl: string | null;
  /** The next window, or the one that goes on, of each freeze that will hold a release within 30 days; only where it was asked for. Not part of the digest. */
  freezes?: FreezeWindow[];
  /** How long after an uncertain write a late arrival of it is still looked for. */
  settleMs: number;
}

/** The ids behind names and aliases, in lower case, of each list of people that was asked for: a gate asks several times for each answer, and may have hundreds of approvers. */
const idsByName = new WeakMap<readonly Person[], ReadonlyMap<string, string>>();

/** The canonical id behind a name or alias; the name itself when the estate does not know it. Names compare without regard to case. A list of people must not change once it was asked. */
export function canonicalPerson(people: readonly Person[], name: string): string {
  let ids = idsByName.get(people);
  if (ids === undefined) {
    // The first of two who share a name has it.
    ids = new Map(people.flatMap(({ id, aliases }) => [id, ...aliases].map((alias): [string, string] => [alias.toLowerCase(), id])).reverse());
    idsByName.set(people, ids);
  }
  return ids.get(name.trim().toLowerCase()) ?? name.trim();
}
