/** Where the time of an integration test goes: the mean milliseconds of each step of its items, from their histories. */
import type { Client } from '@temporalio/client';
import { requiredTsToMs } from '@temporalio/common/lib/time.js';

/** Means over the items named, in the order in which the steps begin: each activity from its schedule to its completion, the time before the first and after the last one, and the whole. */
export async function meanSteps(client: Client, workflowIds: readonly string[]): Promise<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const workflowId of workflowIds) for (const [step, ms] of await stepsOf(client, workflowId)) sums.set(step, (sums.get(step) ?? 0) + ms);
  return Object.fromEntries([...sums].map(([step, ms]) => [step, Math.round(ms / workflowIds.length)]));
}

async function stepsOf(client: Client, workflowId: string): Promise<[string, number][]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const steps: [string, number][] = [];
  const begun = new Map<string, { name: string; at: number }>();
  const first = requiredTsToMs(events?.[0]?.eventTime, 'eventTime');
  let last = first;
  for (const { eventId, eventTime, activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed, workflowExecutionCompletedEventAttributes: end } of events ?? []) {
    const at = requiredTsToMs(eventTime, 'eventTime');
    if (scheduled) {
      const name = begun.size === 0 ? 'until the first step' : `then, before ${scheduled.activityType!.name}`;
      if (at > last) steps.push([name, at - last]);
      begun.set(String(eventId), { name: scheduled.activityType!.name!, at });
      last = at;
    } else if (completed) {
      const { name, at: from } = begun.get(String(completed.scheduledEventId))!;
      steps.push([name, at - from]);
      last = at;
    } else if (end) {
      steps.push(['until its end', at - last], ['whole', at - first]);
    }
  }
  return steps;
}
