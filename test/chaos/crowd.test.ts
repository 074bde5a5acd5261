/** Somebody sends without end: those who can do something about it learn of it, and the gate still decides. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pMap from 'p-map';
import { answer, openGate, stop, witnessed } from '../support/gate-runs.ts';
import { gateClock } from '../support/release-activities.ts';
import { details, releaseRuns } from '../support/release-model-runs.ts';
import { startTemporal } from '../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

describe('a run with more than 10,240 events', () => {
  it('warns on its card, tells the escalation path once, and is decided', async () => {
    const { activities, witness } = witnessed({ clock: { ...gateClock(86_400_000, 43_200_000), escalate: [{ to: 'on-call', afterMs: 50_000_000, hours: 'elapsed' }] } });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      // Temporal takes 10,000 signals for a run. The last ones have a workflow task each.
      await pMap(Array.from({ length: 9_600 }).keys(), (n) => handle.signal('approve', { gate: 'stage1', by: `stranger-${n}` }), { concurrency: 32 });
      for (let n = 0; (await handle.describe()).historyLength < 10_300; n += 1) {
        await handle.signal('approve', { gate: 'stage1', by: `straggler-${n}` });
        await handle.query('status');
      }
      assert.match(await details(handle), /\*\*Warning:\*\* This run has 1\d{4} events/);
      assert.equal((await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'alice' })).state, 'approved');
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    const told = witness.told.filter(({ kind }) => kind === 'escalated');
    assert.deepEqual(told.map(({ to }) => to), [['on-call', 'alice', 'bob', 'carol']]);
  });
});
