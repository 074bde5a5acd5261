import type { FastifyInstance } from 'fastify';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError } from '../errors.ts';
import type { Deliveries, Delivery } from './deliveries.ts';
import { presentSubscription, type Subscription, type Subscriptions, subscriptionSchema } from './subscriptions.ts';

export interface ServiceHookServices {
  subscriptions: Subscriptions;
  deliveries: Deliveries;
  addresses: Addresses;
}

type Params = { subscriptionId: string };

/** Service-hook subscriptions of the organisation and the notifications that they got. */
export async function serviceHookRoutes(app: FastifyInstance, { subscriptions, deliveries, addresses }: ServiceHookServices): Promise<void> {
  const one = '/subscriptions/:subscriptionId';
  const present = (subscription: Subscription) =>
    presentSubscription(subscription, `${addresses.organisation()}/_apis/hooks/subscriptions/${subscription.id}`);
  const find = ({ subscriptionId }: Params): Subscription => {
    const found = subscriptions.get(subscriptionId);
    if (!found) throw devOpsError(404, 'SubscriptionNotFoundException', `A subscription with id ${subscriptionId} was not found.`);
    return found;
  };

  app.get('/subscriptions', async () => collection(subscriptions.list().map(present)));
  app.get<{ Params: Params }>(one, async ({ params }) => present(find(params)));

  app.post('/subscriptions', async (request) => {
    const created = subscriptions.create(subscriptionSchema.parse(request.body));
    request.markChanged();
    return present(created);
  });

  app.put<{ Params: Params }>(one, async (request) => {
    const replaced = subscriptions.replace(find(request.params), subscriptionSchema.parse(request.body));
    request.markChanged();
    return present(replaced);
  });

  app.delete<{ Params: Params }>(one, async (request, reply) => {
    if (subscriptions.delete(request.params.subscriptionId)) request.markChanged();
    return reply.code(204).send();
  });

  app.get<{ Params: Params }>(`${one}/notifications`, async ({ params }) => collection(deliveries.of(find(params).id).map(presentNotification)));
}

function presentNotification({ notificationId, subscriptionId, event, state, attempts }: Delivery): object {
  return {
    id: notificationId,
    subscriptionId,
    eventId: event.id,
    status: state === 'queued' ? 'queued' : 'completed',
    result: state === 'queued' ? 'pending' : state,
    createdDate: event.createdDate,
    details: { eventType: event.eventType, requestAttempts: attempts.length, attempts },
  };
}
