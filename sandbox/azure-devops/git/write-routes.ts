import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError } from '../errors.ts';
import { identityOf, SERVICE_IDENTITY } from '../identity.ts';
import type { Organisation } from '../organisation/inventory.ts';
import { page, type PageQuery } from '../organisation/paging.ts';
import type { Commit, GitRepository } from './repository.ts';

const NO_COMMIT = '0'.repeat(40);

const refUpdates = z.array(z.object({ name: z.string().regex(/^refs\//), oldObjectId: z.string(), newObjectId: z.string() })).min(1);

const pushSchema = z.object({
  refUpdates: z.array(z.object({ name: z.string().regex(/^refs\/heads\/.+/), oldObjectId: z.string() })).length(1),
  commits: z
    .array(
      z.object({
        comment: z.string(),
        changes: z.array(z.object({ changeType: z.enum(['add', 'edit', 'delete']), item: z.object({ path: z.string().startsWith('/') }), newContent: z.object({ content: z.string(), contentType: z.literal('rawtext') }).optional() })).min(1),
      }),
    )
    .length(1),
});

/** Branches and commits: refs, pushes of one commit, and a commit by its id. Whoever comes first moves a branch; the other is told. */
export async function gitWriteRoutes(app: FastifyInstance, { git, addresses, organisation }: { git: GitRepository; addresses: Addresses; organisation: Organisation }): Promise<void> {
  app.get<{ Querystring: PageQuery & { filter?: string } }>('/refs', async ({ query: { filter = '', ...query } }, reply) =>
    page(git.refs(`refs/${filter}`).map(({ name, commitId }) => ({ name, objectId: commitId, creator: SERVICE_IDENTITY, url: addresses.repositoryApi(`/refs?filter=${encodeURIComponent(name.slice('refs/'.length))}`) })), query, reply, organisation.inventory.pageSize));

  // Answers 200 however it went: each update tells for itself.
  app.post('/refs', async (request) => {
    const results = refUpdates.parse(request.body).map(({ name, oldObjectId, newObjectId }) => {
      const isStale = (git.tip(name) ?? NO_COMMIT) !== oldObjectId;
      const isMissing = newObjectId !== NO_COMMIT && !git.get(newObjectId);
      const updateStatus = isStale ? 'staleOldObjectId' : isMissing ? 'unresolvableToCommit' : 'succeeded';
      if (updateStatus === 'succeeded') {
        if (newObjectId === NO_COMMIT) git.deleteTip(name);
        else git.setTip(name, newObjectId);
        request.markChanged();
      }
      return { name, oldObjectId, newObjectId, updateStatus, success: updateStatus === 'succeeded' };
    });
    return collection(results);
  });

  // A branch that is not there yet is made from the commit that is named as its old one.
  app.post('/pushes', async (request, reply) => {
    const { refUpdates: [update], commits: [order] } = pushSchema.parse(request.body) as { refUpdates: [{ name: string; oldObjectId: string }]; commits: [z.infer<typeof pushSchema>['commits'][number]] };
    const { name, oldObjectId } = update;
    const parent = git.get(oldObjectId);
    if (!parent) throw devOpsError(404, 'GitObjectDoesNotExistException', `TF401035: The object '${oldObjectId}' does not exist.`);
    const tip = git.tip(name);
    if (tip !== undefined && tip !== oldObjectId) {
      throw devOpsError(409, 'GitReferenceStaleException', `TF401028: The reference '${name}' has already been updated by another client, so you cannot update it. Please try again.`);
    }
    for (const { changeType, item: { path } } of order.changes) {
      if (changeType === 'edit' && parent.files[path] === undefined) throw devOpsError(400, 'GitItemNotFoundException', `TF401174: The item '${path}' could not be found in the repository at the version specified by '${oldObjectId}'.`);
    }
    const edits = Object.fromEntries(order.changes.map(({ changeType, item: { path }, newContent }) => [path, changeType === 'delete' ? null : (newContent?.content ?? '')]));
    const commitId = git.commit([oldObjectId], SERVICE_IDENTITY.uniqueName, order.comment, edits);
    git.setTip(name, commitId);
    request.markChanged();
    return reply.code(201).send({ pushId: git.ancestors(commitId).length, date: git.get(commitId)!.date, pushedBy: SERVICE_IDENTITY, commits: [presentCommit(git.get(commitId)!, addresses)], refUpdates: [{ name, oldObjectId: tip ?? NO_COMMIT, newObjectId: commitId }] });
  });

  app.get<{ Params: { commitId: string } }>('/commits/:commitId', async ({ params: { commitId } }) => {
    const commit = git.get(commitId);
    if (!commit) throw devOpsError(404, 'GitCommitDoesNotExistException', `TF401175: The commit ${commitId} does not exist in this repository.`);
    return presentCommit(commit, addresses);
  });
}

/** A commit as the REST API shows it. */
export function presentCommit({ commitId, author, date, comment, parents }: Commit, addresses: Addresses): object {
  const { displayName, uniqueName } = identityOf(author);
  const who = { name: displayName, email: uniqueName, date };
  return { commitId, author: who, committer: who, comment, parents, url: addresses.repositoryApi(`/commits/${commitId}`) };
}
