/** Training jobs of a workspace that failed, and what their logs tell. */
import pMap from 'p-map';
import type { JobBase } from '@azure/arm-machinelearning';
import { logTail } from '../../workflows/domain/job-failure.ts';
import { modelName, targetLabel } from '../../workflows/domain/ids.ts';
import { classifyTrainingFailure } from '../../workflows/domain/training-failure-cause.ts';
import { changeOfRun, type FailedTraining, type TrainingFailureReport } from '../../workflows/domain/training-failures.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, jobId } from '../azure-resource-manager/resource-ids.ts';
import type { AzureMlClients } from './clients.ts';
import { endedJobStatuses, type JobRef } from './job-end.ts';
import { readJobLog } from './job-log.ts';
import { runDetails, runError } from './run-history.ts';

export interface FindFailedTrainingsInput {
  workspace: WorkspaceRef;
  /** ISO instant: jobs that failed from then on. */
  since: string;
  /** Longest time that a training may take, in milliseconds: a job that failed lately may have been submitted so long before. */
  longestMs: number;
  /** Jobs that are wanted whenever they failed. */
  named: string[];
  /** Circuits whose trainings are meant; other jobs of the workspace are nobody's concern here. */
  targets: Target[];
}

/** Jobs that one look reads at most: the service lists them without a filter by time or status. */
const mostListed = 5_000;
/** Failed jobs that are told, the newest: their logs are read one by one. */
const mostFailed = 200;
const parallelReads = 8;

type Clients = Pick<AzureMlClients, 'arm' | 'blob'>;

interface TrainingJob {
  jobName: string;
  target: Target;
  status: string;
  createdAt: number;
  tags: Record<string, string | null>;
}

/**
 * The training jobs that failed since then, newest last. A job is a circuit's training if its tags `plant` and `circuit` say so, or its experiment's name.
 *
 * Safe to retry because it only reads.
 */
export async function findFailedTrainings({ arm }: Clients, { workspace, since, longestMs, named, targets }: FindFailedTrainingsInput): Promise<{ jobs: FailedTraining[]; complete: boolean }> {
  const wanted = new Set(named);
  const { jobs, complete } = await trainingJobs({ arm }, workspace, targets);
  const from = Date.parse(since);
  const failed = jobs.filter(({ jobName, status, createdAt }) => isFailed(status) && (wanted.has(jobName) || createdAt > from - longestMs)).sort((one, other) => one.createdAt - other.createdAt);
  const told = await pMap(failed, async (job): Promise<FailedTraining> => {
    const { endTimeUtc } = await runDetails(arm, workspace, job.jobName);
    const { jobName, target, tags, createdAt } = job;
    const failedAt = Number.isFinite(Date.parse(endTimeUtc ?? '')) ? Date.parse(endTimeUtc!) : createdAt;
    const later = jobs.filter((other) => targetLabel(other.target) === targetLabel(target) && other.createdAt > createdAt && !isFailed(other.status) && other.status !== 'Canceled').at(-1);
    return { jobName, target, createdAt: iso(createdAt), failedAt: iso(failedAt), change: changeOfRun(tags['run'] ?? undefined), version: tags['model_version'] ?? null, later: later ? { jobName: later.jobName, status: later.status } : null };
  }, { concurrency: parallelReads });
  const recent = told.filter(({ jobName, failedAt }) => wanted.has(jobName) || Date.parse(failedAt) >= from);
  return { jobs: recent.slice(-mostFailed), complete: complete && recent.length <= mostFailed };
}

async function trainingJobs({ arm }: Pick<Clients, 'arm'>, { subscriptionId, resourceGroup, workspace }: WorkspaceRef, targets: readonly Target[]): Promise<{ jobs: TrainingJob[]; complete: boolean }> {
  const known = new Map(targets.flatMap((target) => [[targetLabel(target), target], [`train-${modelName(target)}`, target]] as const));
  return await arm.typed(subscriptionId, async (client) => {
    const jobs: TrainingJob[] = [];
    let listed = 0;
    for await (const { name, properties, systemData } of client.jobs.list(resourceGroup, workspace, { listViewType: 'ActiveOnly' })) {
      listed += 1;
      const target = targetOf(properties, known);
      if (name !== undefined && target !== undefined) jobs.push({ jobName: name, target, status: properties.status ?? 'Unknown', createdAt: systemData?.createdAt?.getTime() ?? 0, tags: properties.tags ?? {} });
      if (listed >= mostListed) return { jobs, complete: false };
    }
    return { jobs, complete: true };
  });
}

function targetOf({ tags, experimentName }: JobBase['properties'], known: ReadonlyMap<string, Target>): Target | undefined {
  const { plant, circuit } = tags ?? {};
  return plant && circuit ? known.get(`${plant}/${circuit}`) : known.get(experimentName ?? '');
}

function isFailed(status: string): boolean {
  return endedJobStatuses.includes(status) && status !== 'Completed' && status !== 'Canceled';
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

interface JobBody {
  properties: { environmentId?: string | null; computeId?: string | null; inputs?: Record<string, { uri?: string | null } | null> | null };
}

/**
 * Judges a failed training by its own log, and where there is none by what the run history says; with what its definition names, so that it can be checked.
 *
 * Safe to retry because it only reads.
 */
export async function readTrainingFailure({ arm, blob }: Clients, job: JobRef): Promise<TrainingFailureReport> {
  const [{ details, log, logUri }, { body: { properties } }] = await Promise.all([
    readJobLog({ arm, blob }, job),
    arm.send<JobBody>({ method: 'GET', url: jobId(job.workspace, job.jobName), query: { 'api-version': ApiVersion.MachineLearning } }),
  ]);
  const error = runError(details);
  const tail = logTail(log ?? '', 8);
  return {
    ...classifyTrainingFailure(log, error),
    tail: tail.length > 0 ? tail : logTail(error ?? ''), // a job that never started has written nothing
    logUri,
    inputs: Object.values(properties.inputs ?? {}).flatMap((input) => (input?.uri ? [input.uri] : [])),
    environmentId: properties.environmentId ?? null,
    computeId: properties.computeId ?? null,
  };
}
