/** Puts the product's check before an environment of Azure Pipelines, changes it, and takes it away again. */
import type { RestClient } from '../../activities/http/rest-client.ts';
import { AttachError } from './attach-error.ts';
import { checkConfiguration, checkName, invokeRestApi, type CheckConfigurationBody, type CheckPlan } from './check-settings.ts';
import { checksApi, type ChecksApi, type EnvironmentBody } from './checks-rest.ts';
import { ensureConnection, isOwnConnection, type ConnectionAction, type ConnectionPlan } from './service-connection.ts';

export interface AttachOptions {
  project: string;
  environment: string;
  mode: CheckPlan['mode'];
  form: CheckPlan['form'];
  /** Where Azure DevOps reaches the receiver; left out where the project has the service connection already. */
  url?: string | undefined;
  timeoutMinutes: number;
  credentials: ConnectionPlan['credentials'];
  markKey?: string | undefined;
}

export interface Attached {
  /** Of the check. */
  action: 'created' | 'changed' | 'unchanged';
  checkId: number;
  plan: CheckPlan;
  /** Its name, and what was done to it. */
  connection: { name: string; action: ConnectionAction };
  receiverUrl: string;
}

/** Makes sure that the environment has the check as wished, once. A second call finds the first one's check and connection, and changes only what differs. */
export async function attachCheck(rest: RestClient, options: AttachOptions): Promise<Attached> {
  const api = checksApi(rest, options.project);
  const environment = await findEnvironment(api, options.environment);
  const found = await ownCheck(api, environment.id);
  const { connection, action } = await ensureConnection(api, environment, await usedConnections(api), { url: options.url, credentials: options.credentials, markKey: options.markKey });
  const plan: CheckPlan = { environment: { id: environment.id, name: environment.name }, mode: options.mode, form: options.form, connection: connection.id, timeoutMinutes: options.timeoutMinutes };
  const wanted = checkConfiguration(plan);
  const shared = { plan, connection: { name: connection.name, action }, receiverUrl: connection.url };
  if (found && isSame(found, wanted)) return { action: 'unchanged', checkId: found.id!, ...shared };
  const checkId = found ? await api.change(found.id!, wanted) : await api.add(wanted);
  return { action: found ? 'changed' : 'created', checkId, ...shared };
}

/** Takes the check away, and the service connection too where this product made it and no other environment's check uses it. */
export async function detachCheck(rest: RestClient, { project, environment: name }: Pick<AttachOptions, 'project' | 'environment'>): Promise<{ action: 'removed' | 'absent'; connection: 'removed' | 'kept' | 'absent' }> {
  const api = checksApi(rest, project);
  const environment = await findEnvironment(api, name);
  const found = await ownCheck(api, environment.id);
  if (found) await api.remove(found.id!);
  const action = found ? 'removed' : 'absent';
  const [connections, used] = [await api.connections(), await usedConnections(api)];
  const unused = connections.filter((connection) => isOwnConnection(connection) && !used.has(connection.id));
  for (const { id } of unused) await api.removeConnection(id, environment.project.id);
  if (unused.length > 0) return { action, connection: 'removed' };
  const isThere = connections.some(({ id }) => used.has(id) || id === found?.settings.inputs['connectedServiceName']);
  return { action, connection: isThere ? 'kept' : 'absent' };
}

async function findEnvironment(api: Pick<ChecksApi, 'environments'>, name: string): Promise<EnvironmentBody> {
  const all = await api.environments();
  const found = all.find((environment) => environment.name.toLowerCase() === name.toLowerCase());
  if (!found) throw new AttachError('notFound', `the project has no environment ${name}; it has ${all.map((environment) => environment.name).join(', ') || 'none'}`);
  return found;
}

async function ownCheck(api: ChecksApi, environmentId: number): Promise<CheckConfigurationBody | null> {
  const own = (await api.checks(environmentId)).filter(isOwn);
  if (own.length > 1) throw new AttachError('usage', `the environment has ${own.length} checks named ${checkName}; remove all but one in Azure DevOps, then call this again`);
  return own[0] ?? null;
}

function isOwn({ settings }: CheckConfigurationBody): boolean {
  return settings?.displayName === checkName && settings.definitionRef.id.toLowerCase() === invokeRestApi.id;
}

/** Ids of the service connections that the product's checks use, in any environment of the project. */
async function usedConnections(api: ChecksApi): Promise<Set<string>> {
  const used = new Set<string>();
  for (const { id } of await api.environments()) for (const { settings } of (await api.checks(id)).filter(isOwn)) used.add(settings.inputs['connectedServiceName'] ?? '');
  return used;
}

/** Compares what this product sets; Azure DevOps adds fields of its own. */
function isSame(found: CheckConfigurationBody, wanted: CheckConfigurationBody): boolean {
  const given = ({ settings: { inputs, retryInterval = 0 }, timeout }: CheckConfigurationBody) => JSON.stringify([timeout, retryInterval, ...Object.keys(wanted.settings.inputs).sort().map((name) => inputs[name] ?? null)]);
  return given(found) === given(wanted);
}
