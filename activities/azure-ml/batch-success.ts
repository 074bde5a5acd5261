/** How many batch jobs of many deployments failed since an instant, and in the week before it. */
import pMap from 'p-map';
import type { BatchSuccess } from '../../workflows/domain/environment.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { batchDeploymentId } from '../azure-resource-manager/resource-ids.ts';
import { batchJobs } from './batch-invocation.ts';
import type { AzureMlClients } from './clients.ts';

export interface ReadBatchSuccessInput {
  workspace: WorkspaceRef;
  places: { endpoint: string; deployment: string }[];
  /** ISO 8601: jobs that were created from then on are `after`, those of the week before are `before`. */
  since: string;
}

const weekMs = 7 * 24 * 3_600_000;

/** Counts the jobs of these deployments that completed or failed; one that somebody cancelled says nothing. Safe to retry because it only reads. */
export async function readBatchSuccess(clients: AzureMlClients, { workspace, places, since }: ReadBatchSuccessInput): Promise<BatchSuccess> {
  const wanted = new Set(places.map(({ endpoint, deployment }) => batchDeploymentId(workspace, endpoint, deployment).toLowerCase()));
  const endpoints = [...new Set(places.map(({ endpoint }) => endpoint))];
  const jobs = (await pMap(endpoints, (endpoint) => batchJobs(clients, { workspace, endpoint }), { concurrency: 4 })).flat().filter(({ properties }) => wanted.has(properties.deploymentArmId?.toLowerCase() ?? ''));
  const from = Date.parse(since);
  const between = (first: number, end: number) => {
    const ended = jobs.filter(({ systemData, properties: { status = '' } }) => {
      const created = Date.parse(systemData?.createdAt ?? '');
      return created >= first && created < end && /^(completed|failed)$/i.test(status);
    });
    return { ended: ended.length, failed: ended.filter(({ properties }) => /^failed$/i.test(properties.status ?? '')).length };
  };
  return { before: between(from - weekMs, from), after: between(from, Infinity) };
}
