/** What a release is made of, from the merged pull request to the production deployment. All plain JSON and small: logs and predictions go by reference. */
import type { CircuitConfig, RefusedFile } from './circuit-config.ts';
import type { CompensationReport } from './compensation.ts';
import type { EvidenceItem } from './evidence.ts';
import type { Outcome, RegressionMetrics, Target } from './vocabulary.ts';

/** A completed pull request, as Azure DevOps tells it. */
export interface PullRequest {
  id: number;
  title: string;
  url: string;
  /** Unique name of the author. */
  createdBy: string;
  /** For whom Holdpoint made its commits, where it did; they asked for the change like its author. */
  requestedBy?: string[];
  repository: string;
  repositoryId: string;
  targetRefName: string;
  /** Commit that the merge made; files are read at it. */
  mergeCommit: string;
}

export interface ChangedCircuit {
  target: Target;
  path: string;
  config: CircuitConfig;
  /** SHA-256, hexadecimal, of the configuration in canonical form. */
  digest: string;
}

export interface Change {
  pullRequest: PullRequest;
  circuits: ChangedCircuit[];
  refused: RefusedFile[];
  /** Things a reader should know that stop nothing: a deleted file, `lstm_units` read as `hidden_units`. */
  notes: string[];
}

export interface ReleaseChangeInput {
  repositoryId: string;
  pullRequestId: number;
  /** Most training jobs at the same time; the estate's figure by default. */
  maxParallel?: number;
  /** Only these circuits (`P001/C001`) of the change. */
  only?: string[];
  /** Who ran `holdpoint start`; excluded from approving, like the author. */
  startedBy?: string;
  /** Set when the same release is run once more: versions get a suffix `-r<n>` and are trained anew. */
  again?: { reason: string };
}

export type CircuitResult =
  | { target: Target; version: string; state: 'released'; workflowId: string }
  /** Waits, with the other circuits of the change, for the approval of all of them. */
  | { target: Target; version: string; state: 'trained' }
  /** A person said no to the change, or left this circuit out of the approval. */
  | { target: Target; version: string; state: 'rejected'; reason: string }
  | { target: Target; version: string; state: 'alreadyReleased'; by: string }
  /** The build that should publish it did not end in time. */
  | { target: Target; version: string | null; state: 'expired'; reason: string }
  | { target: Target; version: string | null; state: 'failed'; reason: string };

export interface ReleaseChangeResult {
  outcome: Outcome;
  reason: string;
  pullRequest: number;
  circuits: CircuitResult[];
  refused: RefusedFile[];
  notes: string[];
  /** After a failure or a cancellation. */
  compensations?: CompensationReport[];
}

/** What `releaseChange` hands to each `releaseModel`. */
export interface ReleaseModelInput {
  target: Target;
  model: string;
  version: string;
  /** Azure ML job that trained the version, in the dev workspace. */
  trainingJob: string;
  pullRequest: Pick<PullRequest, 'id' | 'title' | 'url' | 'createdBy' | 'repositoryId'>;
  /** Names or aliases of everybody who asked: the author, and who ran `start`. */
  requestedBy: string[];
  /** Set by `releaseChange` where Stage 1 was decided for the whole change. */
  stage1?: ApprovedStage1;
}

/** Stage 1 as it was approved with the whole change: on which evidence, and by which run's gate. */
export interface ApprovedStage1 {
  by: string[];
  at: string;
  items: EvidenceItem[];
  /** Workflow id of the `releaseChange`. */
  change: string;
}

export type Production = 'unchanged' | 'changed';

export interface ReleaseModelResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  version: string;
  production: Production;
  /** Version in production when the run ended, as far as this run knows. */
  serving: string | null;
  /** Work item for the data scientist, after a rejection; after a rollback the incident's report. */
  workItem: { id: number; url: string } | null;
  /** After a breach: the rollback, its outcome (null: not known here), and the workflow id of its incident. */
  rollback?: { workflowId: string; outcome: Outcome | null; incident: string | null };
  /** After a failure or a cancellation: how each undo went. */
  compensations?: CompensationReport[];
}

/** Why a finished job ended as it did. */
export interface JobEnd {
  jobName: string;
  status: 'Completed' | 'Failed' | 'Canceled' | 'NotResponding';
  error: string | null;
  /** From start to end as the platform tells it; null where it does not. */
  durationMs: number | null;
}

export interface TrainingMetrics {
  candidate: RegressionMetrics;
  /** Of the version in production on the same hold-out; null when none was there. */
  production: RegressionMetrics | null;
  holdoutRows: number;
}

/** A version of the model that was trained before, newest first. */
export interface ModelHistoryEntry {
  version: string;
  mae: number | null;
  trainingMs: number | null;
}

export interface TrainingLogReport {
  anomalies: string[];
  lines: number;
  /** Where the log can be read; never its contents. */
  uri: string;
}

/** A batch deployment as found: everything that is needed to put it back, and nothing that the service fills in. */
export interface DeploymentSnapshot {
  /** Full definition in the vendor's words; an empty one means that there was no such deployment. */
  definition: Record<string, unknown> | null;
  /** Asset id of the model that it serves. */
  model: string | null;
  tags: Record<string, string>;
  provisioningState: string | null;
}

export interface InferenceReport {
  jobName: string;
  passed: boolean;
  findings: string[];
  rows: number;
  minimum: number | null;
  maximum: number | null;
  outputUri: string;
  logUri: string;
}
