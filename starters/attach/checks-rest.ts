/** The part of Azure DevOps' REST API that attaching needs: environments, their checks, and service connections. */
import type { RestClient } from '../../activities/http/rest-client.ts';
import type { CheckConfigurationBody } from './check-settings.ts';

const version = { 'api-version': '7.1' };
/** Check configurations are an API under preview. */
const preview = { 'api-version': '7.1-preview.1' };

export interface EnvironmentBody {
  id: number;
  name: string;
  project: { id: string; name?: string };
}

export interface ConnectionBody {
  id: string;
  /** Once only in a project, whatever the type. */
  name: string;
  url: string;
  type: string;
  description?: string;
  /** The password never comes back. */
  authorization: { parameters?: { username?: string } };
  serviceEndpointProjectReferences?: { name?: string; description?: string; projectReference: { id: string; name?: string } }[];
}

export type ChecksApi = ReturnType<typeof checksApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export function checksApi(rest: RestClient, project: string) {
  const root = `/${encodeURIComponent(project)}/_apis`;
  const list = async <T>(url: string, query: Record<string, string>): Promise<T[]> => (await rest.send<{ value: T[] }>({ method: 'GET', url: `${root}/${url}`, query })).body.value;
  const configurations = `${root}/pipelines/checks/configurations`;
  return {
    environments: () => list<EnvironmentBody>('distributedtask/environments', version),
    checks: (environmentId: number) => list<CheckConfigurationBody>('pipelines/checks/configurations', { ...preview, resourceType: 'environment', resourceId: String(environmentId), $expand: 'settings' }),
    add: async (body: CheckConfigurationBody) => (await rest.send<{ id: number }>({ method: 'POST', url: configurations, query: preview, body })).body.id,
    change: async (id: number, body: CheckConfigurationBody) => (await rest.send<{ id: number }>({ method: 'PATCH', url: `${configurations}/${id}`, query: preview, body: { ...body, id } })).body.id,
    remove: (id: number) => rest.send({ method: 'DELETE', url: `${configurations}/${id}`, query: preview }),
    /** Of every type: a name is taken by any of them. */
    connections: () => list<ConnectionBody>('serviceendpoint/endpoints', version),
    addConnection: async (body: object) => (await rest.send<ConnectionBody>({ method: 'POST', url: '/_apis/serviceendpoint/endpoints', query: version, body })).body,
    changeConnection: async (id: string, body: object) => (await rest.send<ConnectionBody>({ method: 'PUT', url: `/_apis/serviceendpoint/endpoints/${id}`, query: version, body: { id, ...body } })).body,
    removeConnection: (id: string, projectId: string) => rest.send({ method: 'DELETE', url: `/_apis/serviceendpoint/endpoints/${id}`, query: { ...version, projectIds: projectId } }),
  };
}
