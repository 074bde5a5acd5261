import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { releaseModel } from '../../../workflows/index.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { heartbeat, sleep } from '@temporalio/activity';
import { releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { eventually } from '../../support/eventually.ts';

type Handle = WorkflowHandle<typeof releaseModel>;

let temporal: TestWorkflowEnvironment;
let started = 0;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

async function start(): Promise<Handle> {
  started += 1;
  return await temporal.client.workflow.start<typeof releaseModel>('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseModel:P001:C001:${started}`, args: [testInput] });
}

const status = (handle: Handle) => handle.query<RunStatus>('status');
const details = async (handle: Handle) => {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
};
const gateOpen = (handle: Handle, gate: string) => eventually(async () => assert.equal((await status(handle)).gate?.id, gate));
const approve = (handle: Handle, gate: string, by: string) => handle.executeUpdate('decide', { args: [{ gate, verdict: 'approve', by }] });
const passBothStages = async (handle: Handle): Promise<void> => {
  for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob']] as const) {
    await gateOpen(handle, gate);
    await approve(handle, gate, by);
  }
};
const failureOf = async (promise: Promise<unknown>): Promise<WorkflowFailedError> => {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
};

/** Every test replays from the first event at each task: what is not deterministic fails here. */
const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });

describe('releaseModel', () => {
  it('releases when both stages are approved, by update and by signal', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    await approve(handle, 'stage1', 'alice');
    await gateOpen(handle, 'stage3');
    await handle.signal('approve', { gate: 'stage3', by: 'bob' });
    const result = await handle.result();
    assert.equal(result.outcome, 'succeeded');
    assert.equal(result.production, 'changed');
    assert.equal(result.serving, testInput.version);
    const closed = await status(handle);
    assert.equal(closed.status, 'Completed');
    assert.deepEqual(closed.phases.map(({ name }) => name), ['reviewing the training', 'Stage 1 approval', 'registry promotion', 'Stage 2 test inference', 'Stage 3 approval', 'production deployment', 'monitoring']);
    assert.ok(closed.phases.every(({ endedAt }) => endedAt !== null));
    const { searchAttributes } = await handle.describe();
    assert.deepEqual(searchAttributes['Outcome'], ['succeeded']);
    assert.deepEqual(searchAttributes['Gate'], [null]);
  }));

  it('is not disturbed by answers that do not count, and shows why they did not', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    const refused = (answer: unknown, reason: RegExp) => assert.rejects(handle.executeUpdate('decide', { args: [answer] }), (error: Error) => reason.test(String(error.cause)));
    await refused({ gate: 'stage1', verdict: 'approve', by: 'dana' }, /dana is not among the approvers/);
    await refused({ gate: 'stage1', verdict: 'approve', by: 'alice', evidence: 'ffffffffffff' }, /other evidence/);
    await refused({ gate: 'stage3', verdict: 'approve', by: 'alice' }, /names gate "stage3"; open is "stage1"/);
    await refused('yes', /it is a string/);
    const shown = async (signal: string, payload: unknown, reason: RegExp) => {
      await handle.signal(signal, payload);
      await eventually(async () => assert.match(await details(handle), reason));
      assert.equal((await status(handle)).lastAnswer?.counted, false);
    };
    await shown('approve', { gate: 'stage1' }, /an unnamed answer: not counted, it does not say who decides/);
    await shown('approve', { by: 'alice' }, /alice: not counted, it names no gate/);
    await shown('approve', [1, 2], /it is a list/);
    await shown('aprove', { gate: 'stage1', by: 'alice' }, /there is no signal "aprove"/);
    await shown('approve', { gate: 'stage3', by: 'bob' }, /bob: not counted, it names gate "stage3"; open is "stage1"; kept as a proposal/);
    await approve(handle, 'stage1', 'alice');
    await gateOpen(handle, 'stage3');
    assert.match(await details(handle), /bob: not counted, it came before stage3 opened/);
    await refused({ gate: 'stage1', verdict: 'approve', by: 'bob' }, /gate "stage1" is closed/);
    await approve(handle, 'stage3', 'bob');
    assert.equal((await handle.result()).outcome, 'succeeded');
  }));

  it('shows a card of one screen: under 3,000 bytes, with the JSON that answers it', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    const card = await details(handle);
    assert.ok(Buffer.byteLength(card) < 3_000);
    const json = /```json\n(.*)\n```/.exec(card)?.[1];
    assert.ok(json);
    const answer = { ...(JSON.parse(json) as object), by: 'carol' };
    await handle.signal('approve', answer);
    await gateOpen(handle, 'stage3');
    assert.match(await details(handle), /\*\*Last answer:\*\* carol: counted, approve of stage1 \(identity claimed\)/);
    await handle.cancel();
    await failureOf(handle.result());
  }));

  it('ends as rejected, with the reason and one work item, when a person says no', async () => {
    const filed: string[] = [];
    await run({ createWorkItem: async ({ descriptionHtml }) => { filed.push(descriptionHtml); return { id: 9, url: 'https://example.com/9', uncertain: false }; } }, async () => {
      const handle = await start();
      await gateOpen(handle, 'stage1');
      await assert.rejects(handle.executeUpdate('decide', { args: [{ gate: 'stage1', verdict: 'reject', by: 'alice' }] }), (error: Error) => /needs a reason/.test(String(error.cause)));
      await handle.signal('reject', { gate: 'stage1', by: 'alice', comment: 'R² fell <sharply>' });
      const result = await handle.result();
      assert.deepEqual({ ...result, workItem: result.workItem?.id }, { outcome: 'rejected', reason: 'alice: R² fell <sharply>', target: testInput.target, version: testInput.version, production: 'unchanged', serving: null, workItem: 9 });
    });
    assert.equal(filed.length, 1);
    assert.match(filed[0]!, /R² fell &lt;sharply&gt;/);
  });

  it('stays rejected when the work item cannot be made, and says so', () => run({ createWorkItem: async () => { throw ApplicationFailure.nonRetryable('work item type Bug does not exist', 'InvalidRequest'); } }, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    await handle.signal('reject', { gate: 'stage1', by: 'alice', reason: 'no' });
    const { outcome, workItem } = await handle.result();
    assert.deepEqual({ outcome, workItem }, { outcome: 'rejected', workItem: null });
    assert.match(await details(handle), /The work item could not be made: work item type Bug does not exist/);
  }));

  it('expires when nobody answers', () => run({ loadPolicy: async ({ target }) => ({ ...testPolicy(target), gates: { ...testPolicy(target).gates, stage1: { ...testPolicy(target).gates.stage1, deadlineMs: 1500, remindAfterMs: 300 } } }) }, async () => {
    const handle = await start();
    assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(await handle.result()), { outcome: 'expired', production: 'unchanged' });
  }));

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

  it('keeps the version when it is cancelled while watching', () => run({ watchAlerts: async () => { for (;;) { heartbeat(); await sleep(100); } } }, async () => {
    const handle = await start();
    await passBothStages(handle);
    await eventually(async () => assert.equal((await status(handle)).phase, 'monitoring'));
    await handle.cancel();
    await failureOf(handle.result());
    const closed = await status(handle);
    assert.deepEqual({ status: closed.status, outcome: closed.outcome, production: closed.production }, { status: 'Canceled', outcome: 'aborted', production: 'changed' });
  }));

  for (const [how, onBreach] of [['after a person says so', 'gate'], ['by policy', 'rollBack']] as const) {
    it(`rolls back a breach ${how}`, () => run({
      loadPolicy: async ({ target }) => ({ ...testPolicy(target), monitoring: { ...testPolicy(target).monitoring, onBreach } }),
      watchAlerts: async () => ({ kind: 'breached', poll: 2, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } }),
    }, async () => {
      const handle = await start();
      await passBothStages(handle);
      if (onBreach === 'gate') {
        await gateOpen(handle, 'rollback');
        await approve(handle, 'rollback', 'alice');
      }
      const result = await handle.result();
      assert.deepEqual({ outcome: result.outcome, production: result.production, serving: result.serving }, { outcome: 'rejected', production: 'unchanged', serving: '1' });
      assert.match(result.reason, /mae-high \(Sev1\)/);
    }));
  }

  it('ends the watch at once when an alert comes in', () => run({ watchAlerts: async () => { for (;;) { heartbeat(); await sleep(100); } } }, async () => {
    const handle = await start();
    await passBothStages(handle);
    await eventually(async () => assert.equal((await status(handle)).phase, 'monitoring'));
    await handle.signal('alert', { name: 'latency' });
    await gateOpen(handle, 'rollback');
    await handle.executeUpdate('decide', { args: [{ gate: 'rollback', verdict: 'reject', by: 'carol', comment: 'known noise' }] });
    const result = await handle.result();
    assert.deepEqual({ outcome: result.outcome, production: result.production }, { outcome: 'succeeded', production: 'changed' });
    assert.match(result.reason, /kept although alert latency came in/);
  }));
});
