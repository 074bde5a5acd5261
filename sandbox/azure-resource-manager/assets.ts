import type { FastifyInstance } from 'fastify';
import { armError } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import type { ArmContext } from './arm-context.ts';
import { selectListed } from './asset-listing.ts';
import type { ListingQuery } from './asset-listing.ts';
import { checkName, checkVersion } from './names.ts';
import { page } from './paging.ts';
import { sameDefinition } from './resources.ts';
import type { ArmBody, ArmResource, Resources } from './resources.ts';
import { WORKSPACE } from './routes.ts';

const KINDS = ['models', 'environments', 'data', 'codes', 'components'];

/** What may change in a version that exists; its content may not. */
export const MUTABLE_ASSET_PROPERTIES = ['tags', 'description', 'isArchived'];

type Asset = { Params: { workspace: string; name: string; version: string }; Body: ArmBody; Querystring: ListingQuery };

/** Models, environments, data, codes and components of a workspace: containers with versions. */
export function assetRoutes(app: FastifyInstance, context: ArmContext): void {
  for (const kind of KINDS) {
    containerRoutes(app, context, kind);
    versionRoutes(app, context, kind);
  }
}

function containerRoutes(app: FastifyInstance, { sandbox, resources }: ArmContext, kind: string): void {
  const path = `${WORKSPACE}/${kind}`;
  const idOf = ({ workspace, name }: Asset['Params']) => machineLearningId(`workspaces/${workspace}/${kind}/${name}`);

  app.get<Asset>(path, async (request) => {
    const containers = resources.children(machineLearningId(`workspaces/${request.params.workspace}`), kind);
    return page(sandbox, request, selectListed(containers, request.query));
  });
  app.get<Asset>(`${path}/:name`, async ({ params }) => findAsset(resources, idOf(params)));
  app.put<Asset>(`${path}/:name`, async (request, reply) => {
    checkName(request.params.name);
    const id = idOf(request.params);
    const former = resources.get(id);
    if (former && sameDefinition(former, request.body)) return former;
    request.markChanged();
    const { latestVersion, nextVersion } = former?.properties ?? {};
    return reply.code(former ? 200 : 201).send(resources.write(id, request.body, { latestVersion, nextVersion }));
  });
  app.delete<Asset>(`${path}/:name`, async (request, reply) => {
    if (!resources.get(idOf(request.params))) return reply.code(204).send();
    resources.delete(idOf(request.params));
    request.markChanged();
    return reply.code(200).send();
  });
}

function versionRoutes(app: FastifyInstance, { sandbox, resources }: ArmContext, kind: string): void {
  const path = `${WORKSPACE}/${kind}/:name/versions`;
  const containerOf = ({ workspace, name }: Asset['Params']) => machineLearningId(`workspaces/${workspace}/${kind}/${name}`);

  app.get<Asset>(path, async (request) => {
    findAsset(resources, containerOf(request.params));
    return page(sandbox, request, selectListed(resources.children(containerOf(request.params), 'versions'), request.query));
  });
  app.get<Asset>(`${path}/:version`, async ({ params }) => findAsset(resources, `${containerOf(params)}/versions/${params.version}`));
  app.put<Asset>(`${path}/:version`, async (request, reply) => {
    const { name, version } = request.params;
    checkName(name);
    checkVersion(version);
    const id = `${containerOf(request.params)}/versions/${version}`;
    const former = resources.get(id);
    if (former && sameDefinition(former, request.body)) return former;
    refuseNewContent(former, request.body);
    request.markChanged();
    const written = writeVersion(resources, id, request.body);
    return reply.code(former ? 200 : 201).send(written);
  });
  app.delete<Asset>(`${path}/:version`, async (request, reply) => {
    const id = `${containerOf(request.params)}/versions/${request.params.version}`;
    if (!resources.get(id)) return reply.code(204).send();
    resources.delete(id);
    request.markChanged();
    return reply.code(200).send();
  });
}

/** Writes a version and, where there is none yet, its container; the container knows the latest version. */
export function writeVersion(resources: Resources, id: string, body: ArmBody, set?: Record<string, unknown>): ArmResource {
  const [containerId = '', version = ''] = id.split('/versions/');
  if (!resources.get(containerId)) resources.write(containerId, { properties: { isArchived: false } });
  if (!resources.get(id)) resources.set(containerId, { latestVersion: version, nextVersion: String((Number.parseInt(version, 10) || 0) + 1) });
  return resources.write(id, body, set);
}

/** Answers 400 to a write that would change the content of a version. */
export function refuseNewContent(former: ArmResource | undefined, body: ArmBody): void {
  if (!former || sameDefinition(former, body, MUTABLE_ASSET_PROPERTIES)) return;
  const message = `The version ${former.name} of this asset already exists, and its content cannot be changed.`;
  throw armError(400, 'UserError', message);
}

export function findAsset(resources: Resources, id: string): ArmResource {
  const asset = resources.get(id);
  if (!asset) throw armError(404, 'ResourceNotFound', `The asset '${id.slice(id.indexOf('/providers/'))}' was not found.`);
  return asset;
}
