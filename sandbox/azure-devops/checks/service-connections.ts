import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Store } from '../../core/store.ts';

/** The body of a POST or PUT; of whatever type, but only with basic authentication. */
export const serviceConnectionSchema = z.object({
  name: z.string().min(1),
  type: z.string().min(1),
  url: z.url(),
  description: z.string().optional(),
  authorization: z.object({ scheme: z.literal('UsernamePassword'), parameters: z.object({ username: z.string(), password: z.string().nullable() }) }),
  serviceEndpointProjectReferences: z.array(z.object({ name: z.string(), projectReference: z.object({ id: z.string(), name: z.string().optional() }) })).min(1),
});

export interface ServiceConnection extends z.infer<typeof serviceConnectionSchema> {
  id: string;
}

const CONNECTIONS = 'service-connections';

/** Service connections: where an Invoke REST API check sends its request, and as whom. */
export class ServiceConnections {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  list(): ServiceConnection[] {
    return this.#store.list<ServiceConnection>(CONNECTIONS);
  }

  get(id: string): ServiceConnection | undefined {
    return this.#store.get<ServiceConnection>(CONNECTIONS, id);
  }

  create(order: z.infer<typeof serviceConnectionSchema>): ServiceConnection {
    return this.save({ id: randomUUID(), ...order });
  }

  save(connection: ServiceConnection): ServiceConnection {
    this.#store.put(CONNECTIONS, connection.id, connection);
    return connection;
  }

  delete(id: string): boolean {
    return this.#store.delete(CONNECTIONS, id);
  }
}

/** As the API gives it out: never with its password. */
export function presentConnection({ authorization, ...connection }: ServiceConnection): object {
  const { scheme, parameters } = authorization;
  return { ...connection, authorization: { scheme, parameters: { username: parameters.username, password: null } }, isReady: true, isShared: false, owner: 'library' };
}
