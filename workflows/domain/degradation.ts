/** What is known of a model whose predictions may have become worse: figures by window, the state of its data, drift. All plain JSON and small; the rows themselves stay in storage. */
import type { CompensationReport } from './compensation.ts';
import type { Outcome, Target } from './vocabulary.ts';

/** Of one window; errors in the unit of the sensor. Null where nothing could be computed. */
export interface ErrorFigures {
  /** Predictions that have an actual. */
  rows: number;
  mae: number | null;
  rmse: number | null;
  /** Mean absolute percentage error as a share (0.12 is 12 %), over the rows whose actual is not zero: `mapeRows` of them. */
  mape: number | null;
  mapeRows: number;
}

/** One point of the trend: from the first day of the window to its last one, both included, as `YYYY-MM-DD`. */
export interface ErrorWindow extends ErrorFigures {
  from: string;
  until: string;
}

/** `no predictions`: nothing has been scored, or the file is gone; `no actuals`: what was predicted has not been measured yet; `too few`: fewer rows than are worth a figure. */
export type PerformanceState = 'measured' | 'no predictions' | 'no actuals' | 'too few';

/** How the predictions did. `current` is the last window; the others are what it is held against. */
export interface PerformanceReport {
  state: PerformanceState;
  detail: string;
  current: ErrorFigures & { from: string; until: string };
  /** The year before the current window. */
  baseline: ErrorFigures;
  /** The current window's days, a year earlier. */
  season: ErrorFigures;
  /** Oldest first. */
  trend: ErrorWindow[];
}

export type DataFault = 'unreadable' | 'schema' | 'station' | 'late' | 'gap' | 'missing' | 'duplicate' | 'range' | 'stuck';

/** What is wrong with the circuit's data; `grave`: no figure computed from them can be trusted. */
export interface DataFinding {
  fault: DataFault;
  detail: string;
  days: number;
  grave: boolean;
}

/** The circuit's data between two days. */
export interface DataReport {
  from: string;
  until: string;
  /** Rows of the station in that time. */
  rows: number;
  /** Day of the newest row; null where there is none. */
  newest: string | null;
  findings: DataFinding[];
}

/** One feature, the current window against another one. */
export interface Distance {
  rows: number;
  /** Largest distance of the two distribution functions, 0 to 1, and how likely such a one is by chance. */
  ks: number;
  ksP: number;
  /** Population stability index over ten bins of the earlier window, and the value that chance alone seldom exceeds with so few rows. */
  psi: number;
  psiByChance: number;
  drifted: boolean;
}

export interface FeatureDrift {
  feature: string;
  /** Against the baseline: the year before. */
  baseline: Distance | null;
  /** Against the same days a year earlier; null where there are too few. */
  season: Distance | null;
  /** Difference of the means in standard deviations of the earlier window: of the same season where there is one, else of the baseline. */
  magnitude: number;
  /** When it changed, once the season is taken off, and whether at once or little by little; null where nothing changed. */
  change: { at: string; kind: 'sudden' | 'gradual' } | null;
}

export interface DriftReport {
  state: 'measured' | 'too few';
  detail: string;
  from: string;
  until: string;
  features: FeatureDrift[];
}

/** When a figure means something. The defaults are what practitioners use; the docs say where they come from. */
export interface DegradationThresholds {
  /** By which share an error may exceed what it is held against. */
  worseBy: number;
  /** An error that exceeds any one reference by this share needs no second one. */
  farWorseBy: number;
  /** Fewer predictions with an actual in the current window give no figure. */
  minimumRows: number;
  /** Population stability index from which a feature has drifted. */
  psi: number;
  /** Significance of the Kolmogorov–Smirnov test: small, for the readings of neighbouring days are alike. */
  ksP: number;
  /** Days that make the current window of the drift analysis. */
  driftDays: number;
  /** How many days the newest reading may be old. */
  lateDays: number;
  /** Which share of the days may lack a reading, or have a bad one. */
  faultyShare: number;
}

export const degradationThresholds: DegradationThresholds = { worseBy: 0.2, farWorseBy: 1, minimumRows: 20, psi: 0.25, ksP: 0.001, driftDays: 90, lateDays: 2, faultyShare: 0.05 };

export const degradationDefaults = { window: 'month', windows: 13, recheckEveryMs: 24 * 3_600_000, waitForDataMs: 7 * 24 * 3_600_000, outcomeWithinMs: 14 * 24 * 3_600_000 } as const;

/** How long a window is. */
export type WindowLength = 'week' | 'month';

export interface InvestigateDegradationInput {
  target: Target;
  /** The alert that started it, as whoever sent it names it. */
  alert?: { name: string; id?: string };
  window?: WindowLength;
  /** Windows of the trend, the current one included. */
  windows?: number;
  /** Day up to which is judged, `YYYY-MM-DD`; today by default. For data that end in the past. */
  asOf?: string;
  /** `azureml://datastores/…` URI of the predictions, in the production workspace; by default the output of the newest completed job of the circuit's deployment. */
  predictionsUri?: string;
  /** The same for the readings; by default what the estate says is scored. */
  dataUri?: string;
  /** Columns of the readings that the model uses; by default every column of numbers. */
  features?: string[];
  thresholds?: Partial<DegradationThresholds>;
  /** How often data that are at fault are looked at again, and how long they are waited for; 0: not at all. Milliseconds. */
  recheckEveryMs?: number;
  waitForDataMs?: number;
  /** How long the outcome of the runbook that was started is waited for, in milliseconds. */
  outcomeWithinMs?: number;
  /** Set by the runbook that asks for the investigation: whatever the evidence says, a person decides what follows, unless the data are at fault or the model is to be rolled back. */
  askedBy?: AskedBy;
  startedBy?: string;
}

/** A run that asks for an investigation, and why. */
export interface AskedBy {
  workflowId: string;
  reason: string;
}

/** Everything that the decision is made on. */
export interface DegradationEvidence {
  /** Version that production serves, by its deployment's tag. */
  serving: string | null;
  /** MAE of that version on its hold-out rows, as its training noted it. */
  holdoutMae: number | null;
  predictions: { jobName: string | null; uri: string; scoredAt: string | null } | null;
  performance: PerformanceReport;
  data: DataReport;
  drift: DriftReport;
}

/** What was found to be the cause. */
export type Finding = 'data' | 'drift' | 'model' | 'nothing' | 'inconclusive';

/** The runbooks that an investigation can lead to. */
export type NextRunbook = 'retrainOnDrift' | 'rollBackModel';

/** What became of the runbook that was chosen. `already running`: perhaps because it asked for the investigation; it then goes on by what was found. */
export interface NextStep {
  runbook: NextRunbook;
  state: 'started' | 'already running';
  workflowId: string;
  /** Its outcome; null where it was not waited for, or not long enough. */
  outcome: Outcome | null;
  reason: string;
}

export interface InvestigateDegradationResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  finding: Finding | null;
  /** Each rule that was looked at, in order, with what it saw; the last one decided. */
  reasoning: string[];
  serving: string | null;
  current: (ErrorFigures & { from: string; until: string }) | null;
  next: NextStep | null;
  /** Canonical ids of those who decided at the gate; empty where the evidence did. */
  decidedBy: string[];
  /** Where the report and its plot are. */
  report: { reportUri: string; plotUri: string } | null;
  workItem: { id: number; url: string } | null;
  /** Workflow id of the incident that it opened or joined. */
  incident: string | null;
  /** After a failure or a cancellation. */
  compensations?: CompensationReport[];
}
