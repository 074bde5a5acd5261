import type { StepKey } from '../../workflows/domain/keys.ts';
import { ApiVersion, assetId, jobId } from '../azure-resource-manager/resource-ids.ts';
import type { RestClient } from '../http/rest-client.ts';
import { submitCommandJob } from './command-job.ts';
import type { JobRef } from './job-end.ts';

export interface RetryTrainingJobInput extends JobRef {
  key: StepKey;
  /** The job that failed. */
  failedJob: string;
  /** Reference of another environment than that job's; null: the same. */
  environment: string | null;
  /** Signature of the run that retries; a tag. */
  run: string;
}

/** What a job is made of; everything else of a job that is read is the service's own word on it. */
const definitive = ['jobType', 'description', 'displayName', 'experimentName', 'command', 'codeId', 'environmentId', 'computeId', 'environmentVariables', 'distribution', 'resources', 'limits', 'identity', 'inputs', 'outputs'] as const;

type Outputs = Record<string, { uri?: string | null } | null>;

/**
 * Submits a failed job once more, as it was defined but for the environment, under its own name and with outputs of its own.
 *
 * Safe to retry because the name is the key: a job that is there already is compared by its fingerprint and taken, never submitted again.
 *
 * @throws NotFound when there is no such failed job; Conflict (not retried) when a job of the new name has other contents
 */
export async function retryTrainingJob({ arm }: { arm: RestClient }, { workspace, jobName, key, failedJob, environment, run }: RetryTrainingJobInput): Promise<{ jobName: string }> {
  const { body } = await arm.send<{ properties: Record<string, unknown> }>({ method: 'GET', url: jobId(workspace, failedJob), query: { 'api-version': ApiVersion.MachineLearning } });
  const failed = body.properties;
  const properties = {
    ...Object.fromEntries(definitive.flatMap((name) => (failed[name] === undefined || failed[name] === null ? [] : [[name, failed[name]]]))),
    ...(failed['outputs'] !== undefined && failed['outputs'] !== null && { outputs: ownOutputs(failed['outputs'] as Outputs, failedJob, jobName) }),
    ...(environment !== null && { environmentId: assetId(workspace, 'environments', environment) }),
    tags: { ...(failed['tags'] as Record<string, string> | undefined), run, retry_of: failedJob },
  };
  await submitCommandJob(arm, { workspace, jobName, key, properties });
  return { jobName };
}

/** A retry writes nowhere that the failed job wrote: an address that does not carry the job's name is left to the service. */
function ownOutputs(outputs: Outputs, failedJob: string, jobName: string): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => {
    const { uri, ...rest } = output ?? {};
    return [name, output === null || !uri?.includes(failedJob) ? rest : { ...rest, uri: uri.replaceAll(failedJob, jobName) }];
  }));
}
