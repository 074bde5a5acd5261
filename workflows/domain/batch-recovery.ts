/** Recovering a failed batch job: what is known of the job, which remedy comes next, and what the run answers. All plain JSON and small. */
import type { CompensationReport } from './compensation.ts';
import { idPart } from './ids.ts';
import { isoDuration, isoMilliseconds } from './iso-duration.ts';
import { causeText, type FailureEvidence, type JobFailure, type JobFailureCause } from './job-failure.ts';
import type { RecoveryPolicy } from './policy.ts';
import type { DeploymentSnapshot, JobEnd, Production } from './release.ts';
import type { Outcome, Target } from './vocabulary.ts';

export interface RecoverBatchJobInput {
  target: Target;
  /** The failed job in the production workspace. */
  jobName: string;
  /** The alert that told of it, by its sender's own id. */
  alert?: string;
  startedBy?: string;
}

/** One recovery for each failed job: an alert that comes twice starts one run. */
export function recoverBatchJobId({ target, jobName }: Pick<RecoverBatchJobInput, 'target' | 'jobName'>): string {
  return ['recoverBatchJob', target.plant, target.circuit, jobName].map(idPart).join(':');
}

/** A job of a batch endpoint. */
export interface BatchJob {
  jobName: string;
  status: string;
  /** Name of the deployment that it scores with; null where the service does not tell. */
  deployment: string | null;
  dataUri: string | null;
  outputUri: string | null;
  experimentName: string | null;
  /** ISO instant, by the service's clock. */
  createdAt: string;
  /** Of an invocation by this product: the key of its step. */
  key: string | null;
}

/** A job that has ended, with how. */
export interface EndedBatchJob extends BatchJob {
  end: JobEnd;
}

/** Why the job is none that can be recovered; null if it is. */
export function notRecoverable(job: BatchJob | null, { jobName, endpoint, deployment }: { jobName: string; endpoint: string; deployment: string }): string | null {
  if (job === null) return `${endpoint} has no job ${jobName}`;
  if (job.deployment !== null && job.deployment !== deployment) return `job ${jobName} is of ${job.deployment}, not of ${deployment}`;
  if (job.status === 'Completed') return `job ${jobName} has completed: there is nothing to recover`;
  if (job.status === 'Canceled') return `job ${jobName} was cancelled by somebody: that is no failure`;
  if (job.status !== 'Failed' && job.status !== 'NotResponding') return `job ${jobName} has not ended: it is ${job.status}`;
  return null;
}

/** What of a deployment a remedy may change; null for what its definition does not say. */
export interface DeploymentSettings {
  miniBatchSize: number | null;
  timeoutMs: number | null;
  environmentId: string | null;
}

export function settingsOf({ definition }: DeploymentSnapshot): DeploymentSettings {
  const properties = (definition?.['properties'] ?? {}) as Record<string, unknown>;
  const { miniBatchSize, environmentId, retrySettings } = properties;
  const timeout = (retrySettings as { timeout?: unknown } | null | undefined)?.timeout;
  return {
    miniBatchSize: typeof miniBatchSize === 'number' ? miniBatchSize : null,
    timeoutMs: typeof timeout === 'string' ? isoMilliseconds(timeout) : null,
    environmentId: typeof environmentId === 'string' ? environmentId : null,
  };
}

/** What changes in the deployment; only what is named. */
export type SettingsChange = { miniBatchSize: number } | { timeoutMs: number } | { environmentId: string };

/** The change in the service's words; what else stands beside a timeout stays. */
export function changedProperties({ definition }: DeploymentSnapshot, change: SettingsChange): Record<string, unknown> {
  if (!('timeoutMs' in change)) return change;
  const { retrySettings } = (definition?.['properties'] ?? {}) as { retrySettings?: Record<string, unknown> | null };
  return { retrySettings: { ...retrySettings, timeout: isoDuration(change.timeoutMs) } };
}

export type Remedy =
  /** Nothing of the deployment changes: the retry reads from here. */
  | { kind: 'path'; dataUri: string; text: string }
  | { kind: 'settings'; change: SettingsChange; text: string };

/** What the planner has to know beside the cause. */
export interface RemedyFacts {
  settings: DeploymentSettings;
  /** Addresses of readings, the job's own first, that a retry could read from, and whether there is anything. */
  data: { uri: string; isThere: boolean }[];
  /** The environment that the estate names for scoring, as the deployment would name it, and whether the workspace has it. */
  environment: { id: string; isThere: boolean } | null;
  /** Of remedies that were tried already. */
  tried: readonly string[];
}

/** The next remedy for a cause, one step at a time; a reason where there is none left. */
export function planRemedy(cause: JobFailureCause, facts: RemedyFacts, policy: RecoveryPolicy): Remedy | { kind: 'none'; reason: string } {
  if (facts.tried.length >= policy.maxRetries) return none(`${facts.tried.length} remedies were tried, which is as many as the estate allows`);
  switch (cause) {
    case 'memory':
      return smallerBatches(facts.settings, policy);
    case 'timeout':
      return moreTime(facts.settings, policy);
    case 'modelLoad':
      return otherEnvironment(facts);
    case 'dataNotFound':
      return otherPath(facts);
    case 'unknown':
      return none('the cause is unknown');
  }
}

