/**
 * The service connection through which Azure Pipelines calls the receiver.
 *
 * Which one it is, is told by what it points to: a generic connection of the project with the receiver's address, or the one that this product's own checks use already. A name alone
 * proves nothing: what is merely called the same belongs to somebody else, and is never written over.
 */
import { createHmac } from 'node:crypto';
import { plainAddress } from '../receiver/checks/organisation.ts';
import { AttachError } from './attach-error.ts';
import type { ConnectionBody, EnvironmentBody } from './checks-rest.ts';

export const connectionName = 'holdpoint';
const connectionType = 'generic';
const purpose = 'The receiver of Holdpoint, for its checks before environments.';

export interface ConnectionPlan {
  /** Where Azure DevOps reaches the receiver; left out where a check of this project has its connection already. */
  url: string | undefined;
  credentials: { user: string; password: string };
  /** Known to whoever attaches, and to nobody who reads the project: by it a rotated password is noticed. Left out: it cannot be, and the password is written each time. */
  markKey: string | undefined;
}

/** `renewed`: user, password or address were not what they are to be, or nobody could know. */
export type ConnectionAction = 'created' | 'renewed' | 'unchanged';

export interface ConnectionApi {
  connections: () => Promise<ConnectionBody[]>;
  addConnection: (body: object) => Promise<ConnectionBody>;
  changeConnection: (id: string, body: object) => Promise<ConnectionBody>;
}

/**
 * Makes sure of the connection. `usedIds` are those that this product's checks in the project use. A second call finds the first one's connection, and writes only what differs.
 *
 * @throws AttachError where the name is somebody else's, or no address is known
 */
export async function ensureConnection(api: ConnectionApi, { project }: EnvironmentBody, usedIds: ReadonlySet<string>, plan: ConnectionPlan): Promise<{ connection: ConnectionBody; action: ConnectionAction }> {
  const all = await api.connections();
  const found = chooseConnection(all, project.id, usedIds, plan.url);
  if (found === undefined) {
    const { url } = plan;
    if (url === undefined) throw new AttachError('usage', 'no check of this project has a service connection to the receiver yet: give the receiver\'s address with --url');
    const taken = all.find(({ name }) => name.toLowerCase() === connectionName);
    if (taken) throw new AttachError('refused', `the project has a service connection named ${taken.name} already, which is not Holdpoint's: it is of type ${taken.type}, points to ${taken.url}, and no check of Holdpoint uses it. It was not touched. Rename or remove it in Azure DevOps (Project settings > Service connections), then call this again`);
    return { connection: await api.addConnection(bodyOf(null, url, project, plan)), action: 'created' };
  }
  const url = plan.url ?? found.url;
  if (plainAddress(found.url) === plainAddress(url) && found.authorization.parameters?.username === plan.credentials.user && hasMark(found, plan)) return { connection: found, action: 'unchanged' };
  return { connection: await api.changeConnection(found.id, bodyOf(found, url, project, plan)), action: 'renewed' };
}

/** Whether this product made it, and so may take it away. */
export function isOwnConnection({ type, description }: ConnectionBody): boolean {
  return type === connectionType && description?.startsWith(purpose) === true;
}

function chooseConnection(all: readonly ConnectionBody[], projectId: string, usedIds: ReadonlySet<string>, url: string | undefined): ConnectionBody | undefined {
  const usable = all.filter(({ type, serviceEndpointProjectReferences: references }) => type === connectionType && (references?.some(({ projectReference }) => projectReference.id.toLowerCase() === projectId.toLowerCase()) ?? true));
  const used = usable.filter(({ id }) => usedIds.has(id));
  if (url === undefined) return only(used, 'used by its checks');
  const there = usable.filter((connection) => plainAddress(connection.url) === plainAddress(url));
  return only(there.filter(({ id }) => usedIds.has(id)), `that point to ${url}`) ?? there.find(({ name }) => name.toLowerCase() === connectionName) ?? only(there, `that point to ${url}`) ?? only(used, 'used by its checks');
}

function only(found: readonly ConnectionBody[], which: string): ConnectionBody | undefined {
  if (found.length > 1) throw new AttachError('refused', `the project has ${found.length} service connections ${which}: ${found.map(({ name }) => name).join(', ')}. Remove all but one, then call this again`);
  return found[0];
}

/** What somebody else has set stays: name, description, and the projects that share it. */
function bodyOf(found: ConnectionBody | null, url: string, { id, name }: EnvironmentBody['project'], plan: ConnectionPlan): object {
  const called = found?.name ?? connectionName;
  return {
    name: called,
    type: connectionType,
    url: url.replace(/\/+$/, ''),
    description: [(found?.description ?? purpose).replace(markPattern, '').trim(), markOf(plan)].filter(Boolean).join(' '),
    authorization: { scheme: 'UsernamePassword', parameters: { username: plan.credentials.user, password: plan.credentials.password } },
    serviceEndpointProjectReferences: found?.serviceEndpointProjectReferences ?? [{ name: called, projectReference: { id, ...(name !== undefined && { name }) } }],
  };
}

const markPattern = /\s*\[credential [0-9a-f]{16}\]/g;

/**
 * Azure DevOps never gives a password out, so the connection's description says which one was written: a keyed digest, cut short, from which nobody without the key can try passwords.
 * Without a key there is no mark.
 */
function markOf({ credentials: { user, password }, markKey }: ConnectionPlan): string | null {
  return markKey === undefined ? null : `[credential ${createHmac('sha256', markKey).update(JSON.stringify(['holdpoint service connection', user, password])).digest('hex').slice(0, 16)}]`;
}

function hasMark({ description = '' }: ConnectionBody, plan: ConnectionPlan): boolean {
  const mark = markOf(plan);
  return mark !== null && description.includes(mark);
}
