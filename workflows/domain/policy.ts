/** What the estate file says about one target: the slice that a run loads, with its digest. Durations are in milliseconds. */
import type { IdentityLevel, RegistryRef, Target, WorkspaceRef } from './vocabulary.ts';

/** A person has one canonical id; the platforms know the same person under aliases. */
export interface Person {
  id: string;
  aliases: string[];
}

export interface GatePolicy {
  /** How many different approvers must approve; any one rejection rejects. */
  quorum: number;
  /** Canonical ids. */
  approvers: string[];
  /** Whoever asked for the change may not approve it, under any alias. */
  fourEyes: boolean;
  /** Whether an answer without the evidence digest is only a proposal; a wrong digest never counts. */
  bindEvidence: boolean;
  /** The least that must be proven about who answers. */
  identity: IdentityLevel;
  deadlineMs: number;
  remindAfterMs: number;
  /** What happens when nobody answers by the deadline. */
  onSilence: 'expire' | 'approve' | 'reject';
}

export interface MonitoringPolicy {
  forMs: number;
  everyMs: number;
  /** The window that the runbook demands; shown on the card when `forMs` is shorter. */
  runbookForMs: number;
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
  gates: { stage1: GatePolicy; stage3: GatePolicy; rollback: GatePolicy };
  monitoring: MonitoringPolicy;
  /** How long after an uncertain write a late arrival of it is still looked for. */
  settleMs: number;
}

/** The canonical id behind a name or alias; the name itself when the estate does not know it. Names compare without regard to case. */
export function canonicalPerson(people: readonly Person[], name: string): string {
  const wanted = name.trim().toLowerCase();
  return people.find(({ id, aliases }) => [id, ...aliases].some((alias) => alias.toLowerCase() === wanted))?.id ?? name.trim();
}
