/** A fan-out over more items than one history takes: its child run goes on as a new one after 400, with one failure budget, one account and one cancellation for all of them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cancelled as untilCancelled, heartbeat } from '@temporalio/activity';
import type { FanOutReport } from '../../workflows/domain/fan-out.ts';
import { eventually } from '../support/eventually.ts';
import { counts, failureOf, numbered, numberOf, SpreadRuns, type SpreadHandle } from '../workflows/blocks/support/spread-runs.ts';

const runs = new SpreadRuns();
before(() => runs.start());
after(() => runs.stop());

const items = numbered(450);
const patience = { timeoutMs: 300_000, everyMs: 200 };

/** How many events each run of the relay has, the newest run first; and the parent's. */
async function historyLengths({ workflowId }: SpreadHandle): Promise<{ relay: number[]; parent: number }> {
  const relay: number[] = [];
  const { client } = runs.temporal;
  for await (const { historyLength } of client.workflow.list({ query: `WorkflowId = '${workflowId}:item'` })) relay.push(historyLength);
  return { relay, parent: (await client.workflow.getHandle(workflowId).describe()).historyLength };
}

describe('a fan-out over 450 items', () => {
  it('carries out all in two histories, at most 20 at once, with references in place of results; failures within the share that is borne do not stop it', async (context) => {
    let [now, most] = [0, 0];
    const work = async (item: string) => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      now -= 1;
      return { ok: ![3, 401, 402, 449].includes(numberOf(item)) };
    };
    await runs.spread({ items, concurrency: 20, budget: { percent: 1 } }, { work }, async (handle) => {
      const report = await handle.result();
      assert.deepEqual(counts(report), { total: 450, passed: 446, failed: 4, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 4 });
      assert.deepEqual(report.items.map(({ item }) => item), items);
      assert.deepEqual([report.items[7]?.reference, report.items[447]?.reference, report.items[449]?.detail], ['ref:item-7', 'ref:item-447', 'item-449 is broken']);
      assert.ok(most <= 20, `${most} at once`);
      await eventually(async () => assert.equal((await historyLengths(handle)).relay.length, 2), { timeoutMs: 30_000 });
      const { relay, parent } = await historyLengths(handle);
      context.diagnostic(`events: ${relay.join(' and ')} in the relay, ${parent} in the parent`);
      assert.ok(relay.every((events) => events < 5_220) && parent < 60, `${relay.join(' and ')}, ${parent}`);
    });
  });

  it('stops when failures of both histories together are more than a number, and begins none of the others', async () => {
    const work = async (item: string) => ({ ok: ![10, 200, 405].includes(numberOf(item)) });
    const report = await runs.spread({ items, concurrency: 5, budget: { failures: 2 } }, { work }, (handle) => handle.result());
    assert.deepEqual([report.stopped, report.failed, report.tolerated], [true, 3, 2]);
    assert.equal(report.passed + report.failed + report.notStarted, 450);
    assert.ok(report.notStarted >= 34, `${report.notStarted} not begun`);
    assert.deepEqual(report.items.at(-1), { item: 'item-449', state: 'notStarted', detail: 'too many had failed before its turn', reference: null });
  });

  it('cancelled in its second history, it waits for the undo of what is at work, and accounts for all', async () => {
    const putBacks: string[] = [];
    const work = async (item: string) => {
      if (numberOf(item) < 410) return { ok: true };
      const beat = setInterval(() => heartbeat(), 200);
      await untilCancelled().finally(() => clearInterval(beat));
      return { ok: true };
    };
    await runs.spread({ items, concurrency: 5 }, { work, putBack: async (item) => void putBacks.push(item) }, async (handle) => {
      const relay = runs.temporal.client.workflow.getHandle(`${handle.workflowId}:item`);
      await eventually(async () => {
        const { raw } = await relay.describe();
        assert.deepEqual((raw.pendingChildren ?? []).map(({ workflowId }) => workflowId?.split(':').at(-1)).sort(), [410, 411, 412, 413, 414].map((number) => `item-${number}`));
      }, patience);
      await handle.cancel();
      assert.equal((await failureOf(handle.result())).cause?.name, 'CancelledFailure');
      const report = await handle.query<FanOutReport>('report');
      assert.deepEqual(counts(report), { total: 450, passed: 410, failed: 0, skipped: 0, cancelled: 5, notStarted: 35, stopped: false, tolerated: 0 });
      assert.deepEqual(putBacks.sort(), [410, 411, 412, 413, 414].map((number) => `item-${number}`));
      assert.equal(report.items.at(-1)?.detail, 'the run was cancelled before its turn');
    });
  });
});