function smallerBatches({ miniBatchSize }: DeploymentSettings, { miniBatchDivisor, smallestMiniBatch }: RecoveryPolicy): Remedy | { kind: 'none'; reason: string } {
  if (miniBatchSize === null) return none('the deployment names no mini_batch_size');
  if (miniBatchSize <= smallestMiniBatch) return none(`mini_batch_size is ${miniBatchSize}, and the estate allows no smaller one`);
  const to = Math.max(smallestMiniBatch, Math.floor(miniBatchSize / miniBatchDivisor));
  return { kind: 'settings', change: { miniBatchSize: to }, text: `mini_batch_size from ${miniBatchSize} to ${to}` };
}

function moreTime({ timeoutMs }: DeploymentSettings, { timeoutFactor, longestTimeoutMs }: RecoveryPolicy): Remedy | { kind: 'none'; reason: string } {
  if (timeoutMs === null) return none('the deployment names no timeout');
  if (timeoutMs >= longestTimeoutMs) return none(`the timeout is ${timeoutMs / 1000} s, and the estate allows no longer one`);
  const to = Math.min(longestTimeoutMs, Math.round(timeoutMs * timeoutFactor));
  return { kind: 'settings', change: { timeoutMs: to }, text: `timeout from ${timeoutMs / 1000} s to ${to / 1000} s` };
}

function otherEnvironment({ settings: { environmentId }, environment }: RemedyFacts): Remedy | { kind: 'none'; reason: string } {
  if (environment === null) return none('the environment could not be checked');
  if (environmentId?.toLowerCase() === environment.id.toLowerCase()) return none(`the deployment has the environment that the estate names (${assetLabel(environment.id)}): the model itself is suspect`);
  if (!environment.isThere) return none(`the workspace does not have the environment that the estate names (${assetLabel(environment.id)})`);
  return { kind: 'settings', change: { environmentId: environment.id }, text: `environment from ${environmentId === null ? 'none' : assetLabel(environmentId)} to ${assetLabel(environment.id)}` };
}

function otherPath({ data, tried }: RemedyFacts): Remedy | { kind: 'none'; reason: string } {
  const [own] = data;
  const next = data.find(({ uri, isThere }) => isThere && !tried.includes(pathText(uri, own?.uri)));
  if (next) return { kind: 'path', dataUri: next.uri, text: pathText(next.uri, own?.uri) };
  return none(data.some(({ isThere }) => isThere) ? 'the data are there, and a retry did not find them' : `there are no data at ${data.map(({ uri }) => uri).join(', nor at ')}`);
}

function pathText(uri: string, own: string | undefined): string {
  return uri === own ? 'path checked: the data are there now' : `data read from ${uri}`;
}

function none(reason: string): { kind: 'none'; reason: string } {
  return { kind: 'none', reason };
}

/** `sensor-env:1` of an asset's id. */
function assetLabel(id: string): string {
  const [, name, version] = /\/([^/]+)\/versions\/([^/]+)$/.exec(id) ?? [];
  return name === undefined ? id : `${name}:${version}`;
}

/** A retry and what came of it. */
export interface Attempt {
  /** What was changed before it, in words. */
  remedy: string;
  jobName: string;
  status: JobEnd['status'];
  /** Of a retry that failed. */
  cause: JobFailureCause | null;
}

export interface RecoverBatchJobResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  jobName: string;
  cause: JobFailureCause | null;
  evidence: FailureEvidence | null;
  attempts: Attempt[];
  /** The next job that somebody else started, once it had ended. */
  nextJob: { jobName: string; status: JobEnd['status'] } | null;
  /** Whether the deployment is as it was before the run. */
  production: Production;
  /** For whoever has to go on by hand. */
  workItem: { id: number; url: string } | null;
  /** Workflow id of the incident that it opened or joined. */
  incident: string | null;
  /** After a failure or a cancellation. */
  compensations?: CompensationReport[];
}

/** What a person is asked about, at most eight lines of it log. */
export interface HelplessRecovery {
  why: string;
  failure: JobFailure;
  attempts: Attempt[];
  /** How the deployment is left. */
  left: string;
}

/** One line for each fact of a failure that a person should see. */
export function failureFacts({ failure: { cause, evidence, hasLog, tail, logUri }, attempts, left }: HelplessRecovery): string[] {
  return [
    `cause: ${causeText[cause]}${evidence === null ? '' : `, by ${evidence.source}${evidence.number === null ? '' : ` line ${evidence.number}`}: ${evidence.line}`}`,
    ...attempts.map(({ remedy, status, cause: then }) => `${remedy}: the retry ended ${status}${then === null ? '' : ` (${causeText[then]})`}`),
    left,
    ...(hasLog ? tail.slice(-8).map((line) => `log: ${line}`) : ['the log of the job is missing']),
    `whole log: ${logUri}`,
  ];
}
