import type { FastifyInstance } from 'fastify';
import { refuseByField } from '../../control/refusal.ts';
import type { Environments } from '../checks/environments.ts';
import { inventorySchema, type Organisation } from './inventory.ts';

/** What tests order of a project that is to be imported. */
export async function organisationControl(app: FastifyInstance, { organisation, environments }: { organisation: Organisation; environments: Environments }): Promise<void> {
  refuseByField(app);
  app.post('/_sandbox/organisation', async (request, reply) => {
    organisation.order(inventorySchema.parse(request.body ?? {}), (name) => (environments.list().find((known) => known.name === name) ?? environments.create(name, '')).id);
    return reply.code(201).send({});
  });
}
