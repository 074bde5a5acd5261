import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import { type Commit, DEFAULT_BRANCH, type GitRepository } from './repository.ts';

interface ItemQuery {
  path?: string;
  scopePath?: string;
  recursionLevel?: string;
  includeContent?: string;
  $format?: string;
  'versionDescriptor.version'?: string;
  'versionDescriptor.versionType'?: string;
}

/** Repository and items (the files at a version). */
export async function gitRoutes(app: FastifyInstance, { git, addresses }: { git: GitRepository; addresses: Addresses }): Promise<void> {
  app.get('/', async () => addresses.repository());

  app.get<{ Querystring: ItemQuery }>('/items', async (request, reply) => {
    const { query } = request;
    const commit = resolveVersion(git, query);
    const path = absolute(query.path ?? query.scopePath ?? '/');
    const objectId = commit.files[path];
    const wantsJson = query.$format === 'json' || (!query.$format && request.headers.accept?.includes('application/json') === true);
    if (objectId === undefined) return collection(folder(addresses, commit, path, query.recursionLevel));
    if (!wantsJson) return sendRaw(reply, git, path, objectId);
    const content = query.includeContent?.toLowerCase() === 'true' ? { content: git.content(objectId) } : {};
    return { ...item(addresses, commit, path, objectId), ...content };
  });
}

function sendRaw(reply: FastifyReply, git: GitRepository, path: string, objectId: string): FastifyReply {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return reply.type('text/plain; charset=utf-8').header('content-disposition', `attachment; filename=${name}`).send(git.content(objectId));
}

function resolveVersion(git: GitRepository, query: ItemQuery): Commit {
  const version = query['versionDescriptor.version'];
  const type = query['versionDescriptor.versionType'] ?? 'branch';
  if (type !== 'commit' && type !== 'branch') throw invalidArgument(`The version type ${type} is not supported.`);
  const branch = version === undefined ? DEFAULT_BRANCH : `refs/heads/${version}`;
  const commitId = type === 'commit' ? version : git.tip(branch);
  const commit = commitId === undefined ? undefined : git.get(commitId);
  if (commit) return commit;
  throw devOpsError(404, 'GitUnresolvableToCommitException',
    `TF401175:The version descriptor <${type === 'commit' ? 'Commit' : 'Branch'}: ${version} > could not be resolved to a version in the repository.`);
}

/** The files below a folder: all of them for `recursionLevel=full`, otherwise its direct ones. */
function folder(addresses: Addresses, commit: Commit, path: string, recursionLevel?: string): object[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  const deep = recursionLevel?.toLowerCase() === 'full';
  const below = Object.entries(commit.files).filter(([file]) => file.startsWith(prefix));
  if (below.length === 0) {
    throw devOpsError(404, 'GitItemNotFoundException',
      `TF401174: The item '${path}' could not be found in the repository at the version specified by '<Commit: ${commit.commitId} >'.`);
  }
  return below
    .filter(([file]) => deep || !file.slice(prefix.length).includes('/'))
    .map(([file, objectId]) => item(addresses, commit, file, objectId));
}

function item(addresses: Addresses, { commitId }: Commit, path: string, objectId: string): object {
  const query = `path=${encodeURIComponent(path)}&versionType=Commit&version=${commitId}`;
  return { objectId, gitObjectType: 'blob', commitId, path, url: addresses.repositoryApi(`/items?${query}`) };
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
