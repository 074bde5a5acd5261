import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import type { Clock } from '../core/clock.ts';
import { REPOSITORY, REPOSITORY_ID } from '../core/tenancy.ts';
import type { Addresses } from './addresses.ts';
import { pullRequestOrderSchema, type PullRequests } from './pull-requests/pull-requests.ts';
import { requirePullRequest } from './pull-requests/routes.ts';
import type { Deliveries } from './service-hooks/deliveries.ts';
import { eventsOf, type PullRequestNews } from './service-hooks/events.ts';
import type { PullRequest } from './pull-requests/pull-requests.ts';
import type { Threads } from './pull-requests/threads.ts';

const deliver = z.boolean().default(true);
const files = z.record(z.string().min(1), z.string().nullable());
const voteSchema = z.strictObject({ by: z.string().min(1), vote: z.union([z.literal(10), z.literal(5), z.literal(0), z.literal(-5), z.literal(-10)]), comment: z.string().default(''), deliver });
const personSchema = z.strictObject({ by: z.string().min(1), deliver });
const commitSchema = z.strictObject({ branch: z.string().regex(/^refs\/heads\/.+/, 'must begin with refs/heads/'), by: z.string().min(1), comment: z.string().default('Change by hand'), files, deliver });

/** What tests and the demo order of Azure DevOps: pull requests, and the delivery of their hooks once more. */
export async function azureDevOpsControl(
  app: FastifyInstance,
  { pullRequests, threads, deliveries, clock, addresses }: { pullRequests: PullRequests; threads: Threads; deliveries: Deliveries; clock: Clock; addresses: Addresses },
): Promise<void> {
  refuseByField(app);
  const announce = (pullRequest: PullRequest, isTold: boolean, news?: PullRequestNews): void => {
    if (isTold) for (const event of eventsOf(pullRequest, clock.iso(), addresses, news)) deliveries.publish(event);
  };

  app.post('/_sandbox/pull-requests', async (request, reply) => {
    const order = pullRequestOrderSchema.parse(request.body);
    const pullRequest = pullRequests.create(order);
    announce(pullRequest, order.deliver === true);
    return reply.code(201).send({ pullRequestId: pullRequest.pullRequestId, repository: REPOSITORY, repositoryId: REPOSITORY_ID });
  });

  /** Completes an active one: its trial merge becomes the merge. */
  app.post<{ Params: { pullRequestId: string } }>('/_sandbox/pull-requests/:pullRequestId/complete', async ({ params }) => {
    const { pullRequestId, status } = pullRequests.complete(requirePullRequest(pullRequests, params));
    return { pullRequestId, status };
  });

  /** A person votes, with a comment or without. */
  app.post<{ Params: { pullRequestId: string } }>('/_sandbox/pull-requests/:pullRequestId/vote', async ({ params, body }) => {
    const { by, vote, comment, deliver: isTold } = voteSchema.parse(body);
    const voted = pullRequests.vote(requirePullRequest(pullRequests, params), by, vote);
    if (comment !== '') threads.create(voted.pullRequestId, { comments: [{ parentCommentId: 0, content: comment, commentType: 'text' }], status: 'active' }, by);
    announce(voted, isTold, 'vote');
    return { pullRequestId: voted.pullRequestId, votes: voted.votes };
  });

  /** A person abandons it, or completes it, on its page. */
  for (const [action, status] of [['abandon', 'abandoned'], ['merge', 'completed']] as const) {
    app.post<{ Params: { pullRequestId: string } }>(`/_sandbox/pull-requests/:pullRequestId/${action}`, async ({ params, body }) => {
      const { by, deliver: isTold } = personSchema.parse(body);
      const pullRequest = requirePullRequest(pullRequests, params);
      const closed = status === 'abandoned' ? pullRequests.abandon(pullRequest, by) : pullRequests.complete(pullRequest, by);
      announce(closed, isTold && closed.status === status);
      return { pullRequestId: closed.pullRequestId, status: closed.status };
    });
  }

  /** A person pushes a commit to a branch, as one with the right to do so may. */
  app.post('/_sandbox/commits', async ({ body }, reply) => {
    const { branch, by, comment, files: edits, deliver: isTold } = commitSchema.parse(body);
    const commitId = pullRequests.commitTo(branch, by, comment, edits);
    for (const each of pullRequests.list()) if (each.status === 'active' && each.sourceRefName === branch) announce(each, isTold, 'push');
    return reply.code(201).send({ commitId });
  });

  app.post<{ Params: { pullRequestId: string } }>('/_sandbox/pull-requests/:pullRequestId/deliver', async ({ params }) => {
    const pullRequest = requirePullRequest(pullRequests, params);
    const again = deliveries.redeliver(`pull-request:${pullRequest.pullRequestId}`);
    const sent = again.length > 0 ? again : eventsOf(pullRequest, clock.iso(), addresses).flatMap((event) => deliveries.publish(event));
    return { deliveries: sent.length };
  });
}
