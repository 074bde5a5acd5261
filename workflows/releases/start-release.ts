import { ChildWorkflowCancellationType, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { releaseModelId, targetLabel } from '../domain/ids.ts';
import { ReleaseModelPhase } from '../domain/phases.ts';
import type { CircuitResult, ReleaseModelInput } from '../domain/release.ts';

/** The release outlives the change that started it. A version that was released before is not released again, whatever became of it. */
export async function startRelease(input: ReleaseModelInput): Promise<CircuitResult> {
  const { target, version } = input;
  const workflowId = releaseModelId(target, version);
  try {
    await startChild('releaseModel', {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ Phase: ReleaseModelPhase.Review, Plant: target.plant, Circuit: target.circuit, ModelVersion: version }),
      staticSummary: `Release ${targetLabel(target)} version ${version}`,
      staticDetails: `Pull request ${input.pullRequest.id}: ${input.pullRequest.title}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { target, version, state: 'alreadyReleased', by: workflowId };
  }
  return { target, version, state: 'released', workflowId };
}
