/** Clients that send decisions at the same time, each the next one as soon as its last is acknowledged. */
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';

export type Channel = 'update' | 'signal';

export interface Decision {
  /** The client of whoever decides. */
  client: Client;
  workflowId: string;
  /** What is sent: `verdict` goes with the update only, for a signal's name says it. */
  answer: object;
}

export interface Load {
  /** Acknowledged per second. */
  accepted: number;
  /** Per second, until the workflows have taken the last one. */
  counted: number;
  /** Milliseconds until each acknowledgement: of an update its result, of a signal that the server has it. */
  acknowledgedMs: number[];
}

/** Sends them all with `clients` senders. `taken` says when the last one was counted, in milliseconds since the epoch. */
export async function sendDecisions(decisions: readonly Decision[], { clients, channel, taken }: { clients: number; channel: Channel; taken: () => Promise<number> }): Promise<Load> {
  const acknowledgedMs: number[] = [];
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < decisions.length) {
      const { client, workflowId, answer } = decisions[next++]!;
      const handle = client.workflow.getHandle(workflowId);
      const from = performance.now();
      if (channel === 'update') await handle.executeUpdate('decide', { args: [{ ...answer, verdict: 'approve' }] });
      else await handle.signal('approve', answer);
      acknowledgedMs.push(performance.now() - from);
    }
  };
  const began = Date.now();
  const from = performance.now();
  await Promise.all(Array.from({ length: clients }, sender));
  const acceptedS = (performance.now() - from) / 1000;
  // What is acknowledged by its result is counted with it.
  const countedS = channel === 'update' ? acceptedS : Math.max(acceptedS, ((await taken()) - began) / 1000);
  return { accepted: decisions.length / acceptedS, counted: decisions.length / countedS, acknowledgedMs };
}

/**
 * When a workflow had counted its last signal, in milliseconds since the epoch: the end of the workflow task that took it, or, where signals are verified, of the task that took the last
 * verification. By the server's clock, which is this machine's. Read from history afterwards, so that no query disturbs the measurement.
 */
export async function lastCounted(client: Client, workflowId: string, { isVerified }: { isVerified: boolean }): Promise<number> {
  const events = (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  const verifications = new Set(events.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'verifyAnswers').map(({ eventId }) => String(eventId)));
  const last = events.findLastIndex(({ workflowExecutionSignaledEventAttributes: signal, activityTaskCompletedEventAttributes: done }) => (isVerified ? done && verifications.has(String(done.scheduledEventId)) : signal));
  const task = events.slice(last).find(({ workflowTaskCompletedEventAttributes: done }) => done);
  if (last < 0 || !task) throw new Error(`${workflowId} has not counted its decisions`);
  return tsToMs(task.eventTime);
}
