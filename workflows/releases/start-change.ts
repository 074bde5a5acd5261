import { ChildWorkflowCancellationType, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { releaseChangeId } from '../domain/ids.ts';
import { ReleaseChangePhase } from '../domain/phases.ts';

/** Starts the release of a merged pull request, as its service hook does: with the same id and the same input, so that whoever comes second finds it started. It outlives whoever started it. */
export async function startChange(repositoryId: string, pullRequestId: number): Promise<{ workflowId: string; started: boolean }> {
  const workflowId = releaseChangeId(repositoryId, pullRequestId);
  try {
    await startChild('releaseChange', {
      workflowId,
      args: [{ repositoryId, pullRequestId }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ Phase: ReleaseChangePhase.Reading }),
      staticSummary: `Release pull request ${pullRequestId}`,
      staticDetails: `Pull request ${pullRequestId} of repository ${repositoryId}`,
    });
    return { workflowId, started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { workflowId, started: false };
  }
}
