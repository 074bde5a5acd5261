/** Resolving training failures: what is known of each failed job, what was done about it, and what the run answers. All plain JSON and small. */
import type { RefusedFile } from './circuit-config.ts';
import type { CompensationReport } from './compensation.ts';
import { csvText } from './csv-text.ts';
import type { RefusedSubmission, TrainingFailure } from './failure-count.ts';
import type { FanOutReport, ItemEnding } from './fan-out.ts';
import { targetLabel } from './ids.ts';
import type { StepKey } from './keys.ts';
import type { FailureEvidence } from './job-failure.ts';
import { classifyTrainingFailure, trainingCauses, trainingCauseText, type CauseDetails, type TrainingCause } from './training-failure-cause.ts';
import type { Outcome, Target } from './vocabulary.ts';

export interface ResolveTrainingFailuresInput {
  /** Name of the workspace in which is trained. */
  workspace: string;
  /** Jobs that were counted; looked at whenever they failed. Others are those that failed within the estate's window. */
  jobs?: string[];
  /** Of the counted ones, those whose submission the platform refused: there is no job of theirs to look at. */
  refused?: (TrainingFailure & { refused: RefusedSubmission })[];
  /** Who ran `holdpoint start`; may not approve what the run asks for. */
  startedBy?: string;
}

export interface FindTrainingFailuresInput {
  /** What made somebody look: an alert's name. */
  alert?: string;
}

/** A pull request whose configuration a job trained. */
export interface ChangeRef {
  repositoryId: string;
  pullRequestId: number;
}

/** A training job that failed. */
export interface FailedTraining {
  jobName: string;
  target: Target;
  /** ISO instants, by the service's clock. */
  createdAt: string;
  failedAt: string;
  /** Null for a job that Holdpoint did not make. */
  change: ChangeRef | null;
  version: string | null;
  /** A newer job of the same circuit that has not failed: somebody has trained it again. */
  later: { jobName: string; status: string } | null;
}

/** What a failed job's log and definition tell. */
export interface TrainingFailureReport {
  cause: TrainingCause;
  evidence: FailureEvidence | null;
  details: CauseDetails;
  /** The log's last lines, secrets removed. */
  tail: string[];
  /** Where the whole log is; never its contents. */
  logUri: string;
  /** Addresses of the job's data. */
  inputs: string[];
  /** ARM ids; null where the job names none. */
  environmentId: string | null;
  computeId: string | null;
}

/** What is to become of a failed job: `ready` to be retried, `ask` a person first, or `left`. */
export type NextOfCase = 'ready' | 'ask' | 'left';

/** One failed job, from its log to its retry. */
export interface FailureCase {
  training: FailedTraining;
  report: TrainingFailureReport;
  next: NextOfCase;
  /** The platform itself shows that it is not repaired: data that are not there, a quota without room. */
  isWanting: boolean;
  /** What was done about it, or why nothing was, in a sentence. */
  fix: string;
  /** Of a retry in another environment than the job's: its reference. */
  environment: string | null;
  retry: ItemEnding | null;
  /** Set where the platform refused the submission: there is no job. */
  isRefused?: true;
}

/** A row of the table that the run tells. */
export interface FailureRow {
  circuit: string;
  jobName: string;
  cause: TrainingCause;
  /** The line of the log that tells the cause. */
  line: string | null;
  fix: string;
  /** `left` where it was not retried. */
  retry: ItemEnding['state'] | 'left';
  detail: string;
}

export interface FiledItem {
  /** What it asks for. */
  what: string;
  id: number;
  url: string;
}

/** Room of a compute's virtual machines, as the platform tells it; the tightest figure that applies. */
export interface ComputeQuota {
  compute: string;
  vmSize: string;
  vCpus: number;
  /** Most nodes that the cluster may have. */
  maxNodes: number;
  /** As the platform names what is limited. */
  name: string;
  used: number;
  limit: number;
  location: string;
}

export interface ResolveTrainingFailuresResult {
  outcome: Outcome;
  reason: string;
  workspace: string;
  failures: number;
  /** Failed jobs by cause. */
  causes: Partial<Record<TrainingCause, number>>;
  retried: Omit<FanOutReport, 'items' | 'tolerated' | 'stopped'> | null;
  /** At most 50 rows; the table has all. */
  rows: FailureRow[];
  table: { uri: string; sha256: string } | null;
  quota: ComputeQuota[];
  /** Environments that were rebuilt, by reference. */
  rebuilt: { from: string; to: string }[];
  workItems: FiledItem[];
  compensations?: CompensationReport[];
}

/** What an item of the retry gets. */
export interface RetryTrainingInput {
  target: Target;
  failedJob: string;
  jobName: string;
  /** Of the retry and of the registration of what it trains, by the run that retries. */
  keys: { retry: StepKey; register: StepKey };
  environment: string | null;
  change: ChangeRef | null;
  version: string | null;
  /** How the run that retries signs what it makes. */
  signature: string;
  startedBy?: string;
}

export const mostRows = 50;

/** The pull request in the signature of the run that submitted a job: `releaseChange:<repository>:<number>/<run id>`. */
export function changeOfRun(signature: string | undefined): ChangeRef | null {
  const [, repository, number] = /^releaseChange:([^:/]+):(\d+)\//.exec(signature ?? '') ?? [];
  return repository === undefined ? null : { repositoryId: decodeURIComponent(repository), pullRequestId: Number(number) };
}

