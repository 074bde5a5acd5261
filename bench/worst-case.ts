/** The most events that answers can cost: each one a signal of its own workflow task, none of them counted, and then the release goes through. */
import type { Client } from '@temporalio/client';
import { testInput } from '../test/support/release-activities.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';

/** Sends `answers` signals to a waiting `releaseModel`, each after the task of the one before, lets it go through, and returns the length of its history. */
export async function worstCaseEvents(client: Client, answers: number): Promise<number> {
  const handle = await client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseModel:P001:C001:worst-case-${answers}`, args: [testInput] });
  for (let n = 0; n < answers; n += 1) {
    await handle.signal('approve', { gate: 'stage1', by: `stranger-${n}` });
    if (n % 100 === 0) await handle.query('status');
  }
  for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob']] as const) {
    while ((await handle.query<{ gate: { id: string } | null }>('status')).gate?.id !== gate) await new Promise((done) => setTimeout(done, 20));
    await handle.executeUpdate('decide', { args: [{ gate, verdict: 'approve', by }] });
  }
  await handle.result();
  return (await handle.describe()).historyLength;
}
