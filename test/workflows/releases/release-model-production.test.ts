import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import { eventually } from '../../support/eventually.ts';
import { gateClock, releaseActivities, testPolicy } from '../../support/release-activities.ts';
import { approve, details, failureOf, gateOpen, passBothStages, releaseRuns, status } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

describe('releaseModel and production', () => {
  it('compensates and fails when the deployment cannot be done', () => {
    const restored: string[] = [];
    return run({
      deployBatchModel: async ({ workspace, tags }) => {
        if (workspace.workspace === 'prod-ml-workspace') throw ApplicationFailure.nonRetryable('ModelRegistryError: no such asset', 'OperationFailed');
        return { definition: {}, model: null, tags, provisioningState: 'Succeeded' };
      },
      restoreBatchDeployment: async ({ run: signature }) => { restored.push(signature); return { state: 'restored', found: { definition: {}, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' } }; },
    }, async () => {
      const handle = await start();
      await passBothStages(handle);
      const { cause } = await failureOf(handle.result());
      assert.ok(cause instanceof ApplicationFailure);
      assert.equal(cause.type, 'RunbookFailed');
      assert.match(cause.message, /ModelRegistryError/);
      const [report] = cause.details as [{ outcome: string; production: string; compensations: unknown[] }];
      assert.equal(report.outcome, 'failed');
      assert.equal(report.production, 'unchanged');
      assert.deepEqual(report.compensations, [{ step: 'production deployment deployment-circuit-C001', state: 'done', detail: 'put back 1' }]);
      assert.equal(restored.length, 1);
      assert.deepEqual((await handle.describe()).searchAttributes['Outcome'], ['failed']);
    });
  });

  it('puts production back when it is cancelled before the write is verified, once the write has stopped', () => {
    const order: string[] = [];
    return run({
      deployBatchModel: async (input) => {
        if (input.workspace.workspace !== 'prod-ml-workspace') return await releaseActivities().deployBatchModel(input);
        order.push('write');
        try {
          for (;;) { heartbeat(); await sleep(100); }
        } finally {
          await new Promise((done) => setTimeout(done, 300));
          order.push('write stopped');
        }
      },
      restoreBatchDeployment: async () => { order.push('restore'); return { state: 'untouched', found: { definition: {}, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' } }; },
    }, async () => {
      const handle = await start();
      await passBothStages(handle);
      await eventually(() => assert.deepEqual(order, ['write']));
      await handle.cancel();
      assert.ok((await failureOf(handle.result())).cause instanceof CancelledFailure);
      assert.deepEqual(order, ['write', 'write stopped', 'restore']);
      const { status: closed, memo } = await handle.describe();
      assert.equal(closed.name, 'CANCELLED');
      assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(memo!['result'] as { outcome: string; production: string }), { outcome: 'aborted', production: 'unchanged' });
    });
  });

  it('says that production is changed when the undo of the write failed', () => run({
    deployBatchModel: async (input) => {
      if (input.workspace.workspace !== 'prod-ml-workspace') return { definition: {}, model: input.model, tags: input.tags, provisioningState: 'Succeeded' };
      throw ApplicationFailure.nonRetryable('the operation failed', 'OperationFailed');
    },
    restoreBatchDeployment: async () => { throw ApplicationFailure.nonRetryable('read back differently', 'ReadBackMismatch'); },
  }, async () => {
    const handle = await start();
    await passBothStages(handle);
    const { cause } = await failureOf(handle.result());
    assert.ok(cause instanceof ApplicationFailure);
    const [{ production, compensations }] = cause.details as [{ production: string; compensations: { state: string }[] }];
    assert.deepEqual([production, compensations.map(({ state }) => state)], ['changed', ['failed']]);
  }));

  it('keeps the version on silence when the watch was inconclusive', () => run({
    loadPolicy: async ({ target }) => {
      const policy = testPolicy(target);
      return { ...policy, gates: { ...policy.gates, rollback: { ...policy.gates.rollback, clock: gateClock(1500, 300) } } };
    },
    watchAlerts: async () => { throw ApplicationFailure.nonRetryable('alerts may not be read', 'InvalidRequest'); },
  }, async () => {
    const handle = await start();
    await passBothStages(handle);
    await gateOpen(handle, 'rollback');
    assert.match(await details(handle), /look closely: the monitoring window was inconclusive: alerts may not be read/);
    assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(await handle.result()), { outcome: 'succeeded', production: 'changed' });
  }));

  it('finds that another release took the test deployment meanwhile', () => {
    let reads = 0;
    return run({
      readBatchDeployment: async () => {
        reads += 1; // before the test deployment, after the test inference, and then production
        return { definition: {}, model: 'model-1', tags: { model_version: '1', ...(reads === 2 && { run: 'releaseModel:P001:C001:9-other/1' }) }, provisioningState: 'Succeeded' };
      },
    }, async () => {
      const handle = await start();
      await gateOpen(handle, 'stage1');
      await approve(handle, 'stage1', 'alice');
      await gateOpen(handle, 'stage3');
      assert.match(await details(handle), /reject: the test deployment was changed meanwhile, by releaseModel:P001:C001:9-other\/1/);
      await handle.cancel();
      await failureOf(handle.result());
    });
  });

  it('keeps the version when it is cancelled while watching', () => run({ watchAlerts: async () => { for (;;) { heartbeat(); await sleep(100); } } }, async () => {
    const handle = await start();
    await passBothStages(handle);
    await eventually(async () => assert.equal((await status(handle)).phase, 'monitoring'));
    await handle.cancel();
    await failureOf(handle.result());
    const closed = await status(handle);
    assert.deepEqual({ status: closed.status, outcome: closed.outcome, production: closed.production }, { status: 'Canceled', outcome: 'aborted', production: 'changed' });
  }));

  it('ends the watch at once when an alert comes in', () => run({ watchAlerts: async () => { for (;;) { heartbeat(); await sleep(100); } } }, async () => {
    const handle = await start();
    await passBothStages(handle);
    await eventually(async () => assert.equal((await status(handle)).phase, 'monitoring'));
    await handle.signal('alert', { name: 'latency' });
    await gateOpen(handle, 'rollback');
    await decide(handle.client, { workflowId: handle.workflowId }, { gate: 'rollback', verdict: 'reject', by: 'carol', comment: 'known noise' });
    const result = await handle.result();
    assert.deepEqual({ outcome: result.outcome, production: result.production }, { outcome: 'succeeded', production: 'changed' });
    assert.match(result.reason, /kept although alert latency came in/);
  }));
});
