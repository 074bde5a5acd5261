import type { FastifyInstance } from 'fastify';
import { armError } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import type { ArmContext } from './arm-context.ts';
import { assetIdOf } from './asset-uri.ts';
import { checkName } from './names.ts';
import type { OperationError } from './operations.ts';
import { page } from './paging.ts';
import { deleteProvisioned, patchProvisioned, putProvisioned, settleProvisioning } from './provisioning.ts';
import type { ArmBody, ArmResource } from './resources.ts';
import { WORKSPACE } from './routes.ts';

type Endpoint = { Params: { workspace: string; endpoint: string; deployment: string }; Body: ArmBody };

const ENDPOINTS = `${WORKSPACE}/batchEndpoints`;
const DEPLOYMENTS = `${ENDPOINTS}/:endpoint/deployments`;

/** Batch endpoints and their deployments. */
export function batchEndpointRoutes(app: FastifyInstance, context: ArmContext): void {
  settleProvisioning(context, 'batchEndpoint', (endpoint) => missingDefault(context, endpoint));
  settleProvisioning(context, 'batchDeployment', (deployment) => missingAsset(context, deployment));
  endpointRoutes(app, context);
  deploymentRoutes(app, context);
}

function endpointRoutes(app: FastifyInstance, context: ArmContext): void {
  const { sandbox, resources } = context;
  const idOf = ({ workspace, endpoint }: Endpoint['Params']) => machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpoint}`);
  /** The scoring address holds the port, which is known only while answering. */
  const addressed = (endpoint: ArmResource, workspace: string) => {
    const scoringUri = `${sandbox.baseUrl()}/scoring/${workspace}/${endpoint.name}/jobs`;
    return { ...endpoint, properties: { ...endpoint.properties, scoringUri } };
  };

  app.get<Endpoint>(ENDPOINTS, async (request) => {
    const { workspace } = request.params;
    const endpoints = resources.children(machineLearningId(`workspaces/${workspace}`), 'batchEndpoints');
    return page(sandbox, request, endpoints.map((endpoint) => addressed(endpoint, workspace)));
  });
  app.get<Endpoint>(`${ENDPOINTS}/:endpoint`, async ({ params }) => addressed(find(context, idOf(params)), params.workspace));
  app.put<Endpoint>(`${ENDPOINTS}/:endpoint`, async (request, reply) => {
    checkName(request.params.endpoint);
    return putProvisioned(context, request, reply, { kind: 'batchEndpoint', id: idOf(request.params) });
  });
  app.patch<Endpoint>(`${ENDPOINTS}/:endpoint`, async (request, reply) => {
    const former = find(context, idOf(request.params));
    return patchProvisioned(context, request, reply, { kind: 'batchEndpoint', former, patchable: 'identity' });
  });
  app.delete<Endpoint>(`${ENDPOINTS}/:endpoint`, async (request, reply) =>
    deleteProvisioned(context, request, reply, 'batchEndpoint', idOf(request.params)),
  );
}

function deploymentRoutes(app: FastifyInstance, context: ArmContext): void {
  const endpointId = ({ workspace, endpoint }: Endpoint['Params']) => machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpoint}`);
  const idOf = (params: Endpoint['Params']) => `${endpointId(params)}/deployments/${params.deployment}`;

  app.get<Endpoint>(DEPLOYMENTS, async (request) => {
    find(context, endpointId(request.params));
    return page(context.sandbox, request, context.resources.children(endpointId(request.params), 'deployments'));
  });
  app.get<Endpoint>(`${DEPLOYMENTS}/:deployment`, async ({ params }) => find(context, idOf(params)));
  app.put<Endpoint>(`${DEPLOYMENTS}/:deployment`, async (request, reply) => {
    checkName(request.params.deployment);
    find(context, endpointId(request.params));
    return putProvisioned(context, request, reply, { kind: 'batchDeployment', id: idOf(request.params) });
  });
  app.patch<Endpoint>(`${DEPLOYMENTS}/:deployment`, async (request, reply) => {
    const former = find(context, idOf(request.params));
    return patchProvisioned(context, request, reply, { kind: 'batchDeployment', former, patchable: 'description' });
  });
  app.delete<Endpoint>(`${DEPLOYMENTS}/:deployment`, async (request, reply) =>
    deleteProvisioned(context, request, reply, 'batchDeployment', idOf(request.params)),
  );
}

function find({ resources }: ArmContext, id: string): ArmResource {
  const resource = resources.get(id);
  if (!resource) throw armError(404, 'ResourceNotFound', `The resource '${id.slice(id.indexOf('/batchEndpoints/'))}' was not found.`);
  return resource;
}

function missingDefault({ resources }: ArmContext, endpoint: ArmResource): OperationError | undefined {
  const name = (endpoint.properties['defaults'] as { deploymentName?: string } | undefined)?.deploymentName;
  if (!name || resources.get(`${endpoint.id}/deployments/${name}`)) return undefined;
  return { code: 'ResourceNotFound', message: `The default deployment ${name} does not exist.` };
}

function missingAsset({ resources }: ArmContext, { id, properties }: ArmResource): OperationError | undefined {
  const reference = (properties['model'] as { assetId?: string } | undefined)?.assetId ?? '';
  const workspace = /\/workspaces\/([^/]+)/.exec(id)?.[1] ?? '';
  const assetId = assetIdOf(resources, reference, workspace);
  const asset = assetId && resources.get(assetId);
  if (asset && (asset.properties['provisioningState'] ?? 'Succeeded') === 'Succeeded') return undefined;
  return { code: 'ModelRegistryError', message: `Could not find asset with ID: ${reference}` };
}
