import type { FastifyInstance } from 'fastify';
import { REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import { DEFAULT_BRANCH, type GitRepository } from '../git/repository.ts';
import { SERVICE_IDENTITY } from '../identity.ts';
import type { Agent } from './agent.ts';
import { presentApproval, presentRelease, presentReleaseApproval, type PipelineApprovals, type ReleaseApprovals } from './approvals.ts';
import { PIPELINE, presentBuild, presentPipeline, presentRun, runOrderSchema, type Build, type Builds } from './builds.ts';

export interface PipelineServices {
  builds: Builds;
  agent: Agent;
  approvals: PipelineApprovals;
  releaseApprovals: ReleaseApprovals;
  git: GitRepository;
  addresses: Addresses;
}

type Query = Record<string, string | undefined>;

const RESULT_OF_FAULT = { Failed: 'failed', Canceled: 'canceled' } as const;

/** Pipelines, their runs and approvals; two equal posts are two runs. */
export async function pipelineRoutes(app: FastifyInstance, { builds, agent, approvals, git, addresses }: PipelineServices): Promise<void> {
  type Params = { pipelineId: string; runId: string };
  const shown = (build: Build) => presentRun(agent.settle(build), addresses);
  const own = (pipelineId: string) => builds.list().filter(({ pipeline }) => String(pipeline.id) === pipelineId);

  app.addHook<{ Params: Partial<Params> }>('preHandler', async ({ params: { pipelineId } }) => {
    if (pipelineId === undefined || pipelineId === String(PIPELINE.id)) return;
    throw devOpsError(404, 'PipelineDoesNotExistException', `The pipeline ${pipelineId} does not exist.`);
  });

  app.get('/', async () => collection([presentPipeline(PIPELINE, addresses)]));
  app.get<{ Querystring: Query }>('/approvals', async ({ query }) => {
    const ids = query.approvalIds?.split(',').map((id) => id.trim().toLowerCase());
    const states = query.state?.split(',').map((state) => state.trim().toLowerCase());
    const found = approvals.list().filter(({ id, status }) => (ids?.includes(id) ?? true) && (states?.includes(status.toLowerCase()) ?? true));
    const top = Number(query.top ?? 1000);
    return collection(found.slice(0, top).map((approval) => presentApproval(approval, addresses, query.$expand?.toLowerCase().includes('steps') ?? false)));
  });
  app.get('/:pipelineId', async () => presentPipeline(PIPELINE, addresses));
  app.get<{ Params: Params }>('/:pipelineId/runs', async ({ params }) => collection(own(params.pipelineId).map(shown)));

  app.get<{ Params: Params }>('/:pipelineId/runs/:runId', async ({ params: { pipelineId, runId } }) => {
    const build = own(pipelineId).find(({ id }) => String(id) === runId);
    if (!build) throw devOpsError(404, 'RunNotFoundException', `The run ${runId} does not exist.`);
    return shown(build);
  });

  app.post('/:pipelineId/runs', async (request) => {
    const order = runOrderSchema.parse(request.body ?? {});
    const planned = request.operationFault ? RESULT_OF_FAULT[request.operationFault] : 'succeeded';
    const build = builds.create({ branch: DEFAULT_BRANCH, commit: git.tip(DEFAULT_BRANCH)!, requestedBy: SERVICE_IDENTITY.uniqueName, planned, order });
    request.markChanged();
    agent.begin(build);
    return presentRun(build, addresses);
  });
}

/** Builds: runs of pipelines by their other name. One build's address is answered beside those of stages with checks. */
export async function buildRoutes(app: FastifyInstance, { builds, agent, addresses }: PipelineServices): Promise<void> {
  app.get<{ Querystring: Query }>('/builds', async ({ query }) => {
    const { repositoryId, repositoryType, branchName, definitions, statusFilter, resultFilter, tagFilters, queryOrder, minTime } = query;
    // As Azure DevOps: which time is meant follows from the order.
    const time = queryOrder?.startsWith('finishTime') ? 'finishTime' : queryOrder?.startsWith('startTime') ? 'startTime' : 'queueTime';
    // As Azure DevOps: a repository is named with its kind.
    if ((repositoryId === undefined) !== (repositoryType === undefined)) throw invalidArgument('repositoryId and repositoryType are given together.');
    const found = builds.list().map((build) => presentBuild(agent.settle(build), addresses)).filter((build) => {
      const { id } = build.definition as { id: number };
      return (
        (repositoryId === undefined || [REPOSITORY, REPOSITORY_ID].includes(repositoryId)) &&
        (branchName === undefined || build.sourceBranch === branchName) &&
        (definitions === undefined || definitions.split(',').includes(String(id))) &&
        (statusFilter === undefined || build.status === statusFilter) &&
        (resultFilter === undefined || build.result === resultFilter) &&
        (minTime === undefined || ((build[time] as string | undefined) ?? '') >= new Date(minTime).toISOString()) &&
        (tagFilters === undefined || tagFilters.split(',').every((tag) => (build.tags as string[]).includes(tag)))
      );
    });
    return collection(found.slice(0, Number(query.$top ?? 1000)));
  });

  app.get<{ Params: { id: string } }>('/builds/:id/tags', async ({ params }) => collection(requireBuild(builds, params.id).tags));
  app.post<{ Params: { id: string }; Body: unknown }>('/builds/:id/tags', async (request) => {
    const build = requireBuild(builds, request.params.id);
    if (!Array.isArray(request.body) || !request.body.every((tag) => typeof tag === 'string')) throw invalidArgument('The body is a list of tags.');
    const tags = [...new Set([...build.tags, ...request.body])];
    builds.save({ ...build, tags });
    request.markChanged();
    return collection(tags);
  });
}

/** Classic releases and their approvals, which Azure DevOps Services serves at a host of its own. */
export async function releaseRoutes(app: FastifyInstance, { releaseApprovals, addresses }: PipelineServices): Promise<void> {
  app.get<{ Querystring: Query }>('/approvals', async ({ query }) => {
    const wanted = query.statusFilter ?? 'pending';
    const releases = query.releaseIdsFilter?.split(',');
    const found = releaseApprovals.list().filter(({ status, releaseId }) => (wanted === 'undefined' || status === wanted) && (releases?.includes(String(releaseId)) ?? true));
    return collection(found.slice(0, Number(query.top ?? 50)).map((approval) => presentReleaseApproval(approval, releaseApprovals.release(approval.releaseId)!, addresses)));
  });
  app.get<{ Params: { id: string } }>('/approvals/:id', async ({ params }) => {
    const found = releaseApprovals.get(Number(params.id));
    if (!found) throw devOpsError(404, 'ReleaseManagementObjectNotFoundException', `Approval with ID ${params.id} does not exist.`);
    return presentReleaseApproval(found, releaseApprovals.release(found.releaseId)!, addresses);
  });
  app.get<{ Params: { id: string } }>('/releases/:id', async ({ params }) => {
    const found = releaseApprovals.release(Number(params.id));
    if (!found) throw devOpsError(404, 'ReleaseNotFoundException', `Release with ID ${params.id} does not exist.`);
    return presentRelease(found, addresses);
  });
}

/** The build of a path, or 404. */
export function requireBuild(builds: Builds, id: string): Build {
  const found = builds.get(Number(id));
  if (!found) throw devOpsError(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`);
  return found;
}
