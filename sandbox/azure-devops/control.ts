import type { FastifyInstance } from 'fastify';
import { refuseByField } from '../control/refusal.ts';
import type { Clock } from '../core/clock.ts';
import { REPOSITORY, REPOSITORY_ID } from '../core/tenancy.ts';
import type { Addresses } from './addresses.ts';
import { pullRequestOrderSchema, type PullRequests } from './pull-requests/pull-requests.ts';
import { requirePullRequest } from './pull-requests/routes.ts';
import type { Deliveries } from './service-hooks/deliveries.ts';
import { eventsOf } from './service-hooks/events.ts';

/** What tests and the demo order of Azure DevOps: pull requests, and the delivery of their hooks once more. */
export async function azureDevOpsControl(
  app: FastifyInstance,
  { pullRequests, deliveries, clock, addresses }: { pullRequests: PullRequests; deliveries: Deliveries; clock: Clock; addresses: Addresses },
): Promise<void> {
  refuseByField(app);

  app.post('/_sandbox/pull-requests', async (request, reply) => {
    const order = pullRequestOrderSchema.parse(request.body);
    const pullRequest = pullRequests.create(order);
    if (order.deliver === true) for (const event of eventsOf(pullRequest, clock.iso(), addresses)) deliveries.publish(event);
    return reply.code(201).send({ pullRequestId: pullRequest.pullRequestId, repository: REPOSITORY, repositoryId: REPOSITORY_ID });
  });

  /** Completes an active one: its trial merge becomes the merge. */
  app.post<{ Params: { pullRequestId: string } }>('/_sandbox/pull-requests/:pullRequestId/complete', async ({ params }) => {
    const { pullRequestId, status } = pullRequests.complete(requirePullRequest(pullRequests, params));
    return { pullRequestId, status };
  });

  app.post<{ Params: { pullRequestId: string } }>('/_sandbox/pull-requests/:pullRequestId/deliver', async ({ params }) => {
    const pullRequest = requirePullRequest(pullRequests, params);
    const again = deliveries.redeliver(`pull-request:${pullRequest.pullRequestId}`);
    const sent = again.length > 0 ? again : eventsOf(pullRequest, clock.iso(), addresses).flatMap((event) => deliveries.publish(event));
    return { deliveries: sent.length };
  });
}
