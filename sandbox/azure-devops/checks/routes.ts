import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Store } from '../../core/store.ts';
import { AUDIENCE } from '../../core/tenancy.ts';
import type { Tokens } from '../../core/tokens.ts';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import type { GitRepository } from '../git/repository.ts';
import type { Organisation } from '../organisation/inventory.ts';
import { page } from '../organisation/paging.ts';
import { presentPullRequest } from '../pull-requests/presentation.ts';
import type { Agent } from '../pipelines/agent.ts';
import { approvalRecords, type PipelineApprovals } from '../pipelines/approvals.ts';
import { presentBuild, type Builds } from '../pipelines/builds.ts';
import type { StagedRuns } from '../pipelines/staged-runs.ts';
import type { PullRequests } from '../pull-requests/pull-requests.ts';
import { configurationSchema, type Configuration, type Configurations } from './configurations.ts';
import type { Environment, Environments } from './environments.ts';
import type { Evaluations } from './evaluations.ts';
import { checkRecords, presentConfiguration, presentStageBuild, stageRecords } from './presentation.ts';
import { presentConnection, serviceConnectionSchema, type ServiceConnection, type ServiceConnections } from './service-connections.ts';
import type { StageRun, StageRuns } from './stage-runs.ts';

export interface CheckServices {
  store: Store;
  tokens: Tokens;
  addresses: Addresses;
  git: GitRepository;
  pullRequests: PullRequests;
  runs: StageRuns;
  /** Runs of every other pipeline. */
  builds: Builds;
  approvals: PipelineApprovals;
  agent: Agent;
  stagedRuns: StagedRuns;
  configurations: Configurations;
  connections: ServiceConnections;
  environments: Environments;
  evaluations: Evaluations;
}

type Params = { id: string; planId: string; timelineId: string; logId: string };
type Query = Record<string, string | undefined>;

export const SETTINGS = 'check-settings';
/** Whether a service credential may complete a check, which Microsoft's pages do not say. */
export interface CheckSettings {
  serviceCredentialCompletes: boolean;
}

/** Environments, their checks and the service connections that checks use. */
export async function checkRoutes(app: FastifyInstance, { environments, configurations, connections, addresses, organisation }: CheckServices & { organisation: Organisation }): Promise<void> {
  const configurationOf = ({ id }: Params): Configuration => {
    const found = configurations.get(Number(id));
    if (!found) throw devOpsError(404, 'CheckConfigurationNotFoundException', `The check configuration ${id} does not exist.`);
    return found;
  };
  const connectionOf = ({ id }: Params): ServiceConnection => {
    const found = connections.get(id);
    if (!found) throw devOpsError(404, 'EndpointNotFoundException', `Service connection with id ${id} does not exist.`);
    return found;
  };
  const environmentOf = (id: string): Environment => {
    const found = environments.get(Number(id));
    if (!found) throw devOpsError(404, 'EnvironmentNotFoundException', `Environment with ID ${id} does not exist or has been deleted.`);
    return found;
  };

  const present = (environment: Environment) => ({ ...environment, project: addresses.project() });
  app.get<{ Querystring: Query }>('/distributedtask/environments', async ({ query }, reply) => page(environments.list().filter(({ name }) => query['name'] === undefined || name.toLowerCase() === query['name'].toLowerCase()).map(present), query, reply, organisation.inventory.pageSize));
  app.get<{ Params: Params }>('/distributedtask/environments/:id', async ({ params }) => present(environmentOf(params.id)));
  app.get<{ Params: Params; Querystring: Query }>('/distributedtask/environments/:id/environmentdeploymentrecords', async ({ params, query }) =>
    collection(environments.deployments(environmentOf(params.id).id).slice(0, Number(query['top'] ?? 25))),
  );

  const checks = '/pipelines/checks/configurations';
  app.get<{ Querystring: Query }>(checks, async ({ query }) => {
    if (query['resourceType'] !== 'environment' || query['resourceId'] === undefined) throw invalidArgument('resourceType and resourceId are required; checks of environments only.');
    return collection(configurations.of(Number(query['resourceId'])).map((configuration) => presentConfiguration(configuration, addresses, query['$expand'])));
  });
  app.get<{ Params: Params; Querystring: Query }>(`${checks}/:id`, async ({ params, query }) => presentConfiguration(configurationOf(params), addresses, query['$expand']));
  app.post(checks, async (request) => {
    requirePreview(request);
    const order = configurationSchema.parse(request.body);
    environmentOf(order.resource.id);
    connectionOf({ id: order.settings.inputs.connectedServiceName } as Params);
    request.markChanged();
    return presentConfiguration(configurations.create(order), addresses, 'settings');
  });
  app.patch<{ Params: Params }>(`${checks}/:id`, async (request) => {
    requirePreview(request);
    const replaced = configurations.replace(configurationOf(request.params), configurationSchema.parse(request.body));
    request.markChanged();
    return presentConfiguration(replaced, addresses, 'settings');
  });
  app.delete<{ Params: Params }>(`${checks}/:id`, async (request, reply) => {
    requirePreview(request);
    configurations.delete(configurationOf(request.params).id);
    request.markChanged();
    return reply.code(204).send();
  });

  app.get<{ Querystring: Query }>('/serviceendpoint/endpoints', async ({ query }) => {
    const names = query['endpointNames']?.split(',');
    const { type: wanted } = query;
    return collection(connections.list().filter(({ name, type }) => (names === undefined || names.includes(name)) && (wanted === undefined || type === wanted)).map(presentConnection));
  });
}

