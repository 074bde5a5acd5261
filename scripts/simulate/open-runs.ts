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
  const ended = new Set<string>();
  // One that is ended may have been about to start another. A start that was refused stays on the server's list for good.
  for (let fresh = await openRuns(client); fresh.length > 0; fresh = (await openRuns(client)).filter((workflowId) => !ended.has(workflowId))) {
    await Promise.all(fresh.map((workflowId) => client.workflow.getHandle(workflowId).terminate('the story ends here').catch(() => undefined)));
    for (const workflowId of fresh) ended.add(workflowId);
  }
}
