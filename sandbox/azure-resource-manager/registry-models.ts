import type { FastifyInstance } from 'fastify';
import { armError } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import type { ArmContext } from './arm-context.ts';
import { selectListed } from './asset-listing.ts';
import type { ListingQuery } from './asset-listing.ts';
import { blobNameOf, registryFolder } from './asset-uri.ts';
import { findAsset, refuseNewContent, writeVersion } from './assets.ts';
import { checkName, checkVersion } from './names.ts';
import { followByResult, followByStatus, forcedEnd } from './operations.ts';
import type { Operation, OperationEnd } from './operations.ts';
import { page } from './paging.ts';
import { refuseWhileProvisioning } from './provisioning.ts';
import { sameDefinition } from './resources.ts';
import type { ArmBody } from './resources.ts';
import { REGISTRY } from './routes.ts';

type Version = { Params: { registry: string; name: string; version: string }; Body: ArmBody; Querystring: ListingQuery };

/** The model versions of a registry. Unlike those of a workspace they are written by a long-running operation, which copies the files. */
export function registryModelRoutes(app: FastifyInstance, context: ArmContext): void {
  const { sandbox, resources, operations } = context;
  const containerOf = ({ registry, name }: Version['Params']) => machineLearningId(`registries/${registry}/models/${name}`);
  const idOf = (params: Version['Params']) => `${containerOf(params)}/versions/${params.version}`;
  operations.settleBy('promoteModel', (operation) => settlePromotion(context, operation));
  operations.settleBy('deleteRegistryModel', (operation) => settleDeletion(context, operation));

  app.get<Version>(`${REGISTRY}/models`, async (request) => {
    const containers = resources.children(machineLearningId(`registries/${request.params.registry}`), 'models');
    return page(sandbox, request, selectListed(containers, request.query));
  });
  app.get<Version>(`${REGISTRY}/models/:name`, async ({ params }) => findAsset(resources, containerOf(params)));
  app.get<Version>(`${REGISTRY}/models/:name/versions`, async (request) => {
    findAsset(resources, containerOf(request.params));
    return page(sandbox, request, selectListed(resources.children(containerOf(request.params), 'versions'), request.query));
  });
  app.get<Version>(`${REGISTRY}/models/:name/versions/:version`, async ({ params }) => findAsset(resources, idOf(params)));

  app.put<Version>(`${REGISTRY}/models/:name/versions/:version`, async (request, reply) => {
    checkName(request.params.name);
    checkVersion(request.params.version);
    if (typeof request.body?.properties?.['modelUri'] !== 'string') throw armError(400, 'UserError', 'The model URI is required.');
    const former = resources.get(idOf(request.params));
    refuseWhileProvisioning(former);
    const usable = former?.properties['provisioningState'] === 'Succeeded';
    if (former && usable && sameDefinition(former, request.body)) return former;
    if (usable) refuseNewContent(former, request.body);
    request.markChanged();
    const written = writeVersion(resources, idOf(request.params), request.body, { provisioningState: former ? 'Updating' : 'Creating' });
    const operation = operations.start({
      family: 'registryOperations',
      action: 'promoteModel',
      resourceId: written.id,
      forcedEnd: request.operationFault,
    });
    return followByStatus(sandbox, reply, operation).code(former ? 200 : 201).send(written);
  });

  app.delete<Version>(`${REGISTRY}/models/:name/versions/:version`, async (request, reply) => {
    const former = resources.get(idOf(request.params));
    if (!former) return reply.code(204).send();
    refuseWhileProvisioning(former);
    request.markChanged();
    resources.set(former.id, { provisioningState: 'Deleting' });
    const operation = operations.start({
      family: 'registryOperations',
      action: 'deleteRegistryModel',
      resourceId: former.id,
      forcedEnd: request.operationFault,
    });
    return followByResult(sandbox, reply, operation).send();
  });
}

function settlePromotion({ sandbox, resources }: ArmContext, operation: Operation): OperationEnd {
  const end = forcedEnd(operation) ?? copyFiles(sandbox.blobs, resources, operation.resourceId);
  resources.set(operation.resourceId, { provisioningState: end.status });
  return end;
}

function copyFiles(blobs: ArmContext['sandbox']['blobs'], resources: ArmContext['resources'], id: string): OperationEnd {
  const [, registry = '', name = '', version = ''] = /\/registries\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/.exec(id) ?? [];
  const uri = String(resources.get(id)?.properties['modelUri']);
  const source = blobNameOf(resources, uri, '');
  const copied = source === undefined ? 0 : blobs.copyFolder(source, registryFolder(registry, name, version));
  if (copied > 0) return { status: 'Succeeded' };
  return { status: 'Failed', error: { code: 'ModelRegistryError', message: `Could not find asset with ID: ${uri}` } };
}

function settleDeletion({ sandbox, resources }: ArmContext, operation: Operation): OperationEnd {
  const end = forcedEnd(operation) ?? { status: 'Succeeded' };
  if (end.status !== 'Succeeded') {
    resources.set(operation.resourceId, { provisioningState: 'Succeeded' });
    return end;
  }
  const [, registry = '', name = '', version = ''] = /\/registries\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/.exec(operation.resourceId) ?? [];
  for (const { name: blob } of sandbox.blobs.list(`${registryFolder(registry, name, version)}/`)) sandbox.blobs.delete(blob);
  resources.delete(operation.resourceId);
  return end;
}
