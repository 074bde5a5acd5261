import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { armError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { AUDIENCE, LOCATION, machineLearningId, RESOURCE_GROUP, SUBSCRIPTION_ID } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import type { Resources } from './resources.ts';

const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
/** Registries came with this version of the API. */
const FIRST_REGISTRY_VERSION = '2023-04-01';

/** What Azure Resource Manager asks of and adds to every request, before a resource provider sees it. */
export function applyRequestRules(app: FastifyInstance, sandbox: SandboxContext, resources: Resources): void {
  app.addHook('onRequest', async (request, reply) => addHeaders(request, reply, sandbox));
  app.addHook('onRequest', tokenGuard(sandbox.tokens, { audience: AUDIENCE.resourceManager }));
  app.addHook('onRequest', async (request) => checkApiVersion(request));
  app.addHook('preHandler', async (request) => checkParents(request, resources));
}

function addHeaders(request: FastifyRequest, reply: FastifyReply, { clock }: SandboxContext): void {
  const stamp = clock.iso().replaceAll(/[-:]|\.\d+/g, '');
  const correlation = randomUUID();
  reply.headers({
    'x-ms-correlation-request-id': correlation,
    'x-ms-routing-request-id': `${LOCATION.toUpperCase()}:${stamp}:${correlation}`,
    'cache-control': 'no-cache',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  });
  const clientRequestId = request.headers['x-ms-client-request-id'];
  if (typeof clientRequestId === 'string') reply.header('x-ms-client-request-id', clientRequestId);
}

function checkApiVersion(request: FastifyRequest): void {
  const version = (request.query as Record<string, string | undefined>)['api-version'];
  if (!version) {
    const message = 'The api-version query parameter (?api-version=) is required for all requests.';
    throw armError(400, 'MissingApiVersionParameter', message);
  }
  if (!API_VERSION.test(version)) throw armError(400, 'InvalidApiVersionParameter', `The api-version '${version}' is invalid.`);
  if (request.url.includes('/registries/') && version < FIRST_REGISTRY_VERSION) {
    const message = `No registered resource provider found for location '${LOCATION}' and API version '${version}' for type 'registries'.`;
    throw armError(400, 'NoRegisteredProviderFound', message);
  }
}

interface ScopeParameters {
  subscription?: string;
  resourceGroup?: string;
  workspace?: string;
  registry?: string;
}

/** Answers 404 for anything inside a subscription, resource group, workspace or registry that does not exist. */
function checkParents(request: FastifyRequest, resources: Resources): void {
  const { subscription, resourceGroup, workspace, registry } = request.params as ScopeParameters;
  if (subscription !== undefined && subscription !== SUBSCRIPTION_ID) {
    throw armError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
  }
  if (resourceGroup !== undefined && resourceGroup !== RESOURCE_GROUP) {
    throw armError(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`);
  }
  const parent = workspace === undefined ? registry : workspace;
  if (parent === undefined) return;
  const kind = workspace === undefined ? 'registries' : 'workspaces';
  if (resources.get(machineLearningId(`${kind}/${parent}`))) return;
  const message = `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`;
  throw armError(404, 'ParentResourceNotFound', message);
}
