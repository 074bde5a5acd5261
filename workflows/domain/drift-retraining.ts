/** What a retraining after drift is made of: the analysis, the baseline that drift is held against, what the estate declares, and how it ends. All plain JSON and small. */
import type { CompensationReport } from './compensation.ts';
import type { OpenedPullRequest } from './configuration-change.ts';
import type { DegradationThresholds, DriftReport } from './degradation.ts';
import { idPart, targetLabel } from './ids.ts';
import type { StepKey } from './keys.ts';
import type { Outcome, Target } from './vocabulary.ts';

/** Days from one to the other, both included, as `YYYY-MM-DD`. */
export interface DaySpan {
  from: string;
  until: string;
}

/** The drift monitor's reference for one version of the model: a version of a data asset in the production workspace. */
export interface DriftBaseline extends DaySpan {
  /** Name and version of the asset, such as `drift-baseline-P001-C001:2015-09-30-0a1b2c3d`. */
  asset: string;
  dataUri: string;
  station: string;
  /** First day that the monitor judges: what came before was trained on. */
  trackedSince: string;
  /** The version that was trained with it. */
  modelVersion: string;
}

/** What drift is held against, for the version that serves. */
export interface BaselineReading {
  /** Null: there is none that fits it. */
  baseline: DriftBaseline | null;
  /** What people have to know about it: it is not the newest one, or not of the version that serves. */
  remark: string | null;
}

/** One feature in a report of Azure ML's model monitoring. */
export interface ReportedDrift {
  feature: string;
  metric: string;
  value: number;
  threshold: number | null;
  drifted: boolean;
}

/** The platform's own report, where it keeps one. */
export interface PlatformDriftReport {
  uri: string;
  signal: string;
  features: ReportedDrift[];
}

/** Each feature now against the baseline and against the same season a year ago. */
export interface DriftAnalysis extends DriftReport {
  /** Day of the station's newest reading, not after the day up to which is judged; null where there is none. */
  newest: string | null;
  /** What was held against: the drift monitor's reference, what the input says, or, where nothing was recorded yet, the year before. `remark`: what people have to know about it. */
  baseline: DaySpan & { source: 'recorded' | 'given' | 'year before'; remark?: string };
}

/** A change that people made on purpose, as the estate declares it: what it moves is expected. */
export interface OperationalChange extends DaySpan {
  what: string;
  /** Columns that it moves; empty: all of them. */
  features: string[];
}

/** The estate's word on drift of one target. */
export interface DriftRules {
  /** `azureml://datastores/…` URI of the platform's own report; null: there is none. */
  reportUri: string | null;
  changes: OperationalChange[];
  digest: string;
}

/** An investigation that led here: it, and the people who answered at its gate, have decided that the circuit is retrained. */
export interface PriorInvestigation {
  workflowId: string;
  /** Canonical ids; empty where its evidence decided by itself. */
  by: string[];
  reason: string;
  reportUri: string | null;
}

export interface RetrainOnDriftInput {
  target: Target;
  /** The alert that started it, as whoever sent it names it. */
  alert?: { name: string; id?: string };
  reason?: string;
  /** Day up to which is judged, `YYYY-MM-DD`; today by default. */
  asOf?: string;
  /** `azureml://datastores/…` URIs: the readings (by default what the estate says is scored), and the platform's drift report (by default the estate's). */
  dataUri?: string;
  reportUri?: string;
  /** Columns of the readings that the model uses; by default every column of numbers. */
  features?: string[];
  /** What drift is held against, in place of the drift monitor's reference. */
  baseline?: DaySpan;
  thresholds?: Partial<Pick<DegradationThresholds, 'psi' | 'ksP' | 'minimumRows' | 'driftDays'>>;
  /** Set by the investigation that starts it. */
  investigation?: PriorInvestigation;
  /** How long an investigation, and the release, are waited for; milliseconds. */
  investigationWithinMs?: number;
  releaseWithinMs?: number;
  startedBy?: string;
}

export const retrainDefaults = { investigationWithinMs: 21 * 24 * 3_600_000, releaseWithinMs: 21 * 24 * 3_600_000 } as const;

/** What became of the release of the change: `closed` by its runbook, or `none`, because nothing came to be released. */
export type ReleaseEnd =
  | { kind: 'closed'; workflowId: string; version: string; outcome: Outcome | null; reason: string }
  | { kind: 'none'; reason: string };

export interface RetrainOnDriftResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  /** `none`: nothing drifted; null: it could not be measured. */
  finding: 'none' | 'retrain' | 'investigate' | null;
  /** One sentence for each feature that was looked at, and what followed. */
  reasoning: string[];
  drifted: string[];
  newCutoff: string | null;
  investigation: { workflowId: string; finding: string | null; by: string[] } | null;
  pullRequest: OpenedPullRequest | null;
  reviewedBy: string[];
  release: { workflowId: string; startedBy: 'hook' | 'run'; end: ReleaseEnd | null } | null;
  /** Version in production when the run ended, as far as it was looked at. */
  serving: string | null;
  baseline: DriftBaseline | null;
  report: { reportUri: string; plotUri: string } | null;
  /** After a failure or a cancellation. */
  compensations?: CompensationReport[];
}

/** A retraining whose change is merged: what is left to do for it, by whichever run. Plain JSON. */
export interface MergedRetraining {
  repositoryId: string;
  pullRequestId: number;
  /** Last day that the new version is trained on, its `cutoff_date`. */
  until: string;
  /** The drift monitor's reference before. */
  recorded: DriftBaseline | null;
  /** Under which the baseline is moved, so that it moves once, whoever moves it. */
  key: StepKey;
  /** Milliseconds between two looks at the release. */
  pollMs: number;
}

/** What `finishRetraining` is started with by a `retrainOnDrift` that ended between the merge and the baseline. */
export interface FinishRetrainingInput extends Pick<RetrainOnDriftInput, 'target' | 'dataUri' | 'releaseWithinMs'>, MergedRetraining {
  /** Workflow id of that run. */
  insteadOf: string;
}

export type FinishRetrainingResult = Pick<RetrainOnDriftResult, 'outcome' | 'reason' | 'target' | 'release' | 'serving' | 'baseline' | 'compensations'>;

/** One for each pull request. */
export function finishRetrainingId({ plant, circuit }: Target, pullRequestId: number): string {
  return ['finishRetraining', idPart(plant), idPart(circuit), String(pullRequestId)].join(':');
}

export function retrainingBranch({ plant, circuit }: Target): string {
  return `feature/retrain-${plant}-${circuit}`;
}

export function retrainingTitle(target: Target): string {
  return `Update training data for ${targetLabel(target)} (drift detected)`;
}

/** Name of the data asset whose versions are the drift monitor's references. */
export function baselineAsset({ plant, circuit }: Target): string {
  return `drift-baseline-${plant}-${circuit}`;
}
