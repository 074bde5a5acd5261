import type { FastifyInstance } from 'fastify';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import type { GitRepository } from '../git/repository.ts';
import { presentCommit } from '../git/write-routes.ts';
import { commitsOf, presentChanges, presentIterations, presentPullRequest, pushesOf } from './presentation.ts';
import type { PullRequest, PullRequests } from './pull-requests.ts';
import { newCommentSchema, newThreadSchema, type Thread, threadPatchSchema, type Threads } from './threads.ts';

export interface PullRequestServices {
  pullRequests: PullRequests;
  threads: Threads;
  git: GitRepository;
  addresses: Addresses;
}

type Params = { pullRequestId: string; iterationId: string; threadId: string };
type Query = Record<string, string | undefined>;

const DEFAULT_CHANGES = 100;
const MOST_CHANGES = 2000;

/** Pull requests of a repository, their iterations, changes and comment threads. */
export async function pullRequestRoutes(app: FastifyInstance, services: PullRequestServices): Promise<void> {
  const { pullRequests, threads, git, addresses } = services;
  const root = '/pullRequests/:pullRequestId';

  app.get<{ Querystring: Query }>('/pullRequests', async ({ query }) => {
    const status = query['searchCriteria.status'] ?? 'active';
    const [source, target] = [query['searchCriteria.sourceRefName'], query['searchCriteria.targetRefName']];
    const { top, skip } = window(query, 101, 1000);
    const [from, until] = [query['searchCriteria.minTime'], query['searchCriteria.maxTime']].map((time) => (time === undefined ? undefined : new Date(time).toISOString()));
    const timeOf = ({ creationDate, closedDate }: PullRequest): string => (query['searchCriteria.queryTimeRangeType']?.toLowerCase() === 'closed' ? closedDate ?? '' : creationDate);
    const found = pullRequests.list()
      .filter((pullRequest) => status === 'all' || pullRequest.status === status)
      .filter((pullRequest) => source === undefined || pullRequest.sourceRefName === source)
      .filter((pullRequest) => target === undefined || pullRequest.targetRefName === target)
      .filter((pullRequest) => (from === undefined || timeOf(pullRequest) >= from) && (until === undefined || timeOf(pullRequest) <= until));
    return collection(found.slice(skip, skip + top).map((pullRequest) => presentPullRequest(pullRequest, addresses)));
  });

  app.get<{ Params: Params }>(root, async ({ params }) => presentPullRequest(requirePullRequest(pullRequests, params), addresses));

  app.get<{ Params: Params }>(`${root}/commits`, async ({ params }) => collection(commitsOf(requirePullRequest(pullRequests, params), git).map((id) => presentCommit(git.get(id)!, addresses))));

  app.get<{ Params: Params }>(`${root}/iterations`, async ({ params }) => collection(presentIterations(requirePullRequest(pullRequests, params))));

  app.get<{ Params: Params }>(`${root}/iterations/:iterationId`, async ({ params }) => {
    const { pullRequest, iteration } = findIteration(pullRequests, params);
    return presentIterations(pullRequest)[iteration - 1];
  });

  app.get<{ Params: Params; Querystring: Query }>(`${root}/iterations/:iterationId/changes`, async ({ params, query }) => {
    const { pullRequest, iteration } = findIteration(pullRequests, params);
    const all = presentChanges(pullRequest, iteration, git);
    const { top, skip } = window(query, DEFAULT_CHANGES, MOST_CHANGES);
    const rest = Math.max(0, all.length - skip - top);
    // Both are 0 when there are no more changes.
    return { changeEntries: all.slice(skip, skip + top), nextSkip: rest > 0 ? skip + top : 0, nextTop: Math.min(rest, top) };
  });

  app.get<{ Params: Params }>(`${root}/threads`, async ({ params }) => collection(threads.list(requirePullRequest(pullRequests, params).pullRequestId)));

  app.post<{ Params: Params }>(`${root}/threads`, async (request) => {
    const { pullRequestId } = requirePullRequest(pullRequests, request.params);
    const created = threads.create(pullRequestId, newThreadSchema.parse(request.body));
    request.markChanged();
    return created;
  });

  app.get<{ Params: Params }>(`${root}/threads/:threadId`, async ({ params }) => findThread(services, params));

  app.patch<{ Params: Params }>(`${root}/threads/:threadId`, async (request) => {
    const thread = findThread(services, request.params);
    const { status } = threadPatchSchema.parse(request.body);
    if (status === thread.status) return thread;
    request.markChanged();
    return threads.setStatus(Number(request.params.pullRequestId), thread, status);
  });

  app.post<{ Params: Params }>(`${root}/threads/:threadId/comments`, async (request) => {
    const thread = findThread(services, request.params);
    const added = threads.addComment(Number(request.params.pullRequestId), thread, newCommentSchema.parse(request.body));
    request.markChanged();
    return added;
  });
}

/** The pull request of a path, or 404. */
export function requirePullRequest(pullRequests: PullRequests, { pullRequestId }: { pullRequestId: string }): PullRequest {
  const found = pullRequests.get(Number(pullRequestId));
  if (!found) throw devOpsError(404, 'GitPullRequestNotFoundException', 'TF401180: The requested pull request was not found.');
  return found;
}

function findIteration(pullRequests: PullRequests, params: Params): { pullRequest: PullRequest; iteration: number } {
  const pullRequest = requirePullRequest(pullRequests, params);
  const iteration = Number(params.iterationId);
  if (pushesOf(pullRequest)[iteration - 1] !== undefined) return { pullRequest, iteration };
  throw devOpsError(404, 'CodeReviewIterationNotFoundException', `The iteration ${params.iterationId} was not found.`);
}

function findThread({ pullRequests, threads }: PullRequestServices, params: Params): Thread {
  const { pullRequestId } = requirePullRequest(pullRequests, params);
  const thread = threads.get(pullRequestId, Number(params.threadId));
  if (!thread) throw devOpsError(404, 'CommentThreadNotFoundException', `The comment thread ${params.threadId} was not found.`);
  return thread;
}

/** `$top` (bounded) and `$skip`. */
function window(query: Query, defaultTop: number, largestTop: number): { top: number; skip: number } {
  const top = Number(query.$top ?? defaultTop);
  const skip = Number(query.$skip ?? 0);
  if (!Number.isInteger(top) || top < 1 || !Number.isInteger(skip) || skip < 0) throw invalidArgument('$top and $skip must be whole numbers.');
  return { top: Math.min(top, largestTop), skip };
}
