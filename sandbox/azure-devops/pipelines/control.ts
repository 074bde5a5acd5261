import type { FastifyInstance } from 'fastify';
import { refuseByField } from '../../control/refusal.ts';
import type { Clock } from '../../core/clock.ts';
import { devOpsError } from '../errors.ts';
import type { PullRequests } from '../pull-requests/pull-requests.ts';
import { requirePullRequest } from '../pull-requests/routes.ts';
import { approvalChanged, deploymentApprovalChanged } from '../service-hooks/approval-events.ts';
import type { Deliveries } from '../service-hooks/deliveries.ts';
import { approvalOrderSchema, decisionSchema, releaseApprovalOrderSchema, tagOrderSchema } from './approvals.ts';
import { stagedReleaseOrderSchema } from './deployments.ts';
import { buildOrderSchema, pipelineOf } from './builds.ts';
import { requireBuild, type PipelineServices } from './routes.ts';

type Id = { Params: { id: string } };

/** What tests and the demo order of Azure Pipelines: builds that publish, and what people decide on its pages. */
export async function pipelineControl(app: FastifyInstance, services: PipelineServices & { pullRequests: PullRequests; deliveries: Deliveries; clock: Clock }): Promise<void> {
  const { builds, agent, approvals, releaseApprovals, stagedReleases, git, pullRequests, deliveries, clock, addresses } = services;
  refuseByField(app);

  app.post('/_sandbox/builds', async (request, reply) => {
    const { pullRequestId, result: planned, pipeline, commit, ...order } = buildOrderSchema.parse(request.body);
    const pullRequest = pullRequestId === undefined ? undefined : requirePullRequest(pullRequests, { pullRequestId: String(pullRequestId) });
    const built = pullRequest?.mergeCommit ?? commit ?? git.tip(order.branch);
    if (built === undefined) throw devOpsError(404, 'GitUnresolvableToCommitException', `There is no branch ${order.branch}.`);
    const build = builds.create({ ...order, planned, commit: built, pipeline: pipelineOf(pipeline) });
    agent.begin(build);
    return reply.code(201).send({ buildId: build.id, commit: built });
  });

  app.get<Id>('/_sandbox/builds/:id', async ({ params }) => requireBuild(builds, params.id));
  /** Tells the subscribers once more, or for the first time. */
  app.post<Id>('/_sandbox/builds/:id/deliver', async ({ params }) => {
    const { id } = requireBuild(builds, params.id);
    const again = deliveries.redeliver(`build:${id}`);
    return { deliveries: again.length > 0 ? again.length : agent.tell(id) };
  });

  /** As a person does on the run's page. */
  app.post<Id>('/_sandbox/builds/:id/tags', async ({ params, body }) => {
    const build = requireBuild(builds, params.id);
    const { add, remove } = tagOrderSchema.parse(body);
    const tags = [...new Set([...build.tags.filter((tag) => !remove.includes(tag)), ...add])];
    builds.save({ ...build, tags });
    return { tags };
  });

  app.post('/_sandbox/approvals', async (request, reply) => {
    const order = approvalOrderSchema.parse(request.body);
    const created = approvals.create(order);
    if (!created) throw devOpsError(404, 'BuildNotFoundException', `The requested build ${order.buildId} could not be found.`);
    if (order.deliver) deliveries.publish(approvalChanged('pending', created, clock.iso(), addresses));
    return reply.code(201).send({ approvalId: created.id });
  });

  app.post<Id>('/_sandbox/approvals/:id/decide', async ({ params, body }) => {
    const found = approvals.get(params.id);
    if (!found) throw devOpsError(404, 'ApprovalNotFoundException', `There is no approval ${params.id}.`);
    const decision = decisionSchema.parse(body);
    const decided = approvals.decide(found, decision);
    if (decision.deliver && decided.status !== 'pending') deliveries.publish(approvalChanged('completed', decided, clock.iso(), addresses));
    return { status: decided.status };
  });
  app.post<Id>('/_sandbox/approvals/:id/deliver', async ({ params }) => ({ deliveries: deliveries.redeliver(`approval:${params.id}`).length }));

  app.post('/_sandbox/release-approvals', async (request, reply) => {
    const order = releaseApprovalOrderSchema.parse(request.body);
    const created = releaseApprovals.create(order, requireBuild(builds, String(order.buildId)));
    if (order.deliver && !order.isAutomated) deliveries.publish(deploymentApprovalChanged('pending', created, releaseApprovals.release(created.releaseId)!, clock.iso(), addresses));
    return reply.code(201).send({ approvalId: created.id, releaseId: created.releaseId });
  });

  app.post('/_sandbox/releases', async (request, reply) => reply.code(201).send({ releaseId: stagedReleases.create(stagedReleaseOrderSchema.parse(request.body)).id }));
  app.get<Id>('/_sandbox/releases/:id', async ({ params }) => {
    const found = stagedReleases.get(Number(params.id));
    if (!found) throw devOpsError(404, 'ReleaseNotFoundException', `Release with ID ${params.id} does not exist.`);
    return found;
  });

  app.post<Id>('/_sandbox/release-approvals/:id/decide', async ({ params, body }) => {
    const found = releaseApprovals.get(Number(params.id));
    if (!found) throw devOpsError(404, 'ApprovalNotFoundException', `There is no approval ${params.id}.`);
    const decision = decisionSchema.parse(body);
    const decided = releaseApprovals.decide(found, decision);
    if (decision.deliver) deliveries.publish(deploymentApprovalChanged('completed', decided, releaseApprovals.release(decided.releaseId)!, clock.iso(), addresses));
    return { status: decided.status };
  });
}
