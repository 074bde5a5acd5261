import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { gateClock, testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';
import type { releaseModel } from '../../../workflows/index.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.teardown());

const hour = 3_600_000;
const withStage1 = (change: Partial<GatePolicy>): Partial<ReleaseActivities> => ({
  loadPolicy: async ({ target }) => {
    const policy = testPolicy(target);
    return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, ...change } } };
  },
});
const runToEnd = (name: string) => temporal.client.workflow.execute<typeof releaseModel>('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseModel:P001:C001:${name}`, args: [testInput] });

describe('the clocks of a gate, in skipped time', () => {
  it('reminds once after four hours and lets the release expire after three days of silence', async () => {
    const told: string[] = [];
    await withReleaseWorkers(temporal, { notify: async ({ event: { text } }) => { told.push(text); return { delivered: ['chat'], failed: [] }; } }, async () => {
      const result = await runToEnd('silence');
      assert.equal(result.outcome, 'expired');
      assert.equal(result.production, 'unchanged');
    });
    const { startTime, closeTime } = await temporal.client.workflow.getHandle('releaseModel:P001:C001:silence').describe();
    const elapsed = closeTime!.getTime() - startTime.getTime();
    assert.ok(elapsed >= 72 * hour && elapsed < 73 * hour, `${elapsed / hour} h`);
    assert.equal(told.length, 3);
    assert.match(told[0]!, /^Promote P001\/C001 42-3f2a91c0 to the registry\?/);
    assert.match(told[1]!, /^Still waiting: Promote P001\/C001/);
    assert.match(told[2]!, /expired$/);
  });

  it('rejects on silence where the policy says so, with a work item', () => withReleaseWorkers(temporal, withStage1({ onSilence: 'reject', clock: gateClock(2 * hour, hour) }), async () => {
    const result = await runToEnd('silence-rejects');
    assert.equal(result.outcome, 'rejected');
    assert.match(result.reason, /nobody answered stage1 in time/);
    assert.equal(result.workItem?.id, 7);
  }));

  it('does not look finished before its end is on record, however long the record is away', async () => {
    let tries = 0;
    const recorded: string[] = [];
    await withReleaseWorkers(temporal, {
      appendToRecord: async ({ entries }) => {
        if (entries.some(({ kind }) => kind === 'closed') && (tries += 1) <= 760) throw new Error('the store is away'); // half a day of tries, and some more
        recorded.push(...entries.map(({ kind }) => kind));
        return { block: 1, digest: '0'.repeat(64) };
      },
    }, async () => assert.equal((await runToEnd('unrecorded')).outcome, 'expired'));
    const { startTime, closeTime } = await temporal.client.workflow.getHandle('releaseModel:P001:C001:unrecorded').describe();
    const elapsed = closeTime!.getTime() - startTime.getTime();
    assert.ok(elapsed > 84 * hour, `${elapsed / hour} h`);
    assert.equal(recorded.at(-1), 'closed');
  });

  it('goes on although the channel is away', () => withReleaseWorkers(temporal, { ...withStage1({ onSilence: 'approve' }), notify: async () => { throw new Error('the webhook answers 500'); } }, async () => {
    const result = await runToEnd('no-channel');
    assert.equal(result.outcome, 'expired'); // stage1 passed by silence, stage3 expired
  }));

  // The last one: its lock outlives its workers, and this server leaves a workflow's task to the worker that had it last. While a task waits no time is skipped.
  it('rolls back on silence after a breach', () => withReleaseWorkers(temporal, {
    loadPolicy: async ({ target }) => {
      const policy = testPolicy(target);
      const silent = { onSilence: 'approve' as const };
      return { ...policy, gates: { stage1: { ...policy.gates.stage1, ...silent }, stage3: { ...policy.gates.stage3, ...silent }, rollback: { ...policy.gates.rollback, ...silent } } };
    },
    watchAlerts: async () => ({ kind: 'breached', poll: 3, alert: { id: 'a', rule: 'mae-high', severity: 2, description: '' } }),
  }, async () => {
    const { outcome, serving, rollback } = await runToEnd('silence-rolls-back');
    assert.deepEqual([outcome, serving, rollback?.workflowId], ['rejected', '1', 'rollBackModel:P001:C001']);
  }));
});
