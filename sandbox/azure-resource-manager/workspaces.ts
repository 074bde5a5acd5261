import type { FastifyInstance } from 'fastify';
import { armError } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import type { ArmContext } from './arm-context.ts';
import { page } from './paging.ts';
import { PROVIDER, WORKSPACE } from './routes.ts';
import type { ArmResource } from './resources.ts';



type Named = { Params: { name: string; workspace: string } };

/** Reading of workspaces, registries, computes and datastores, which the stand-in's seed makes and no request changes. */
export function workspaceRoutes(app: FastifyInstance, { sandbox, resources }: ArmContext): void {
  const group = machineLearningId('').slice(0, -1);
  const find = (id: string): ArmResource => {
    const resource = resources.get(id);
    if (!resource) throw armError(404, 'ResourceNotFound', `The Resource '${id.slice(group.length + 1)}' was not found.`);
    return resource;
  };
  /** The tracking and discovery addresses hold the port, which is known only while answering. */
  const addressed = (workspace: ArmResource): ArmResource => {
    const { host, origin } = new URL(sandbox.baseUrl());
    const addresses = { mlFlowTrackingUri: `azureml://${host}/mlflow/v1.0${workspace.id}`, discoveryUrl: `${origin}/discovery` };
    return { ...workspace, properties: { ...workspace.properties, ...addresses } };
  };

  app.get(`${PROVIDER}/workspaces`, async (request) => page(sandbox, request, resources.children(group, 'workspaces').map(addressed)));
  app.get<Named>(`${PROVIDER}/workspaces/:name`, async ({ params }) => addressed(find(`${group}/workspaces/${params.name}`)));
  app.get(`${PROVIDER}/registries`, async (request) => page(sandbox, request, resources.children(group, 'registries')));
  app.get<Named>(`${PROVIDER}/registries/:name`, async ({ params }) => find(`${group}/registries/${params.name}`));

  for (const kind of ['computes', 'datastores']) {
    const path = `${WORKSPACE}/${kind}`;
    app.get<Named>(path, async (request) => page(sandbox, request, resources.children(`${group}/workspaces/${request.params.workspace}`, kind)));
    app.get<Named>(`${path}/:name`, async ({ params }) => find(`${group}/workspaces/${params.workspace}/${kind}/${params.name}`));
  }
}
