import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { devOpsError, invalidArgument } from '../errors.ts';
import { SERVICE_IDENTITY } from '../identity.ts';
import { eventsOf } from '../service-hooks/events.ts';
import type { Deliveries } from '../service-hooks/deliveries.ts';
import type { Clock } from '../../core/clock.ts';
import { presentPullRequest } from './presentation.ts';
import { requirePullRequest, type PullRequestServices } from './routes.ts';
import type { PullRequest } from './pull-requests.ts';

export interface PullRequestWriteServices extends PullRequestServices {
  deliveries: Deliveries;
  clock: Clock;
}

const ref = z.string().regex(/^refs\/heads\/.+/);
const text = { title: z.string().min(1).max(400), description: z.string().max(4000) };
const newPullRequest = z.object({ ...text, description: text.description.default(''), sourceRefName: ref, targetRefName: ref });
const patch = z.object({
  title: text.title.optional(),
  description: text.description.optional(),
  status: z.enum(['active', 'abandoned', 'completed']).optional(),
  lastMergeSourceCommit: z.object({ commitId: z.string() }).optional(),
  completionOptions: z.object({ deleteSourceBranch: z.boolean().optional() }).optional(),
});

/** What a client does with pull requests: opens one for a branch, changes its text, completes or abandons it. Votes are people's: `/_sandbox`. */
export async function pullRequestWriteRoutes(app: FastifyInstance, { pullRequests, git, addresses, deliveries, clock }: PullRequestWriteServices): Promise<void> {
  const root = '/pullRequests/:pullRequestId';
  const announce = (pullRequest: PullRequest): void => {
    for (const event of eventsOf(pullRequest, clock.iso(), addresses)) deliveries.publish(event);
  };

  app.post('/pullRequests', async (request, reply) => {
    const order = newPullRequest.parse(request.body);
    for (const name of [order.sourceRefName, order.targetRefName]) {
      if (git.tip(name) === undefined) throw devOpsError(400, 'GitPullRequestCannotCreateException', `TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, or the requested reference name is not valid (${name}).`);
    }
    if (pullRequests.active(order.sourceRefName, order.targetRefName)) throw devOpsError(409, 'GitPullRequestExistsException', 'TF401179: An active pull request for the source and target branch already exists.');
    const opened = pullRequests.open({ ...order, createdBy: SERVICE_IDENTITY.uniqueName });
    request.markChanged();
    announce(opened);
    return reply.code(201).send(presentPullRequest(opened, addresses));
  });

  app.patch<{ Params: { pullRequestId: string } }>(root, async (request) => {
    const pullRequest = requirePullRequest(pullRequests, request.params);
    const { status = pullRequest.status, lastMergeSourceCommit, completionOptions, title, description } = patch.parse(request.body);
    const described = title === undefined && description === undefined ? pullRequest : pullRequests.describe(pullRequest, { ...(title !== undefined && { title }), ...(description !== undefined && { description }) });
    if (described !== pullRequest) request.markChanged();
    if (status === pullRequest.status) return presentPullRequest(described, addresses);
    if (pullRequest.status !== 'active' || status === 'active') throw devOpsError(409, 'GitPullRequestNotEditableException', 'TF401181: The pull request cannot be edited due to its state.');
    if (status === 'abandoned') {
      const abandoned = pullRequests.abandon(described, SERVICE_IDENTITY.uniqueName);
      request.markChanged();
      announce(abandoned);
      return presentPullRequest(abandoned, addresses);
    }
    if (lastMergeSourceCommit === undefined) throw invalidArgument('Value cannot be null. Parameter name: lastMergeSourceCommit');
    if (lastMergeSourceCommit.commitId !== pullRequest.sourceCommit) throw devOpsError(409, 'GitPullRequestStaleException', 'TF401192: The source branch was modified since the last merge attempt.');
    // With conflicts the request is taken, and the pull request stays as it is.
    const completed = pullRequests.complete(described, SERVICE_IDENTITY.uniqueName, { deleteSourceBranch: completionOptions?.deleteSourceBranch ?? false });
    if (completed.status === 'completed') {
      request.markChanged();
      announce(completed);
    }
    return presentPullRequest(completed, addresses);
  });
}
