/** Clients that send decisions at the same time, each the next one as soon as its last is acknowledged. */
import type { Client } from '@temporalio/client';

export type Channel = 'update' | 'signal';

export interface Decision {
  workflowId: string;
  /** What is sent: `verdict` goes with the update only, for a signal's name says it. */
  answer: object;
}

export interface Load {
  /** Acknowledged per second. */
  accepted: number;
  /** Counted by the workflows per second. */
  counted: number;
  /** Milliseconds until each acknowledgement: of an update its result, of a signal that the server has it. */
  acknowledgedMs: number[];
}

/** Sends them all with `clients` senders. `count` says, once all are acknowledged, how many the workflows have counted. */
export async function sendDecisions(client: Client, decisions: readonly Decision[], { clients, channel, count }: { clients: number; channel: Channel; count: () => Promise<number> }): Promise<Load> {
  const acknowledgedMs: number[] = [];
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < decisions.length) {
      const { workflowId, answer } = decisions[next++]!;
      const handle = client.workflow.getHandle(workflowId);
      const from = performance.now();
      if (channel === 'update') await handle.executeUpdate('decide', { args: [{ ...answer, verdict: 'approve' }] });
      else await handle.signal('approve', answer);
      acknowledgedMs.push(performance.now() - from);
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: clients }, sender));
  const acceptedS = (performance.now() - from) / 1000;
  const counted = await count();
  const countedS = (performance.now() - from) / 1000;
  if (counted !== decisions.length) throw new Error(`${decisions.length} decisions were sent, ${counted} counted`);
  return { accepted: decisions.length / acceptedS, counted: decisions.length / countedS, acknowledgedMs };
}
