/** A batch endpoint's jobs as somebody sees them who has to find out why one failed, and whether the next one does. */
import type { BatchJob, EndedBatchJob } from '../../workflows/domain/batch-recovery.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { classifyJobFailure, logTail, type JobFailure } from '../../workflows/domain/job-failure.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { batchJobs, keyProperty, type ListedJob } from './batch-invocation.ts';
import type { AzureMlClients } from './clients.ts';
import { endedJobStatuses, jobEndOf, type JobRef } from './job-end.ts';
import { readJobLog } from './job-log.ts';
import { runError } from './run-history.ts';
import { notYet } from '../not-yet.ts';

type Clients = Pick<AzureMlClients, 'arm' | 'scoring'>;
type Places = Record<string, { uri?: string | null } | null> | null;

/** What else the listing tells of a job. */
interface ToldJob extends ListedJob {
  properties: ListedJob['properties'] & { status?: string | null; experimentName?: string | null; deploymentArmId?: string | null; inputs?: Places; outputs?: Places };
}

export interface ReadBatchJobInput {
  workspace: WorkspaceRef;
  endpoint: string;
  jobName: string;
}

export interface FindLaterJobsInput {
  workspace: WorkspaceRef;
  endpoint: string;
  deployment: string;
  /** ISO instant by the service's clock, such as another job's `createdAt`: only jobs that were created after it. */
  after: string;
  /** Keys of the caller's own invocations, which are left out. */
  ownKeys: string[];
}

export interface FindFailedJobInput {
  workspace: WorkspaceRef;
  endpoint: string;
  deployment: string;
  /** ISO instant, such as an alert's: only jobs that were created by then. */
  before: string;
  /** Milliseconds between two looks. */
  intervalMs: number;
}

export interface AwaitNextJobInput extends FindLaterJobsInput {
  /** Milliseconds between two looks. */
  intervalMs: number;
}

const failedStatuses: readonly string[] = ['Failed', 'NotResponding'];
/** Later jobs that are told; the oldest of them. */
const mostLater = 20;

/** A job of an endpoint; null where it has none of this name. Safe to retry because it only reads. */
export async function readBatchJob(clients: Clients, { workspace, endpoint, jobName }: ReadBatchJobInput): Promise<BatchJob | null> {
  const found = (await batchJobs(clients, { workspace, endpoint })).find(({ name }) => name === jobName);
  return found === undefined ? null : batchJobOf(found);
}

/**
 * Judges a failed job by its own log, and where there is none by what the run history says. Answers the line that the judgement rests on, and the log's last lines, without secrets.
 *
 * Safe to retry because it only reads.
 */
export async function readJobFailure(clients: Pick<AzureMlClients, 'arm' | 'blob'>, job: JobRef): Promise<JobFailure> {
  const { details, log, logUri } = await readJobLog(clients, job);
  return { ...classifyJobFailure(log, runError(details)), tail: logTail(log ?? ''), hasLog: log !== null, logUri };
}

/** Jobs that somebody else started on the deployment since then, oldest first, at most 20. Safe to retry because it only reads. */
export async function findLaterJobs(clients: Clients, input: FindLaterJobsInput): Promise<{ jobs: BatchJob[] }> {
  return { jobs: (await laterJobs(clients, input)).slice(0, mostLater) };
}

/**
 * Looks once per attempt for the next job that somebody else started on the deployment and that has ended; until there is one it fails benignly, so that a day of waiting costs neither
 * history nor a worker slot. A cancelled job tells nothing, and is passed over.
 *
 * Safe to retry because it only reads. A job that failed is an answer, not an error.
 *
 * @throws StillWatching
 */
export async function awaitNextJob(clients: Clients, { intervalMs, ...query }: AwaitNextJobInput): Promise<EndedBatchJob> {
  const later = await laterJobs(clients, query);
  const ended = later.find(({ status }) => status !== 'Canceled' && endedJobStatuses.includes(status));
  if (ended) return { ...ended, end: await jobEndOf(clients.arm, { workspace: query.workspace, jobName: ended.jobName }, ended.status) };
  throw notYet(FailureType.StillWatching, `${query.endpoint}/${query.deployment}: ${later.length === 0 ? 'no job yet' : `${later[0]!.jobName} is ${later[0]!.status}`}`, intervalMs);
}

/**
 * Looks once per attempt for the newest failed job of the deployment: an alert may be told before the service lists the job as failed.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching
 */
export async function findFailedJob(clients: Clients, { workspace, endpoint, deployment, before, intervalMs }: FindFailedJobInput): Promise<{ jobName: string }> {
  const jobs = (await batchJobs(clients, { workspace, endpoint })).map(batchJobOf);
  const failed = jobs.filter((job) => job.deployment === deployment && failedStatuses.includes(job.status) && Date.parse(job.createdAt) <= Date.parse(before)).at(-1);
  if (failed) return { jobName: failed.jobName };
  throw notYet(FailureType.StillWatching, `${endpoint}/${deployment}: no job that was created by ${before} has failed`, intervalMs);
}

async function laterJobs(clients: Clients, { workspace, endpoint, deployment, after, ownKeys }: FindLaterJobsInput): Promise<BatchJob[]> {
  const jobs = (await batchJobs(clients, { workspace, endpoint })).map(batchJobOf);
  return jobs.filter(({ createdAt, deployment: its, key }) => Date.parse(createdAt) > Date.parse(after) && its === deployment && (key === null || !ownKeys.includes(key)));
}

function batchJobOf({ name, properties, systemData }: ToldJob): BatchJob {
  const uriOf = (places: Places | undefined): string | null => Object.values(places ?? {})[0]?.uri ?? null;
  return {
    jobName: name,
    status: properties.status ?? 'Unknown',
    deployment: properties.deploymentArmId?.split('/').at(-1) ?? null,
    dataUri: uriOf(properties.inputs),
    outputUri: uriOf(properties.outputs),
    experimentName: properties.experimentName ?? null,
    createdAt: systemData?.createdAt ?? '',
    key: properties.properties?.[keyProperty] ?? null,
  };
}