/** A submission that the platform refused, as a case: its words are all the log that there is, and nothing is there that could be retried. */
export function refusedCase({ jobName, target, failedAt, refused: { reason, compute, run, version } }: TrainingFailure & { refused: RefusedSubmission }): FailureCase {
  return {
    training: { jobName, target, createdAt: failedAt, failedAt, change: changeOfRun(run), version, later: null },
    report: { ...classifyTrainingFailure(null, reason), tail: [reason], logUri: '', inputs: [], environmentId: null, computeId: compute },
    next: 'left', isWanting: false, fix: 'a newer job of the circuit failed too, and stands for it', environment: null, retry: null, isRefused: true,
  };
}

/** What is left to do about a refused submission: there is no job whose definition could be submitted again. */
export function leaveRefused(each: FailureCase): void {
  const { change } = each.training;
  const again = change === null ? 'start its change again' : `start the change of pull request ${change.pullRequestId} again (\`holdpoint start releaseChange … --again\`)`;
  [each.next, each.fix] = ['left', `its submission was refused, so there is no job to retry: ${again} once it is repaired; ${each.fix}`];
}

/** The newest failed job of each circuit: only that one is retried. */
export function newestOfEach(cases: readonly FailureCase[]): FailureCase[] {
  const newest = new Map<string, FailureCase>();
  for (const each of cases) {
    const label = targetLabel(each.training.target);
    const other = newest.get(label);
    if (other === undefined || Date.parse(other.training.createdAt) < Date.parse(each.training.createdAt)) newest.set(label, each);
  }
  return [...newest.values()];
}

/** Failed jobs by cause, in the document's order; what nobody can tell comes last. */
export function byCause(cases: readonly FailureCase[]): { cause: TrainingCause; cases: FailureCase[] }[] {
  return [...trainingCauses, 'unknown' as const].map((cause) => ({ cause, cases: cases.filter(({ report }) => report.cause === cause) })).filter(({ cases: found }) => found.length > 0);
}

/** `P001/C001, P001/C002 and 4 more` */
export function labelsOf(cases: readonly FailureCase[], most = 8): string {
  const labels = [...new Set(cases.map(({ training }) => targetLabel(training.target)))];
  return labels.length > most ? `${labels.slice(0, most).join(', ')} and ${labels.length - most} more` : labels.join(', ');
}

/** How a case stands in the table. */
export function rowOf({ training, report, fix, retry }: FailureCase): FailureRow {
  const { jobName, target } = training;
  return { circuit: targetLabel(target), jobName, cause: report.cause, line: report.evidence?.line ?? null, fix, retry: retry?.state ?? 'left', detail: retry?.detail ?? '' };
}

/** In one sentence: how many failed, why, and how their retries ended. */
export function summaryOf(cases: readonly FailureCase[]): string {
  const causes = byCause(cases).map(({ cause, cases: of }) => `${of.length} ${trainingCauseText[cause]}`);
  const retries = cases.flatMap(({ retry }) => (retry === null ? [] : [retry.state]));
  const passed = retries.filter((state) => state === 'passed').length;
  const told = retries.length === 0 ? 'none was retried' : `${passed} of ${retries.length} retries completed`;
  return `${cases.length} training jobs had failed (${causes.join(', ')}); ${told}`;
}

/** The quota that is lacking: what the platform said, or one node for each job that wants one. */
export function limitWanted({ used, limit, vCpus, maxNodes }: ComputeQuota, jobs: number, needed: number | null): number {
  return Math.max(limit + (needed ?? 0), used + vCpus * Math.max(1, Math.min(jobs, maxNodes)));
}

/** Whether one more node has room. */
export function hasRoom({ used, limit, vCpus }: ComputeQuota): boolean {
  return limit - used >= vCpus;
}

/** What a job's log complains of, as a file that its author is told about. */
export function complaintOf({ report }: FailureCase, found: RefusedFile): RefusedFile {
  const { evidence, details } = report;
  return { path: found.path, line: details.line ?? found.line, reason: [evidence?.line ?? found.reason, ...(details.field === null ? [] : [`(${details.field})`])].join(' ') };
}

const head = ['circuit', 'failed job', 'cause', 'line of the log', 'what was done', 'retry', 'result'];

function cells({ circuit, jobName, cause, line, fix, retry, detail }: FailureRow): string[] {
  return [circuit, jobName, trainingCauseText[cause], line ?? '', fix, retry, detail];
}

/** The table as a file: one row for each failed job. */
export function failuresTable(rows: readonly FailureRow[]): string {
  return csvText([head, ...rows.map(cells)]);
}

/** The same for a work item, as far as one shows it. */
export function failuresHtml(rows: readonly FailureRow[], escape: (text: string) => string): string {
  const row = (tag: string, texts: readonly string[]): string => `<tr>${texts.map((text) => `<${tag}>${escape(text)}</${tag}>`).join('')}</tr>`;
  return `<table>${row('th', head)}${rows.slice(0, mostRows).map((each) => row('td', cells(each))).join('')}</table>`;
}
