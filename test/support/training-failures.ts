/** Training jobs that failed by given causes, with activities that answer at once and note what was done about them. */
import { ApplicationFailure } from '@temporalio/common';
import type { TrainingCause } from '../../workflows/domain/training-failure-cause.ts';
import type { ComputeQuota, FailedTraining, TrainingFailureReport } from '../../workflows/domain/training-failures.ts';
import type { ReleaseActivities } from './release-activities.ts';

/** The workspace of the test policy. */
export const trainedIn = 'dev-ml-workspace';
const environmentId = '/subscriptions/s/workspaces/w/environments/sensor-env/versions/1';
/** A quota without room. */
export const fullQuota: ComputeQuota = { compute: 'cpu-cluster', vmSize: 'STANDARD_DS3_V2', vCpus: 4, maxNodes: 2, name: 'Standard DSv2 Family Cluster Dedicated vCPUs', used: 24, limit: 24, location: 'westeurope' };
const path = 'azureml://datastores/workspaceblobstore/paths/data/late.csv';

/** One for each circuit from C001 on, by their causes; and what was done with them. */
export function failedTrainings(...causes: TrainingCause[]) {
  const seen = { submitted: [] as { jobName: string; failedJob: string; environment: string | null }[], cancelled: [] as string[], workItems: [] as string[], comments: 0, told: [] as string[] };
  const jobs = causes.map((_cause, index): FailedTraining => ({ jobName: `job-${index + 1}`, target: { plant: 'P001', circuit: `C00${index + 1}` }, createdAt: '2026-11-21T10:00:00.000Z', failedAt: `2026-11-21T10:0${index}:00.000Z`, change: { repositoryId: 'b1a7', pullRequestId: 42 }, version: '42-3f2a91c0', later: null }));
  const reports = new Map(causes.map((cause, index) => [`job-${index + 1}`, cause]));
  const activities: Partial<ReleaseActivities> = {
    loadFleet: async () => ({ circuits: jobs.map(({ target }) => ({ target, severity: 'P2', column: 'temp_max', endpoint: 'e', deployment: 'd', terms: {} })), production: null }),
    findFailedTrainings: async () => ({ jobs, complete: true }),
    readTrainingFailure: async ({ jobName }): Promise<TrainingFailureReport> => ({ cause: reports.get(jobName)!, evidence: { source: 'log', line: 'why', number: 7 }, details: { path: null, file: null, line: null, field: 'hyperparameters.dropout', needed: null }, tail: ['why'], logUri: 'https://example.com/log', inputs: [path], environmentId, computeId: '/computes/cpu-cluster' }),
    checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: false })) }),
    readComputeQuota: async () => fullQuota,
    planEnvironmentRebuild: async ({ key }) => ({ kind: 'planned', from: 'azureml:sensor-env:1', environment: { name: 'sensor-env', version: `1-rebuilt-${key.key.slice(0, 8)}`, image: 'node:24', conda: null, description: '', tags: {} } }),
    retryTrainingJob: async ({ jobName, failedJob, environment }) => { seen.submitted.push({ jobName, failedJob, environment }); return { jobName }; },
    cancelJob: async ({ jobName }) => { seen.cancelled.push(jobName); return { status: 'CancelRequested' }; },
    createWorkItem: async ({ title }) => { seen.workItems.push(title); return { id: seen.workItems.length, url: 'https://example.com/wi', uncertain: false }; },
    commentOnPullRequest: async () => { seen.comments += 1; return { threadId: 1, uncertain: false }; },
    tellFailureCount: async ({ ended }) => { seen.told = ended?.jobs ?? []; return { told: 0 }; },
    readChange: async () => { throw ApplicationFailure.nonRetryable('not needed here', 'InvalidRequest'); },
  };
  // What a retry's release would be is another file's matter.
  for (const job of jobs) job.change = reports.get(job.jobName) === 'config' ? job.change : null;
  return { seen, jobs, activities };
}
