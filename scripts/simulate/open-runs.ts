/** The runs of a simulation. The time-skipping server lists them without their search attributes, and without a filter. */
import type { Client } from '@temporalio/client';

/** Ids of all runs that have not ended. */
export async function openRuns({ workflowService, options: { namespace } }: Client): Promise<string[]> {
  const { executions } = await workflowService.listOpenWorkflowExecutions({ namespace, startTimeFilter: {} });
  return (executions ?? []).flatMap(({ execution }) => execution?.workflowId ?? []);
}

/** Whether a run has not ended. */
export async function runs(client: Client, workflowId: string): Promise<boolean> {
  return (await openRuns(client)).includes(workflowId);
}

/** Ends all that has not ended: what a worker that goes away leaves behind would keep the time from skipping. */
export async function endOpenRuns(client: Client): Promise<void> {
  // One that is ended may have been about to start another.
  for (let open = await openRuns(client); open.length > 0; open = await openRuns(client)) {
    await Promise.all(open.map((workflowId) => client.workflow.getHandle(workflowId).terminate('the story ends here').catch(() => undefined)));
  }
}
