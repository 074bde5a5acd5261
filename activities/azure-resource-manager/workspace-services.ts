/** The services behind a workspace, whose addresses the workspace itself tells: never built from region names. */
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { RestClient } from '../http/rest-client.ts';
import { ApiVersion, workspaceId } from './resource-ids.ts';

export interface WorkspaceServices {
  /** GUID of the workspace. */
  guid: string;
  location: string;
  /** MLflow tracking API of the workspace, without `/api/2.0/mlflow`. */
  mlflowUrl: string;
  /** Run history of the workspace. */
  historyUrl: string;
  /** Management front end of the workspace: the data plane that lists the jobs of batch endpoints. */
  managementUrl: string;
}

interface WorkspaceBody {
  location: string;
  properties: { workspaceId: string; mlFlowTrackingUri: string };
}

const known = new WeakMap<RestClient, Map<string, WorkspaceServices>>();

/** Reads a workspace's addresses, once for each client: they do not change in a workspace's life. */
export async function workspaceServices(arm: RestClient, workspace: WorkspaceRef): Promise<WorkspaceServices> {
  const cache = known.get(arm) ?? new Map<string, WorkspaceServices>();
  known.set(arm, cache);
  const id = workspaceId(workspace);
  // Answers are shared, not requests: a request ends with the activity that sent it.
  const services = cache.get(id) ?? (await read(arm, id));
  cache.set(id, services);
  return services;
}

async function read(arm: RestClient, id: string): Promise<WorkspaceServices> {
  const { body } = await arm.send<WorkspaceBody>({ method: 'GET', url: id, query: { 'api-version': ApiVersion.MachineLearning } });
  const mlflowUrl = body.properties.mlFlowTrackingUri.replace(/^azureml:/, 'https:').replace(/\/$/, '');
  const host = new URL(mlflowUrl).origin;
  return {
    guid: body.properties.workspaceId,
    location: body.location,
    mlflowUrl,
    historyUrl: `${host}/history/v1.0${id}`,
    managementUrl: `${host}/mferp/managementfrontend${id}`,
  };
}