/** What the organisation's own address takes: writing service connections. */
export async function connectionRoutes(app: FastifyInstance, { connections }: CheckServices): Promise<void> {
  app.post('/endpoints', async (request) => {
    const order = serviceConnectionSchema.parse(request.body);
    if (connections.list().some(({ name }) => name.toLowerCase() === order.name.toLowerCase())) throw devOpsError(409, 'DuplicateServiceConnectionException', `Service connection with name ${order.name} already exists.`);
    const created = connections.create(order);
    request.markChanged();
    return presentConnection(created);
  });
  app.put<{ Params: Params }>('/endpoints/:id', async (request) => {
    const before = connections.get(request.params.id);
    if (!before) throw devOpsError(404, 'EndpointNotFoundException', `Service connection with id ${request.params.id} does not exist.`);
    const order = serviceConnectionSchema.parse(request.body);
    // A password that is not given stays as it was.
    order.authorization.parameters.password ??= before.authorization.parameters.password;
    request.markChanged();
    return presentConnection(connections.save({ id: before.id, ...order }));
  });
  app.delete<{ Params: Params; Querystring: Query }>('/endpoints/:id', async (request, reply) => {
    if (request.query['projectIds'] === undefined) throw invalidArgument('projectIds is required.');
    if (connections.delete(request.params.id)) request.markChanged();
    return reply.code(204).send();
  });
}

