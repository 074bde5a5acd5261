import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type SandboxContext, VendorError } from '../core/context.ts';
import { AUDIENCE, ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT, PROJECT_ID, REPOSITORY, REPOSITORY_ID } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import { Addresses } from './addresses.ts';
import { checkControl } from './checks/control.ts';
import { checkRoutes, connectionRoutes, planRoutes, stageBuildRoutes } from './checks/routes.ts';
import { createCheckServices } from './checks/services.ts';
import { azureDevOpsControl } from './control.ts';
import { devOpsError, devOpsErrorBody, invalidArgument } from './errors.ts';
import { GitRepository } from './git/repository.ts';
import { gitRoutes } from './git/routes.ts';
import { gitWriteRoutes } from './git/write-routes.ts';
import { Agent } from './pipelines/agent.ts';
import { PipelineApprovals, ReleaseApprovals } from './pipelines/approvals.ts';
import { Builds } from './pipelines/builds.ts';
import { pipelineControl } from './pipelines/control.ts';
import { StagedReleases } from './pipelines/deployments.ts';
import { stagedRunControl, stagedRunRoutes } from './pipelines/staged-run-routes.ts';
import { StagedRuns } from './pipelines/staged-runs.ts';
import { buildRoutes, pipelineRoutes, releaseRoutes, stagedReleaseRoutes } from './pipelines/routes.ts';
import { PullRequests } from './pull-requests/pull-requests.ts';
import { organisationControl } from './organisation/control.ts';
import { Organisation } from './organisation/inventory.ts';
import { inventoryRoutes, organisationRoutes } from './organisation/routes.ts';
import { attachmentRoutes } from './pull-requests/attachments.ts';
import { pullRequestRoutes } from './pull-requests/routes.ts';
import { pullRequestWriteRoutes } from './pull-requests/write-routes.ts';
import { Threads } from './pull-requests/threads.ts';
import { Deliveries } from './service-hooks/deliveries.ts';
import { serviceHookRoutes } from './service-hooks/routes.ts';
import { Subscriptions } from './service-hooks/subscriptions.ts';
import { workItemRoutes } from './work-items/routes.ts';
import { WorkItems } from './work-items/work-items.ts';

type Params = { project?: string; repository?: string };

