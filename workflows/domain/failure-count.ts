/** Training jobs that failed in one workspace: who counts as one, when there are too many of them, and what a run has dealt with. Pure transitions; the workflow `countTrainingFailures` keeps them. */
import { idPart, targetLabel } from './ids.ts';
import type { Target } from './vocabulary.ts';

/** A training job that failed, as whoever saw it tells it. */
export interface TrainingFailure {
  jobName: string;
  target: Target;
  /** ISO instant. */
  failedAt: string;
  /** Set where the platform refused its submission: there is no job to look at. */
  refused?: RefusedSubmission;
}

/** A training that was submitted and not taken. */
export interface RefusedSubmission {
  /** The platform's words. */
  reason: string;
  /** ARM id or short form; null where it is not known. */
  compute: string | null;
  /** Signature of the run that submitted it. */
  run: string;
  version: string | null;
}

/** How many failures are too many. */
export interface FailureRules {
  /** One more than this starts a run. */
  moreThan: number;
  withinMs: number;
}

/** AZ10 of the runbooks; the estate may differ. */
export const defaultFailureRules: FailureRules = { moreThan: 5, withinMs: 24 * 3_600_000 };

/** A run that was started for these jobs. */
export interface FailureRun {
  workflowId: string;
  /** First run id. */
  runId: string;
  startedAt: string;
  jobs: string[];
}

export interface FailureCount {
  /** Name of the workspace. */
  workspace: string;
  /** Those that no run has dealt with, oldest first. */
  counted: TrainingFailure[];
  /** Jobs that a run has dealt with: told again, they count no more. */
  settled: { jobName: string; at: string }[];
  /** The run that is under way; null while there is none. */
  run: FailureRun | null;
}

/** Most failures and settled jobs that are kept; the newest. The state travels through history. */
const mostKept = 500;

export function emptyCount(workspace: string): FailureCount {
  return { workspace, counted: [], settled: [], run: null };
}

/** Takes failures into account: a job once, however often it is told; one that a run has dealt with, or that is two windows old, not at all. */
export function countFailures(count: FailureCount, failures: readonly TrainingFailure[], { withinMs }: FailureRules, at: string): FailureCount {
  const oldest = Date.parse(at) - 2 * withinMs;
  const known = new Set([...count.counted, ...count.settled].map(({ jobName }) => jobName));
  const fresh = new Map<string, TrainingFailure>();
  for (const failure of failures) {
    // A clock that goes ahead of ours must not keep a failure in the window for longer.
    const failedAt = failure.failedAt > at ? at : failure.failedAt;
    if (!known.has(failure.jobName) && !fresh.has(failure.jobName)) fresh.set(failure.jobName, { ...failure, failedAt });
  }
  const counted = [...count.counted, ...fresh.values()].filter(({ failedAt }) => Date.parse(failedAt) > oldest).sort((one, other) => Date.parse(one.failedAt) - Date.parse(other.failedAt)).slice(-mostKept);
  return { ...count, counted, settled: count.settled.filter((each) => Date.parse(each.at) > oldest) };
}

/** The failures of a window that holds too many, by the times at which they failed: it does not matter how late they were told. Null: there is none. */
export function tooMany({ counted }: Pick<FailureCount, 'counted'>, { moreThan, withinMs }: FailureRules): TrainingFailure[] | null {
  for (const { failedAt } of counted.toReversed()) {
    const end = Date.parse(failedAt);
    const window = counted.filter((other) => Date.parse(other.failedAt) > end - withinMs && Date.parse(other.failedAt) <= end);
    if (window.length > moreThan) return window;
  }
  return null;
}

/** A run deals with these jobs: they count no more, whatever comes of it. */
export function settleJobs(count: FailureCount, jobs: readonly string[], at: string): FailureCount {
  const already = new Set(count.settled.map(({ jobName }) => jobName));
  const settled = [...count.settled, ...jobs.filter((jobName) => !already.has(jobName)).map((jobName) => ({ jobName, at }))].slice(-mostKept);
  const gone = new Set(jobs);
  return { ...count, settled, counted: count.counted.filter(({ jobName }) => !gone.has(jobName)) };
}

