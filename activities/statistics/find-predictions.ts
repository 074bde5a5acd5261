import type { DegradationEvidence } from '../../workflows/domain/degradation.ts';
import { batchJobs, type ListedJob } from '../azure-ml/batch-invocation.ts';
import type { BatchDeploymentRef } from '../azure-ml/batch-deployment.ts';
import type { AzureMlClients } from '../azure-ml/clients.ts';
import { batchDeploymentId } from '../azure-resource-manager/resource-ids.ts';

export type FindPredictionsInput = BatchDeploymentRef;

/** What the listing says beyond what an invocation needs. */
interface ScoredJob extends ListedJob {
  properties: ListedJob['properties'] & { status?: string | null; outputs?: Record<string, { uri?: string | null } | null> | null };
}

/**
 * Finds the output of the newest completed job of a deployment; null where it has scored nothing, or nothing that names an output. A job that still runs or has failed is passed over.
 *
 * Safe to retry because it only reads.
 */
export async function findPredictions(clients: AzureMlClients, ref: FindPredictionsInput): Promise<{ found: DegradationEvidence['predictions']; jobs: number }> {
  const deployment = batchDeploymentId(ref.workspace, ref.endpoint, ref.deployment).toLowerCase();
  const jobs = (await batchJobs(clients, ref) as ScoredJob[]).filter(({ properties }) => properties.deploymentArmId?.toLowerCase() === deployment);
  const [newest] = jobs.filter(({ properties }) => properties.status === 'Completed' && outputOf(properties) !== null).reverse();
  return { found: newest ? { jobName: newest.name, uri: outputOf(newest.properties)!, scoredAt: newest.systemData?.createdAt ?? null } : null, jobs: jobs.length };
}

function outputOf({ outputs }: ScoredJob['properties']): string | null {
  return Object.values(outputs ?? {}).find((output) => typeof output?.uri === 'string')?.uri ?? null;
}
