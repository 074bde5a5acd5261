/** What the platforms hold now, read through the product's real clients: what a release has really left behind. */
import { readBatchDeployment } from '../../activities/azure-ml/batch-deployment.ts';
import { workspaceServices } from '../../activities/azure-resource-manager/workspace-services.ts';
import { ApiVersion } from '../../activities/azure-resource-manager/resource-ids.ts';
import { RESOURCE_GROUP, REPOSITORY_ID, SUBSCRIPTION_ID } from '../../sandbox/core/tenancy.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { Stack } from './stack.ts';

type Clients = Pick<Stack, 'azureMl' | 'azureDevOps'>;

const workspaceRef = (name: string): WorkspaceRef => ({ subscriptionId: SUBSCRIPTION_ID, resourceGroup: RESOURCE_GROUP, workspace: `${name}-ml-workspace` });

/** The circuit's own deployment in a workspace. */
export async function deploymentOf({ azureMl }: Clients, { plant, circuit }: Target, workspace: 'test' | 'prod' = 'prod'): Promise<DeploymentSnapshot> {
  return await readBatchDeployment({ arm: azureMl.arm }, { workspace: workspaceRef(workspace), endpoint: `batch-endpoint-plant-${plant}`, deployment: `deployment-circuit-${circuit}` });
}

export interface JobSeen {
  name: string;
  status: string;
  /** Of an invocation: the key of the step that made it. */
  key: string | undefined;
}

/** Jobs of a plant's endpoint in a workspace, oldest first. */
export async function inferenceJobs({ azureMl: { arm, scoring } }: Clients, plant: string, workspace: 'test' | 'prod' = 'test'): Promise<JobSeen[]> {
  const { managementUrl } = await workspaceServices(arm, workspaceRef(workspace));
  type Page = { value: { name: string; properties: { status: string; properties?: Record<string, string> } }[] };
  const { body } = await scoring.send<Page>({ method: 'GET', url: `${managementUrl}/batchEndpoints/batch-endpoint-plant-${plant}/jobs?api-version=${ApiVersion.BatchScoringJobs}` });
  return body.value.map(({ name, properties }) => ({ name, status: properties.status, key: properties.properties?.['holdpoint_key'] }));
}

/** Training jobs of a circuit in the dev workspace, without the seed's. */
export async function trainingJobs({ azureMl: { arm } }: Clients, { plant, circuit }: Target): Promise<{ name: string; status: string; version: string | undefined }[]> {
  const found: { name: string; status: string; version: string | undefined }[] = [];
  await arm.typed(SUBSCRIPTION_ID, async (client) => {
    for await (const { name, properties } of client.jobs.list(RESOURCE_GROUP, 'dev-ml-workspace')) {
      if (name?.startsWith(`train-${plant}-${circuit}-`)) found.push({ name, status: properties.status ?? '', version: properties.tags?.['model_version'] ?? undefined });
    }
  });
  return found;
}

/** All work items that the product made. */
export async function workItems({ azureDevOps: { rest, project } }: Clients): Promise<{ id: number; state: string; title: string }[]> {
  const version = { 'api-version': '7.1' };
  const query = `SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS 'holdpoint' ORDER BY [System.Id]`;
  const { body: found } = await rest.send<{ workItems: { id: number }[] }>({ method: 'POST', url: `/${project}/_apis/wit/wiql`, query: version, body: { query } });
  if (found.workItems.length === 0) return [];
  type Items = { value: { id: number; fields: Record<string, string> }[] };
  const { body } = await rest.send<Items>({ method: 'GET', url: `/${project}/_apis/wit/workitems`, query: { ...version, ids: found.workItems.map(({ id }) => id).join(',') } });
  return body.value.map(({ id, fields }) => ({ id, state: fields['System.State'] ?? '', title: fields['System.Title'] ?? '' }));
}

/** The threads of a pull request: first comment and status. */
export async function pullRequestThreads({ azureDevOps: { rest, project } }: Clients, pullRequestId: number): Promise<{ content: string; status: string }[]> {
  type Threads = { value: { status: string; comments: { content: string }[] }[] };
  const { body } = await rest.send<Threads>({ method: 'GET', url: `/${project}/_apis/git/repositories/${REPOSITORY_ID}/pullRequests/${pullRequestId}/threads`, query: { 'api-version': '7.1' } });
  return body.value.map(({ status, comments }) => ({ status, content: comments[0]?.content ?? '' }));
}