export function runStarted(count: FailureCount, run: FailureRun): FailureCount {
  return { ...settleJobs(count, run.jobs, run.startedAt), run };
}

/** What a run says at its end: the jobs that it has dealt with, its own retries included. Another run than the one that is under way leaves that one there. */
export function runEnded(count: FailureCount, { workflowId, runId, jobs }: { workflowId: string; runId: string; jobs: readonly string[] }, at: string): FailureCount {
  const { run } = count;
  return { ...settleJobs(count, jobs, at), run: run !== null && run.workflowId === workflowId && run.runId === runId ? null : run };
}

/** One look at a time, whatever made somebody look. */
export const findTrainingFailuresId = 'findTrainingFailures:all';

/** One counter for each workspace. */
export function failureCountId(workspace: string): string {
  return ['countTrainingFailures', idPart(workspace)].join(':');
}

/** One resolution at a time for each workspace: Temporal itself takes no second one. */
export function resolveTrainingFailuresId(workspace: string): string {
  return ['resolveTrainingFailures', idPart(workspace)].join(':');
}

/** The counter as Temporal Web UI shows it. */
export function countCard({ workspace, counted, run }: FailureCount, { moreThan, withinMs }: FailureRules): string {
  const hours = Math.round(withinMs / 360_000) / 10;
  const lines = counted.slice(-20).map(({ jobName, target, failedAt }) => `- ${failedAt} ${targetLabel(target)}: ${jobName}`);
  return [
    `### Training failures in ${workspace}`,
    `**${counted.length}** that no run has dealt with. More than ${moreThan} within ${hours} h start one.`,
    run === null ? 'No run is under way.' : `**Under way:** ${run.workflowId}, since ${run.startedAt}`,
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ].join('\n\n');
}

/** Reads what a signal tells: anybody can send one, and what is no failure is not counted. */
export function readFailures(value: unknown): TrainingFailure[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.slice(0, mostKept).flatMap((each) => {
    const { jobName, target, failedAt, refused } = (typeof each === 'object' && each !== null ? each : {}) as { jobName?: unknown; target?: { plant?: unknown; circuit?: unknown } | null; failedAt?: unknown; refused?: unknown };
    const refusal = readRefused(refused);
    const { plant, circuit } = target ?? {};
    if (typeof jobName !== 'string' || jobName === '' || jobName.length > 255 || typeof plant !== 'string' || typeof circuit !== 'string' || typeof failedAt !== 'string' || !Number.isFinite(Date.parse(failedAt))) return [];
    return [{ jobName, target: { plant: plant.slice(0, 32), circuit: circuit.slice(0, 32) }, failedAt: new Date(failedAt).toISOString(), ...(refusal && { refused: refusal }) }];
  });
}

/** Null where it is nothing that can be meant. */
function readRefused(value: unknown): RefusedSubmission | null {
  const { reason, compute, run, version } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof RefusedSubmission, unknown>>;
  if (typeof reason !== 'string' || reason === '') return null;
  const text = (other: unknown): string | null => (typeof other === 'string' && other !== '' ? other.slice(0, 500) : null);
  return { reason: reason.slice(0, 500), compute: text(compute), run: text(run) ?? '', version: text(version) };
}

/** Reads what a run says at its end; null where it is nothing that can be meant. */
export function readEndedRun(value: unknown): { workflowId: string; runId: string; jobs: string[] } | null {
  const { workflowId, runId, jobs } = (typeof value === 'object' && value !== null ? value : {}) as { workflowId?: unknown; runId?: unknown; jobs?: unknown };
  if (typeof workflowId !== 'string' || typeof runId !== 'string' || !Array.isArray(jobs)) return null;
  return { workflowId, runId, jobs: jobs.filter((job): job is string => typeof job === 'string').slice(0, mostKept) };
}
