import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { reviewPendingReleases } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

const gates = 500;
const plants = 50;

it(`reviews and decides ${gates} waiting gates within 60 s`, async () => {
  const temporal = await startTemporal();
  try {
    await withReleaseWorkers(temporal, {}, async () => {
      const inputs = Array.from({ length: gates }, (_, index) => releaseInput(`P${index % plants}`, `C${Math.floor(index / plants)}`, '1-aaaa'));
      for (let at = 0; at < gates; at += 50) await Promise.all(inputs.slice(at, at + 50).map((input) => startRelease(temporal.client, input)));
      await visible(temporal.client, `Gate = 'stage1'`, gates, 120_000);

      const began = Date.now();
      const review = await temporal.client.workflow.start<typeof reviewPendingReleases>('reviewPendingReleases', { taskQueue: TaskQueue.Runbooks, workflowId: 'reviewPendingReleases:500', args: [{ gate: 'stage1', groupSize: 100 }] });
      const closed = review.result().then(() => true);
      for (let open: string | null = null; ; ) {
        const gate = await Promise.race([closed.then(() => null), nextGate(open)]);
        if (gate === null) break;
        open = gate;
        await decide(temporal.client.workflow, { workflowId: review.workflowId }, { gate, verdict: 'approve', by: 'alice' });
      }
      const result = await review.result();
      const seconds = (Date.now() - began) / 1000;
      const { historyLength, raw } = await review.describe();
      console.log(`${gates} gates in ${result.groups.length} groups reviewed and decided in ${seconds.toFixed(1)} s; the review's history: ${historyLength} events, ${Math.round(Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0) / 1024)} KB`);

      assert.equal(result.groups.reduce((sum, { members, refusedCount }) => sum + members - refusedCount, 0), gates);
      assert.ok(seconds < 60, `${seconds} s`);
      assert.ok(historyLength < 500, `${historyLength} events`);
      await visible(temporal.client, `Gate = 'stage1' AND ExecutionStatus = 'Running'`, 0, 60_000);

      async function nextGate(before: string | null): Promise<string | null> {
        let gate: string | null = null;
        await eventually(async () => {
          gate = (await review.query<GateView | null>('gate'))?.gate ?? null;
          if (gate === null || gate === before) throw new Error('no further gate yet');
        }, { timeoutMs: 60_000 });
        return gate;
      }
    });
  } finally {
    await temporal.teardown();
  }
});