/** Azure DevOps Services, REST 7.1: one organisation, one project, one repository. */
export async function azureDevOpsPlugin(app: FastifyInstance, sandbox: SandboxContext): Promise<void> {
  const { store, clock, tokens, baseUrl } = sandbox;
  const addresses = new Addresses(baseUrl);
  const git = new GitRepository(store, clock);
  const pullRequests = new PullRequests(store, clock, git);
  const threads = new Threads(store, clock);
  const workItems = new WorkItems(store, clock);
  const subscriptions = new Subscriptions(store, clock);
  const deliveries = new Deliveries(store, clock, subscriptions, addresses);
  const builds = new Builds(store, clock);
  const agent = new Agent({ sandbox, builds, git, deliveries, addresses });
  const pipelines = { builds, agent, approvals: new PipelineApprovals(store, clock, builds), releaseApprovals: new ReleaseApprovals(store, clock), stagedReleases: new StagedReleases(sandbox), stagedRuns: new StagedRuns(sandbox, builds) };
  const organisation = new Organisation(store, clock);
  const services = { organisation, store, clock, addresses, git, pullRequests, threads, workItems, subscriptions, deliveries, ...pipelines };
  const checks = createCheckServices({ store, clock, tokens, addresses, git, pullRequests, builds, approvals: pipelines.approvals, agent, stagedRuns: pipelines.stagedRuns });

  app.addHook('onListen', async () => deliveries.start());
  app.addHook('preClose', async () => deliveries.stop());
  await app.register(azureDevOpsControl, services);
  app.addHook('onListen', async () => agent.start());
  app.addHook('onListen', async () => pipelines.stagedReleases.start());
  app.addHook('onListen', async () => pipelines.stagedRuns.start());
  app.addHook('preClose', async () => agent.stop());
  await app.register(pipelineControl, services);
  await app.register(stagedRunControl, services);
  app.addHook('onListen', async () => checks.evaluations.start());
  app.addHook('preClose', async () => checks.evaluations.stop());
  await app.register(checkControl, checks);
  await app.register(organisationControl, { organisation, environments: checks.environments });

  await app.register(async (api) => {
    const guard = tokenGuard(tokens, {
      audience: AUDIENCE.azureDevOps,
      alternative: hasAccessToken,
      body: () => devOpsErrorBody('UnauthorizedRequestException', "TF400813: The user '' is not authorized to access this resource."),
    });
    api.addHook('onRequest', guard);
    api.addHook('preHandler', async (request) => {
      requireApiVersion(request);
      requireKnownNames(request.params as Params);
    });
    api.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
      const known = error instanceof z.ZodError ? invalidArgument(z.prettifyError(error)) : error;
      if (known instanceof VendorError) return reply.code(known.statusCode).send(known.body);
      return reply.code(error.statusCode ?? 500).send(devOpsErrorBody('VssServiceException', error.message));
    });
    await api.register(serviceHookRoutes, { ...services, prefix: `/ado/${ORGANISATION}/_apis/hooks` });
    // Azure DevOps serves these without a project too; then a repository is named by its id.
    for (const scope of [`/ado/${ORGANISATION}/:project/_apis`, `/ado/${ORGANISATION}/_apis`]) {
      await api.register(gitRoutes, { ...services, prefix: `${scope}/git/repositories/:repository` });
      await api.register(gitWriteRoutes, { ...services, prefix: `${scope}/git/repositories/:repository` });
      for (const routes of [pullRequestRoutes, pullRequestWriteRoutes]) await api.register(routes, { ...services, prefix: `${scope}/git/repositories/:repository` });
      await api.register(attachmentRoutes, { ...services, prefix: `${scope}/git/repositories/:repository` });
      await api.register(pullRequestRoutes, { ...services, prefix: `${scope}/git` });
      await api.register(workItemRoutes, { ...services, prefix: `${scope}/wit` });
    }
    await api.register(organisationRoutes, { organisation, addresses, prefix: `/ado/${ORGANISATION}/_apis` });
    await api.register(inventoryRoutes, { organisation, addresses, stagedReleases: pipelines.stagedReleases, stagedRuns: pipelines.stagedRuns, prefix: `/ado/${ORGANISATION}/:project/_apis` });
    await api.register(connectionRoutes, { ...checks, prefix: `/ado/${ORGANISATION}/_apis/serviceendpoint` });
    for (const routes of [checkRoutes, stageBuildRoutes, planRoutes]) await api.register(routes, { ...checks, organisation, prefix: `/ado/${ORGANISATION}/:project/_apis` });
    await api.register(buildRoutes, { ...services, prefix: `/ado/${ORGANISATION}/:project/_apis/build` });
    await api.register(stagedRunRoutes, { ...services, prefix: `/ado/${ORGANISATION}/:project/_apis/build` });
    await api.register(stagedReleaseRoutes, { ...services, prefix: `/ado/${ORGANISATION}/:project/_apis/release` });
    await api.register(releaseRoutes, { ...services, prefix: `/ado/${ORGANISATION}/:project/_apis/release` });
    await api.register(pipelineRoutes, { ...services, prefix: `/ado/${ORGANISATION}/:project/_apis/pipelines` });
  });
}

/** A personal access token is the password of basic authentication; the user name does not matter. */
function hasAccessToken(request: FastifyRequest): boolean {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return encoded !== undefined && Buffer.from(encoded, 'base64').toString().replace(/^[^:]*:/, '') === PERSONAL_ACCESS_TOKEN;
}

/** Reading works without an api-version, writing does not. */
function requireApiVersion({ method, query, headers }: FastifyRequest): void {
  const named = (query as Record<string, string | undefined>)['api-version'] ?? /api-version=/.exec(headers.accept ?? '')?.[0];
  if (named !== undefined || method === 'GET' || method === 'HEAD') return;
  throw devOpsError(400, 'VssVersionNotSpecifiedException',
    `No api-version was supplied for the "${method}" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").`);
}

function requireKnownNames({ project, repository }: Params): void {
  if (project !== undefined && !is(project, PROJECT, PROJECT_ID)) {
    throw devOpsError(404, 'ProjectDoesNotExistWithNameException',
      `TF200016: The following project does not exist: ${project}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`);
  }
  if (repository !== undefined && !is(repository, REPOSITORY, REPOSITORY_ID)) {
    throw devOpsError(404, 'GitRepositoryNotFoundException',
      `TF401019: The Git repository with name or identifier ${repository} does not exist or you do not have permissions for the operation you are attempting.`);
  }
}

function is(given: string, ...names: string[]): boolean {
  return names.some((name) => name.toLowerCase() === given.toLowerCase());
}
