import { ChildWorkflowCancellationType, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { coordinateIncidentId, IncidentPhase, type CoordinateIncidentInput } from '../domain/incident.ts';

/** For other runbooks: starts the coordination of an incident, which outlives whoever found it. The same incident found twice is one. */
export async function startIncident(input: CoordinateIncidentInput): Promise<{ workflowId: string; runId: string | null; isNew: boolean }> {
  const workflowId = coordinateIncidentId(input);
  try {
    const { firstExecutionRunId: runId } = await startChild('coordinateIncident', {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ Phase: IncidentPhase.Alert, ...(input.target && { Plant: input.target.plant, Circuit: input.target.circuit }) }),
      staticSummary: `${input.severity} incident: ${input.title}`.slice(0, 200),
    });
    return { workflowId, runId, isNew: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, runId: null, isNew: false };
    throw error;
  }
}
