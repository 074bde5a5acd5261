import type { FastifyInstance } from 'fastify';
import { page } from '../azure-resource-manager/paging.ts';
import type { ArmResource } from '../azure-resource-manager/resources.ts';
import { armError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { AUDIENCE, machineLearningId } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import { readInvocation } from './invocation.ts';
import { submitScoring } from './submission.ts';

type Scored = { Params: { workspace: string; endpoint: string; name: string } };

/**
 * Batch scoring: the address that an endpoint gives as scoringUri, and the listing of an endpoint's jobs. Each POST makes a job;
 * nothing is recognised as a repetition.
 */
export async function batchScoringPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  const { resources, jobs } = context;
  app.addHook('onRequest', tokenGuard(context.tokens, { audience: AUDIENCE.machineLearning }));
  const endpointOf = ({ workspace, endpoint }: Scored['Params']): ArmResource => {
    const found = resources.get(machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpoint}`));
    if (!found) throw armError(404, 'NotFound', `The batch endpoint ${endpoint} was not found.`);
    return found;
  };
  const withStatus = (job: ArmResource, workspace: string): ArmResource => {
    const run = jobs.runs.get(workspace, job.name);
    return { ...job, properties: { ...job.properties, status: run?.status, startTime: run?.startTimeUtc, endTime: run?.endTimeUtc } };
  };
  const jobsOf = (params: Scored['Params']): ArmResource[] => {
    const { id } = endpointOf(params);
    const all = resources.children(machineLearningId(`workspaces/${params.workspace}`), 'jobs');
    return all.filter(({ properties }) => properties['batchEndpointArmId'] === id).map((job) => withStatus(job, params.workspace));
  };

  app.post<Scored>('/scoring/:workspace/:endpoint/jobs', async (request, reply) => {
    const { workspace } = request.params;
    const endpoint = endpointOf(request.params);
    const header = request.headers['azureml-model-deployment'];
    const job = submitScoring(context, { workspace, endpoint, deployment: typeof header === 'string' ? header : undefined, invocation: readInvocation(request.body), fault: request.operationFault });
    request.markChanged();
    return reply.code(201).send(withStatus(job, workspace));
  });
  app.get<Scored>('/scoring/:workspace/:endpoint/jobs', async (request) => page(context, request, jobsOf(request.params)));
  app.get<Scored>('/scoring/:workspace/:endpoint/jobs/:name', async ({ params }) => {
    const job = jobsOf(params).find(({ name }) => name === params.name);
    if (!job) throw armError(404, 'NotFound', `The job ${params.name} was not found.`);
    return job;
  });

  const listing = `/mferp/managementfrontend${machineLearningId('workspaces/:workspace')}/batchEndpoints/:endpoint/jobs`;
  app.get<Scored>(listing, async (request) => page(context, request, jobsOf(request.params)));
}
