import type { FastifyInstance } from 'fastify';
import { armError, VendorError } from '../core/context.ts';
import { comeAgain, operationPath } from './operations.ts';
import type { Operation, OperationFamily } from './operations.ts';
import type { ArmContext } from './arm-context.ts';

const FAMILIES: OperationFamily[] = ['mfeOperations', 'registryOperations'];

/** Where clients follow long-running operations: by status (Azure-AsyncOperation) and by result (Location). */
export function operationRoutes(app: FastifyInstance, { operations, resources }: ArmContext): void {
  const find = (name: string): Operation => {
    const operation = operations.get(name);
    if (!operation) throw armError(404, 'OperationNotFound', `The operation ${name} was not found.`);
    return operation;
  };

  for (const family of FAMILIES) {
    app.get<{ Params: { name: string } }>(`${operationPath(family, 'Status')}/:name`, async (request, reply) => {
      const { name, status, startTime, endTime, error } = find(request.params.name);
      if (status === 'InProgress') comeAgain(reply);
      return { id: `${operationPath(family, 'Status')}/${name}`, name, status, startTime, endTime, error };
    });

    app.get<{ Params: { name: string } }>(`${operationPath(family, 'Results')}/:name`, async (request, reply) => {
      const { name, status, resourceId, error } = find(request.params.name);
      if (status === 'InProgress') {
        return comeAgain(reply).code(202).header('location', `${request.protocol}://${request.host}${request.url}`).send();
      }
      if (status !== 'Succeeded') throw new VendorError(status === 'Canceled' ? 409 : 400, { error: error ?? { code: status, message: name } });
      const resource = resources.get(resourceId);
      return resource ? reply.send(resource) : reply.code(204).send();
    });
  }
}
