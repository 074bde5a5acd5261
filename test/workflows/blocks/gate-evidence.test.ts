import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { answer, openGate, refused, stop, witnessed } from '../../support/gate-runs.ts';
import { releaseActivities } from '../../support/release-activities.ts';
import { details, releaseRuns } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

/** A release whose candidate's MAE is what the test says just now. */
function measuring(stage1: Partial<GatePolicy> = {}) {
  const measured = { mae: 1.9 };
  const { activities, witness } = witnessed(stage1, {
    readRunMetrics: async (input) => {
      const read = await releaseActivities().readRunMetrics(input);
      return { ...read, metrics: { ...read.metrics, candidate: { ...read.metrics.candidate, mae: measured.mae } } };
    },
  });
  return { measured, witness, activities };
}
const approve = (evidence: string, by = 'alice') => ({ gate: 'stage1', verdict: 'approve', by, evidence });

describe('evidence is measured again before the effect', () => {
  it('opens again when it changed, says what, tells those who had approved, and takes no answer to the old card; the third time a person decides on what is shown', async () => {
    const { measured, witness, activities } = measuring();
    const promoted: string[] = [];
    await run({ ...activities, promoteModel: async ({ tags }) => { promoted.push(tags['approved_by']!); return { assetId: 'model-2' }; } }, async () => {
      const handle = await start();
      const first = await openGate(handle, 'stage1');
      measured.mae = 2.4;
      assert.equal((await answer(handle, approve(first.evidence))).counted, true);
      const second = await openGate(handle, 'stage1', 1);
      assert.deepEqual(second.changes, ['metrics: mae 1.9 → 2.4']);
      assert.deepEqual(second.decisions, []);
      assert.match(await details(handle), /\*\*Asked again, for this changed:\*\* metrics: mae 1\.9 → 2\.4/);
      assert.match(await details(handle), /reject: MAE is 14\.3 % worse than in production/);
      await refused(handle, approve(first.evidence, 'bob'), /other evidence than is shown/);
      assert.deepEqual(promoted, []);
      measured.mae = 2;
      await answer(handle, approve(second.evidence, 'bob'));
      const third = await openGate(handle, 'stage1', 2);
      assert.match(await details(handle), /It is not measured once more: decide on what is shown here/);
      measured.mae = 9;
      assert.equal((await answer(handle, approve(third.evidence, 'carol'))).state, 'approved');
      await openGate(handle, 'stage3');
      assert.deepEqual(promoted, ['carol']);
      await stop(handle);
    });
    assert.deepEqual(witness.told.filter(({ kind }) => kind === 'reopened').map(({ to }) => to[0]), ['alice', 'bob']);
    assert.deepEqual(witness.entries.flatMap((entry) => (entry.kind === 'gateClosed' && entry.gate === 'stage1' ? [[entry.generation, entry.state]] : [])), [[0, 'reopened'], [1, 'reopened'], [2, 'approved']]);
  });

  it('lets a small difference pass where the policy tolerates it, and keeps it on record', async () => {
    const { measured, witness, activities } = measuring({ evidence: { lifetimeMs: null, tolerance: { mae: 0.02 } } });
    await run(activities, async () => {
      const handle = await start();
      const { evidence } = await openGate(handle, 'stage1');
      measured.mae = 1.93;
      await answer(handle, approve(evidence));
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    const closed = witness.entries.find((entry) => entry.kind === 'gateClosed');
    assert.deepEqual(closed?.kind === 'gateClosed' && closed.remeasured, ['metrics: mae 1.9 → 1.93']);
  });

  it('makes a stale test inference anew and asks again', async () => {
    const { activities } = witnessed({});
    let invoked = 0;
    const base = releaseActivities();
    await run({
      ...activities,
      loadPolicy: async (input) => {
        const policy = await activities.loadPolicy!(input);
        return { ...policy, gates: { ...policy.gates, stage3: { ...policy.gates.stage3, evidence: { lifetimeMs: 1_500, tolerance: {} } } } };
      },
      invokeBatchEndpoint: async (input) => {
        invoked += 1;
        return { ...(await base.invokeBatchEndpoint(input)), jobName: `batchjob-${invoked}` };
      },
    }, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'alice' });
      await openGate(handle, 'stage3');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await answer(handle, { gate: 'stage3', verdict: 'approve', by: 'bob' });
      const again = await openGate(handle, 'stage3', 1);
      assert.match(again.changes.join(), /test inference is stale: measured/);
      assert.equal(invoked, 2);
      await stop(handle);
    });
  });

  it('finds that production was changed by hand while Stage 3 waited', async () => {
    const { activities } = witnessed({});
    const base = releaseActivities();
    let byHand = false;
    await run({
      ...activities,
      readBatchDeployment: async (ref) => {
        const found = await base.readBatchDeployment(ref);
        return byHand && ref.workspace.workspace === 'prod-ml-workspace' ? { ...found, tags: { model_version: 'by-hand' } } : found;
      },
    }, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'alice' });
      const { card } = await openGate(handle, 'stage3');
      assert.match(card.change, /replaces version 1 /);
      byHand = true;
      await answer(handle, { gate: 'stage3', verdict: 'approve', by: 'bob' });
      const again = await openGate(handle, 'stage3', 1);
      assert.match(again.card.change, /replaces version by-hand /);
      await stop(handle);
    });
  });

  it('opens again while it waits, when somebody has it measured and it changed', async () => {
    const { measured, activities } = measuring();
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      measured.mae = 3;
      const { changes } = await handle.executeUpdate<{ changes: string[] }, [object]>('tendGate', { args: [{ action: 'remeasure', by: 'unblockRelease' }] });
      assert.deepEqual(changes, ['metrics: mae 1.9 → 3']);
      assert.deepEqual((await openGate(handle, 'stage1', 1)).changes, changes);
      await stop(handle);
    });
  });

  it('takes effect later when its author says so, and a rejection still stops it until then', () => run(measuring().activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    const effectiveAt = new Date(Date.now() + 3_600_000).toISOString();
    await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'alice', effectiveAt });
    const view = await openGate(handle, 'stage1');
    assert.deepEqual([view.state, view.effectiveAt], ['decided', effectiveAt]);
    assert.match(await details(handle), /\*\*Approved; takes effect .* UTC\.\*\* A rejection still stops it/);
    await refused(handle, { gate: 'stage1', verdict: 'approve', by: 'bob' }, /decided already/);
    await answer(handle, { gate: 'stage1', verdict: 'reject', by: 'bob', comment: 'storm tomorrow' });
    assert.deepEqual((({ outcome, reason }) => ({ outcome, reason }))(await handle.result()), { outcome: 'rejected', reason: 'bob: storm tomorrow' });
  }));
});