/** The run that waits: its build, timeline, changes, test runs, and the pull requests behind a commit. */
export async function stageBuildRoutes(app: FastifyInstance, { runs, builds, approvals, agent, stagedRuns, addresses, git, pullRequests }: CheckServices): Promise<void> {
  const runOf = ({ id }: Params): StageRun => {
    const found = runs.get(Number(id));
    if (!found) throw devOpsError(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`);
    return found;
  };

  app.get<{ Params: Params }>('/build/builds/:id', async ({ params }) => {
    const build = builds.get(Number(params.id));
    return build ? presentBuild(agent.settle(build), addresses) : presentStageBuild(runOf(params), addresses);
  });
  app.get<{ Params: Params }>('/build/builds/:id/timeline', async ({ params }, reply) => {
    const build = builds.get(Number(params.id));
    if (!build) return { id: runOf(params).timelineId, records: stageRecords(runOf(params)) };
    const staged = stagedRuns.get(build.id);
    if (staged?.isDeleted) return reply.code(204).send();
    return { id: `timeline-${build.id}`, records: [...(staged ? stagedRuns.records(staged) : []), ...approvals.list().filter(({ buildId }) => buildId === build.id).flatMap(approvalRecords)] };
  });
  app.get<{ Params: Params }>('/build/builds/:id/changes', async ({ params }) => {
    const { sourceVersion } = runOf(params);
    const commit = git.get(sourceVersion);
    return collection(commit ? [{ id: commit.commitId, message: commit.comment, type: 'TfsGit', author: { displayName: commit.author, uniqueName: commit.author }, timestamp: commit.date }] : []);
  });
  app.get<{ Querystring: Query }>('/test/runs', async ({ query }) => {
    const run = runs.get(Number(/(\d+)$/.exec(query['buildUri'] ?? '')?.[1]));
    const tests = run?.tests ?? null;
    return collection(tests === null ? [] : [{ id: 1, name: 'tests', state: 'Completed', totalTests: tests.total, passedTests: tests.passed, incompleteTests: 0, notApplicableTests: 0, unanalyzedTests: tests.total - tests.passed }]);
  });

  const querySchema = z.object({ queries: z.array(z.object({ type: z.enum(['lastMergeCommit', 'commit']), items: z.array(z.string()).min(1) })).min(1) });
  app.post<{ Params: { repository: string } }>('/git/repositories/:repository/pullrequestquery', async (request) => {
    const { queries } = querySchema.parse(request.body);
    const find = (commitId: string) => pullRequests.list().filter((pullRequest) => pullRequest.mergeCommit === commitId || pullRequest.sourceCommit === commitId);
    return { queries, results: queries.map(({ items }) => Object.fromEntries(items.map((commitId) => [commitId, find(commitId).map((pullRequest) => presentPullRequest(pullRequest, addresses))]))) };
  });
}

/** The plan of a waiting check: decisions, records of its timeline, logs. */
export async function planRoutes(app: FastifyInstance, { runs, evaluations, store, tokens }: CheckServices): Promise<void> {
  const plan = '/distributedtask/hubs/:hub/plans/:planId';
  const runOf = ({ planId }: Params): StageRun => {
    const found = runs.byPlan(planId);
    if (!found) throw devOpsError(404, 'TaskOrchestrationPlanNotFoundException', `No plan found for identifier ${planId}.`);
    return found;
  };
  /** A job's token serves its own plan only. */
  const requireOwnPlan = ({ headers }: FastifyRequest, { planId }: StageRun): void => {
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    const claims = bearer === undefined ? undefined : tokens.verify(bearer, AUDIENCE.azureDevOps);
    const tokensPlan = typeof claims === 'object' ? evaluations.planOf(claims.jti) : undefined;
    const { serviceCredentialCompletes } = store.get<CheckSettings>(SETTINGS, 'current') ?? { serviceCredentialCompletes: true };
    if (tokensPlan === undefined ? serviceCredentialCompletes : tokensPlan === planId) return;
    throw devOpsError(403, 'TaskOrchestrationPlanSecurityException', `Access denied: the identity needs permission for plan ${planId}.`);
  };

  const eventSchema = z.object({ name: z.literal('TaskCompleted'), taskId: z.string(), jobId: z.string(), result: z.enum(['succeeded', 'failed']) });
  app.post<{ Params: Params }>(`${plan}/events`, async (request, reply) => {
    const run = runOf(request.params);
    requireOwnPlan(request, run);
    const { taskId, jobId, result } = eventSchema.parse(request.body);
    const check = run.checks.find((other) => other.jobId === jobId && other.taskInstanceId === taskId);
    if (!check) throw devOpsError(404, 'TaskOrchestrationJobNotFoundException', `A job with identifier ${jobId} was not found in plan ${run.planId}.`);
    if (check.state === 'completed' || run.result !== null) throw devOpsError(400, 'TaskOrchestrationPlanTerminatedException', `The orchestration plan ${run.planId} has already been completed.`);
    evaluations.complete(run, check, result);
    request.markChanged();
    return reply.code(200).send();
  });

  const records = `${plan}/timelines/:timelineId/records`;
  app.get<{ Params: Params }>(records, async (request) => {
    const run = runOf(request.params);
    requireOwnPlan(request, run);
    return collection(checkRecords(run.checks));
  });
  const patchSchema = z.object({ value: z.array(z.object({ id: z.string(), log: z.object({ id: z.number().int() }).optional() })).min(1) });
  app.patch<{ Params: Params }>(records, async (request) => {
    const run = runOf(request.params);
    requireOwnPlan(request, run);
    for (const { id, log } of patchSchema.parse(request.body).value) {
      const check = run.checks.find(({ taskInstanceId }) => taskInstanceId === id);
      if (check && log) check.logId = log.id;
    }
    runs.save(run);
    request.markChanged();
    return collection(checkRecords(run.checks));
  });
  app.post<{ Params: Params }>(`${plan}/logs`, async (request) => {
    const run = runOf(request.params);
    requireOwnPlan(request, run);
    const id = store.next('check-logs');
    store.put('check-logs', String(id), { planId: run.planId, text: '' });
    request.markChanged();
    return { id, path: (request.body as { path?: string }).path ?? '', lineCount: 0 };
  });
  app.post<{ Params: Params }>(`${plan}/logs/:logId`, async (request) => {
    const run = runOf(request.params);
    requireOwnPlan(request, run);
    const log = store.get<{ planId: string; text: string }>('check-logs', request.params.logId);
    if (log?.planId !== run.planId) throw devOpsError(404, 'TaskOrchestrationPlanLogNotFoundException', `No log found for identifier ${request.params.logId}.`);
    const text = log.text + request.rawBody.toString('utf8');
    store.put('check-logs', request.params.logId, { ...log, text });
    request.markChanged();
    return { id: Number(request.params.logId), lineCount: text.split('\n').length };
  });
}

/** Resources under preview are written only with a preview version. */
function requirePreview({ query }: FastifyRequest): void {
  const version = (query as Query)['api-version'] ?? '';
  if (/-preview/.test(version)) return;
  throw devOpsError(400, 'VssInvalidPreviewVersionException', `The requested version "${version}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${version}-preview"`);
}
