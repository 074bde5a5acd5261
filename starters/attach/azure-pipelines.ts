/** Puts the product's check before an environment of Azure Pipelines, changes it, and takes it away again. */
import type { RestClient } from '../../activities/http/rest-client.ts';
import { checkConfiguration, checkName, invokeRestApi, type CheckConfigurationBody, type CheckPlan } from './check-settings.ts';

const version = { 'api-version': '7.1' };
/** Check configurations are an API under preview. */
const preview = { 'api-version': '7.1-preview.1' };
const connectionName = 'holdpoint';

export interface AttachOptions {
  project: string;
  environment: string;
  mode: CheckPlan['mode'];
  form: CheckPlan['form'];
  /** Where Azure DevOps reaches the receiver; left out where the project has the service connection already. */
  url?: string | undefined;
  timeoutMinutes: number;
  credentials: { user: string; password: string };
}

export interface Attached {
  action: 'created' | 'changed' | 'unchanged';
  checkId: number;
  plan: CheckPlan;
  receiverUrl: string;
}

/** What stands in the way, in the user's words. */
export class AttachError extends Error {
  readonly kind: 'notFound' | 'usage';

  constructor(kind: AttachError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

interface EnvironmentBody {
  id: number;
  name: string;
  project: { id: string; name?: string };
}

interface ConnectionBody {
  id: string;
  name: string;
  url: string;
  type: string;
  authorization: { parameters?: { username?: string } };
}

/** Makes sure that the environment has the check as wished, once. A second call finds the first one's check and changes only what differs. */
export async function attachCheck(rest: RestClient, options: AttachOptions): Promise<Attached> {
  const api = checksApi(rest, options.project);
  const environment = await findEnvironment(api, options.environment);
  const connection = await ensureConnection(api, environment, options);
  const plan: CheckPlan = { environment: { id: environment.id, name: environment.name }, mode: options.mode, form: options.form, connection: connection.id, timeoutMinutes: options.timeoutMinutes };
  const wanted = checkConfiguration(plan);
  const found = await ownCheck(api, environment.id);
  if (found && isSame(found, wanted)) return { action: 'unchanged', checkId: found.id!, plan, receiverUrl: connection.url };
  const checkId = found ? await api.change(found.id!, wanted) : await api.add(wanted);
  return { action: found ? 'changed' : 'created', checkId, plan, receiverUrl: connection.url };
}

/** Takes the check away, and the service connection too when no other environment's check uses it. */
export async function detachCheck(rest: RestClient, { project, environment: name }: Pick<AttachOptions, 'project' | 'environment'>): Promise<{ action: 'removed' | 'absent'; connection: 'removed' | 'kept' | 'absent' }> {
  const api = checksApi(rest, project);
  const environment = await findEnvironment(api, name);
  const found = await ownCheck(api, environment.id);
  if (found) await api.remove(found.id!);
  const connection = (await api.connections())[0];
  if (!connection) return { action: found ? 'removed' : 'absent', connection: 'absent' };
  for (const { id } of await api.environments()) if (await ownCheck(api, id)) return { action: found ? 'removed' : 'absent', connection: 'kept' };
  await api.removeConnection(connection.id, environment.project.id);
  return { action: found ? 'removed' : 'absent', connection: 'removed' };
}

export async function findEnvironment(api: Pick<ChecksApi, 'environments'>, name: string): Promise<EnvironmentBody> {
  const all = await api.environments();
  const found = all.find((environment) => environment.name.toLowerCase() === name.toLowerCase());
  if (!found) throw new AttachError('notFound', `the project has no environment ${name}; it has ${all.map((environment) => environment.name).join(', ') || 'none'}`);
  return found;
}

async function ownCheck(api: ChecksApi, environmentId: number): Promise<CheckConfigurationBody | null> {
  const own = (await api.checks(environmentId)).filter(({ settings }) => settings?.displayName === checkName && settings.definitionRef.id.toLowerCase() === invokeRestApi.id);
  if (own.length > 1) throw new AttachError('usage', `the environment has ${own.length} checks named ${checkName}; remove all but one in Azure DevOps, then call this again`);
  return own[0] ?? null;
}

async function ensureConnection(api: ChecksApi, { project }: EnvironmentBody, { url, credentials }: AttachOptions): Promise<ConnectionBody> {
  const found = (await api.connections())[0];
  if (!found) {
    if (url === undefined) throw new AttachError('usage', 'the project has no service connection to the receiver yet: give the receiver\'s address with --url');
    return await api.addConnection(connectionBody(url, credentials, project));
  }
  const wantedUrl = url ?? found.url;
  if (trimmed(found.url) === trimmed(wantedUrl) && found.authorization.parameters?.username === credentials.user) return found;
  return await api.changeConnection(found.id, connectionBody(wantedUrl, credentials, project));
}

function connectionBody(url: string, { user, password }: AttachOptions['credentials'], { id, name }: EnvironmentBody['project']): object {
  return {
    name: connectionName,
    type: 'generic',
    url: trimmed(url),
    description: 'The receiver of Holdpoint, for its checks before environments',
    authorization: { scheme: 'UsernamePassword', parameters: { username: user, password } },
    serviceEndpointProjectReferences: [{ name: connectionName, projectReference: { id, ...(name !== undefined && { name }) } }],
  };
}

/** Compares what this product sets; Azure DevOps adds fields of its own. */
function isSame(found: CheckConfigurationBody, wanted: CheckConfigurationBody): boolean {
  const given = ({ settings: { inputs, retryInterval = 0 }, timeout }: CheckConfigurationBody) => JSON.stringify([timeout, retryInterval, ...Object.keys(wanted.settings.inputs).sort().map((name) => inputs[name] ?? null)]);
  return given(found) === given(wanted);
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}

type ChecksApi = ReturnType<typeof checksApi>;

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
    connections: () => list<ConnectionBody>('serviceendpoint/endpoints', { ...version, endpointNames: connectionName }),
    addConnection: async (body: object) => (await rest.send<ConnectionBody>({ method: 'POST', url: '/_apis/serviceendpoint/endpoints', query: version, body })).body,
    changeConnection: async (id: string, body: object) => (await rest.send<ConnectionBody>({ method: 'PUT', url: `/_apis/serviceendpoint/endpoints/${id}`, query: version, body: { id, ...body } })).body,
    removeConnection: (id: string, projectId: string) => rest.send({ method: 'DELETE', url: `/_apis/serviceendpoint/endpoints/${id}`, query: { ...version, projectIds: projectId } }),
  };
}
