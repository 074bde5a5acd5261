import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { reviewPendingReleases } from '../../../workflows/index.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

const gates = Number(process.env['GATES'] ?? 500);
const plants = 50;

it(`reviews and decides ${gates} waiting gates within 60 s`, async () => {
  const temporal = await startTemporal();
  try {
    await withReleaseWorkers(temporal, {}, async () => {
      const inputs = Array.from({ length: gates }, (_, index) => releaseInput(`P${index % plants}`, `C${Math.floor(index / plants)}`, '1-aaaa'));
      for (let at = 0; at < gates; at += 50) await Promise.all(inputs.slice(at, at + 50).map((input) => startRelease(temporal.client, input)));
      await visible(temporal.client, `Gate = 'stage1'`, gates, 300_000);

      const began = Date.now();
      const review = await temporal.client.workflow.start<typeof reviewPendingReleases>('reviewPendingReleases', { taskQueue: TaskQueue.Runbooks, workflowId: 'reviewPendingReleases:500', args: [{ gate: 'stage1', groupSize: 100 }] });
      let isClosed = false;
      const closed = review.result().finally(() => (isClosed = true));
      for (let answered: string | null = null; !isClosed; ) {
        const gate: string | null = (await review.query<GateView | null>('gate').catch(async (e: unknown) => { const h = await review.fetchHistory(); console.log(JSON.stringify((h.events ?? []).filter((x) => x.workflowTaskFailedEventAttributes).map((x) => x.workflowTaskFailedEventAttributes)).slice(0, 3000)); throw e; }))?.gate ?? null;
        if (gate === null || gate === answered) {
          await sleep(100);
          continue;
        }
        await decide(temporal.client.workflow, { workflowId: review.workflowId }, { gate, verdict: 'approve', by: 'alice' });
        answered = gate;
      }
      const result = await closed;
      const seconds = (Date.now() - began) / 1000;
      const { historyLength, raw } = await review.describe();
      console.log(`${gates} gates in ${result.groups.length} groups reviewed and decided in ${seconds.toFixed(1)} s; the review's history: ${historyLength} events, ${Math.round(Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0) / 1024)} KB`);

      assert.equal(result.groups.reduce((sum, { members, refusedCount }) => sum + members - refusedCount, 0), gates);
      assert.ok(seconds < 60, `${seconds} s`);
      assert.ok(historyLength < 500, `${historyLength} events`);
      await visible(temporal.client, `Gate = 'stage1' AND ExecutionStatus = 'Running'`, 0, 60_000);

    });
  } finally {
    await temporal.teardown();
  }
});
