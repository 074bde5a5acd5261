import { randomUUID } from 'node:crypto';
import { PROJECT_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { presentApproval, presentRelease, presentReleaseApproval, type PipelineApproval, type Release, type ReleaseApproval } from '../pipelines/approvals.ts';
import type { ServiceEvent } from './events.ts';

/** A stage's approval waits for people, or has been completed. Pipeline, stage, run and resource are null, as in Microsoft's sample. */
export function approvalChanged(what: 'pending' | 'completed', approval: PipelineApproval, createdDate: string, addresses: Addresses): ServiceEvent {
  const { id, status, steps, stage } = approval;
  const shown = steps.map(({ assignedApprover, status: of, comment }) => ({ assignedApprover: { id: identityOf(assignedApprover).id }, status: of, comment, initiatedOn: approval.createdOn }));
  const { pipeline: _, ...rest } = presentApproval(approval, addresses, false);
  return {
    id: randomUUID(),
    eventType: `ms.vss-pipelinechecks-events.approval-${what}`,
    publisherId: 'pipelines',
    createdDate,
    subject: `${subjects[what]}:${id}`,
    text: `Approval of stage ${stage} ${status}`,
    details: `Approval of stage ${stage} ${status}`,
    resource: { approval: { ...rest, steps: shown }, projectId: PROJECT_ID, pipeline: null, stage: null, run: null, resource: null, stageName: null, attemptId: null },
    minimal: { approval: { id } },
    filters: { PipelineId: [String(approval.pipeline.id)], stageName: [stage] },
  };
}

/** What is delivered again is the decision. */
const subjects = { pending: 'pending-approval', completed: 'approval' } as const;

/** The approval of a classic release's stage waits for its person, or has been completed. */
export function deploymentApprovalChanged(what: 'pending' | 'completed', approval: ReleaseApproval, release: Release, createdDate: string, addresses: Addresses): ServiceEvent {
  const text = `Pre deployment approval for deployment of release Release-${release.id} on environment ${approval.environment} ${approval.status}`;
  return {
    id: randomUUID(),
    eventType: `ms.vss-release.deployment-approval-${what}-event`,
    publisherId: 'rm',
    createdDate,
    subject: `release-${subjects[what]}:${approval.id}`,
    text,
    details: text,
    resource: { approval: presentReleaseApproval(approval, release, addresses), release: presentRelease(release, addresses), project: { id: PROJECT_ID } },
    minimal: { approval: { id: approval.id } },
    filters: { releaseApprovalType: ['1'] },
  };
}
