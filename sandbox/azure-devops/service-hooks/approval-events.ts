import { randomUUID } from 'node:crypto';
import { PROJECT_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { presentApproval, presentRelease, presentReleaseApproval, type PipelineApproval, type Release, type ReleaseApproval } from '../pipelines/approvals.ts';
import type { ServiceEvent } from './events.ts';

/** A stage's approval has been completed. Pipeline, stage, run and resource are null, as in Microsoft's sample. */
export function approvalCompleted(approval: PipelineApproval, createdDate: string, addresses: Addresses): ServiceEvent {
  const { id, status, steps, stage } = approval;
  const shown = steps.map(({ assignedApprover, status: of, comment }) => ({ assignedApprover: { id: identityOf(assignedApprover).id }, status: of, comment, initiatedOn: approval.createdOn }));
  const { pipeline: _, ...rest } = presentApproval(approval, addresses, false);
  return {
    id: randomUUID(),
    eventType: 'ms.vss-pipelinechecks-events.approval-completed',
    publisherId: 'pipelines',
    createdDate,
    subject: `approval:${id}`,
    text: `Approval of stage ${stage} ${status}`,
    details: `Approval of stage ${stage} ${status}`,
    resource: { approval: { ...rest, steps: shown }, projectId: PROJECT_ID, pipeline: null, stage: null, run: null, resource: null, stageName: null, attemptId: null },
    minimal: { approval: { id } },
    filters: { PipelineId: [String(approval.pipeline.id)], stageName: [stage] },
  };
}

/** The approval of a classic release's stage has been completed. */
export function deploymentApprovalCompleted(approval: ReleaseApproval, release: Release, createdDate: string, addresses: Addresses): ServiceEvent {
  const text = `Pre deployment approval for deployment of release Release-${release.id} on environment ${approval.environment} ${approval.status}`;
  return {
    id: randomUUID(),
    eventType: 'ms.vss-release.deployment-approval-completed-event',
    publisherId: 'rm',
    createdDate,
    subject: `release-approval:${approval.id}`,
    text,
    details: text,
    resource: { approval: presentReleaseApproval(approval, release, addresses), release: presentRelease(release, addresses), project: { id: PROJECT_ID } },
    minimal: { approval: { id: approval.id } },
    filters: { releaseApprovalType: ['1'] },
  };
}
