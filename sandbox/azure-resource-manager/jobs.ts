import type { FastifyInstance } from 'fastify';
import { armError } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import { isTerminal } from '../jobs/job-runs.ts';
import type { ArmContext } from './arm-context.ts';
import { selectListed } from './asset-listing.ts';
import type { ListingQuery } from './asset-listing.ts';
import { planOf } from './command-job.ts';
import { checkName } from './names.ts';
import { followByResult, forcedEnd } from './operations.ts';
import type { Operation } from './operations.ts';
import { page } from './paging.ts';
import { overQuota } from './quotas.ts';
import { sameDefinition } from './resources.ts';
import type { ArmBody, ArmResource } from './resources.ts';
import { WORKSPACE } from './routes.ts';

type Job = { Params: { workspace: string; name: string }; Body: ArmBody; Querystring: ListingQuery };

/** What may change in a job that exists. */
const MUTABLE_PROPERTIES = ['tags', 'description', 'displayName', 'isArchived'];

/** Jobs of a workspace: command jobs are created here, those of batch endpoints are shown too. */
export function jobRoutes(app: FastifyInstance, context: ArmContext): void {
  readingRoutes(app, context);
  writingRoutes(app, context);
}

function readingRoutes(app: FastifyInstance, context: ArmContext): void {
  app.get<Job>(`${WORKSPACE}/jobs`, async (request) => {
    const { workspace } = request.params;
    const { jobType } = request.query;
    const jobs = context.resources.children(machineLearningId(`workspaces/${workspace}`), 'jobs');
    const selected = selectListed(jobs, request.query).filter(({ properties }) => !jobType || properties['jobType'] === jobType);
    return page(context.sandbox, request, selected.map((job) => withStatus(context, workspace, job)));
  });
  app.get<Job>(`${WORKSPACE}/jobs/:name`, async ({ params }) => withStatus(context, params.workspace, find(context, params)));
}

function writingRoutes(app: FastifyInstance, context: ArmContext): void {
  const { sandbox, resources, operations } = context;
  operations.settleBy('cancelJob', (operation) => settleCancel(context, operation));
  operations.settleBy('deleteJob', (operation) => {
    const end = forcedEnd(operation) ?? { status: 'Succeeded' };
    const { workspace, name } = partsOf(operation.resourceId);
    if (end.status === 'Succeeded') {
      resources.delete(operation.resourceId);
      sandbox.jobs.runs.delete(workspace, name);
    }
    return end;
  });

  app.put<Job>(`${WORKSPACE}/jobs/:name`, async (request, reply) => {
    const { workspace, name } = request.params;
    checkName(name);
    const former = resources.get(idOf(request.params));
    if (former) {
      if (sameDefinition(former, request.body)) return withStatus(context, workspace, former);
      if (!sameDefinition(former, request.body, MUTABLE_PROPERTIES)) {
        throw armError(400, 'UserError', `A job with this name already exists. If you are trying to create a new job, use a different name.`);
      }
    }
    const plan = planOf(request.body, name);
    const full = former ? null : overQuota(context, machineSize(context, plan.computeId));
    if (full?.over === 'refuse') throw armError(400, 'UserError', full.message);
    request.markChanged();
    const written = resources.write(idOf(request.params), request.body);
    if (full !== null) sandbox.jobs.paces.add({ match: `^${workspace}/${name}$`, durationMs: 0, dies: { at: 0, message: `ComputeError: ${full.message}` }, times: 1 });
    if (!former) sandbox.jobs.submit(workspace, name, plan, request.operationFault);
    return reply.code(former ? 200 : 201).send(withStatus(context, workspace, written));
  });

  app.post<Job>(`${WORKSPACE}/jobs/:name/cancel`, async (request, reply) => {
    const { workspace, name } = request.params;
    find(context, request.params);
    const run = sandbox.jobs.runs.get(workspace, name);
    if (run && isTerminal(run.status)) return reply.code(200).send();
    const end = request.operationFault;
    if (!end) sandbox.jobs.cancel(workspace, name);
    request.markChanged();
    const operation = operations.start({ family: 'mfeOperations', action: 'cancelJob', resourceId: idOf(request.params), forcedEnd: end });
    return followByResult(sandbox, reply, operation).send();
  });

  app.delete<Job>(`${WORKSPACE}/jobs/:name`, async (request, reply) => {
    const { workspace, name } = request.params;
    if (!resources.get(idOf(request.params))) return reply.code(204).send();
    const run = sandbox.jobs.runs.get(workspace, name);
    if (run && !isTerminal(run.status)) throw armError(409, 'Conflict', `The job ${name} is ${run.status}; cancel it first.`);
    request.markChanged();
    const operation = operations.start({
      family: 'mfeOperations',
      action: 'deleteJob',
      resourceId: idOf(request.params),
      forcedEnd: request.operationFault,
    });
    return followByResult(sandbox, reply, operation).send();
  });
}

/** A cancellation has succeeded when the job has ended, however it ended. */
function settleCancel({ sandbox }: ArmContext, operation: Operation) {
  const { workspace, name } = partsOf(operation.resourceId);
  const run = sandbox.jobs.runs.get(workspace, name);
  const ended = !run || isTerminal(run.status);
  return forcedEnd(operation) ?? (ended ? ({ status: 'Succeeded' } as const) : undefined);
}

function withStatus({ sandbox }: ArmContext, workspace: string, job: ArmResource): ArmResource {
  const status = sandbox.jobs.runs.get(workspace, job.name)?.status ?? 'Unknown';
  return { ...job, properties: { ...job.properties, status } };
}

function find({ resources }: ArmContext, params: Job['Params']): ArmResource {
  const job = resources.get(idOf(params));
  if (!job) throw armError(404, 'ResourceNotFound', `The job ${params.name} was not found.`);
  return job;
}

/** Of the machines of a compute; undefined where it is not known. */
function machineSize({ resources }: ArmContext, computeId: string): string | undefined {
  return (resources.get(computeId)?.properties['properties'] as { vmSize?: string } | undefined)?.vmSize;
}

function idOf({ workspace, name }: Job['Params']): string {
  return machineLearningId(`workspaces/${workspace}/jobs/${name}`);
}

function partsOf(id: string): Job['Params'] {
  const [, workspace = '', name = ''] = /\/workspaces\/([^/]+)\/jobs\/([^/]+)$/.exec(id) ?? [];
  return { workspace, name };
}
