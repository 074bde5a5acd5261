/** The last jobs of a deployment, with the end of the newest one's log: what somebody reads who asks why a model behaves badly. */
import type { BatchJobLog } from '../../workflows/domain/rollback.ts';
import { batchDeploymentId, jobId } from '../azure-resource-manager/resource-ids.ts';
import type { BatchDeploymentRef } from './batch-deployment.ts';
import { batchJobs } from './batch-invocation.ts';
import type { AzureMlClients } from './clients.ts';
import { errorLines } from './inference-check.ts';
import { runDetails, runError, userLogUrl, withoutSignature } from './run-history.ts';

export interface ReadBatchJobLogInput extends BatchDeploymentRef {
  /** Most lines of the log's end. */
  lines: number;
}

const longestBytes = 16 * 1024 * 1024;
const longestLine = 200;

/**
 * Finds the newest job of the deployment and reads the end of its log; the log itself stays where it is. Null where the deployment has scored nothing yet.
 *
 * Safe to retry because it only reads.
 */
export async function readBatchJobLog(clients: AzureMlClients, { lines, ...ref }: ReadBatchJobLogInput): Promise<BatchJobLog | null> {
  const { arm, blob } = clients;
  const deployment = batchDeploymentId(ref.workspace, ref.endpoint, ref.deployment).toLowerCase();
  const jobs = (await batchJobs(clients, ref)).filter(({ properties }) => properties.deploymentArmId?.toLowerCase() === deployment);
  const newest = jobs.at(-1);
  if (!newest) return null;
  const details = await runDetails(arm, ref.workspace, newest.name);
  const logUrl = userLogUrl(details);
  const log = logUrl === null ? null : await blob.readSigned(logUrl, longestBytes);
  const written = (log ?? '').split('\n').filter((line) => line.trim() !== '');
  return {
    jobName: newest.name,
    status: details.status,
    error: runError(details),
    startedAt: newest.systemData?.createdAt ?? null,
    jobs: jobs.length,
    logUri: logUrl === null ? jobId(ref.workspace, newest.name) : withoutSignature(logUrl),
    tail: written.slice(-lines).map((line) => line.slice(0, longestLine)),
    errors: log === null ? [] : errorLines(log),
  };
}
