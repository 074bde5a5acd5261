import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../activities/record/index.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { ensureSchedules, regularRuns } from '../../starters/schedules.ts';
import { bundlePath } from '../../workers/bundle.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { appendInput } from '../activities/record/support/record-calls.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { holdpointAt } from './run-holdpoint.ts';

let temporal: TestWorkflowEnvironment;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-schedules-'));
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

describe('schedules', () => {
  it('are made once, brought up to date, and left paused by whoever paused them', async () => {
    const { client } = temporal;
    const made = await ensureSchedules(client, [{ ...regularRuns[0]!, every: '1h' }]);
    assert.deepEqual(made.map(({ id, state, paused }) => [id, state, paused]), [['anchorRecord', 'created', false]]);
    await client.schedule.getHandle('anchorRecord').pause('a test');
    const { stdout, code } = await holdpointAt(temporal.address)(['schedules', '--json']);
    assert.equal(code, 0);
    const states = JSON.parse(stdout) as Awaited<ReturnType<typeof ensureSchedules>>;
    assert.deepEqual(states.map(({ id, state, paused }) => [id, state, paused]), regularRuns.map(({ id }) => (id === 'anchorRecord' ? [id, 'brought up to date', true] : [id, 'created', false])));
    const { spec, action } = await client.schedule.getHandle('anchorRecord').describe();
    assert.equal(spec.intervals?.[0]?.every, 86_400_000);
    assert.equal(action.taskQueue, TaskQueue.Runbooks);
    for (const { id } of regularRuns) assert.deepEqual((await client.schedule.getHandle(id).describe()).info.recentActions, []);
  });

  it('are listed, paused with a reason, resumed and triggered, and what does not exist is told', async () => {
    const holdpoint = holdpointAt(temporal.address);
    const run = async (...words: string[]): Promise<unknown> => {
      const { stdout, stderr, code } = await holdpoint(['schedules', ...words, '--json']);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    assert.deepEqual(((await run('list')) as { id: string; state: string }[]).map(({ id, state }) => [id, state]), regularRuns.map(({ id }) => [id, id === 'anchorRecord' ? 'paused' : 'running']));
    const reconciliation = async (state: string, note: string): Promise<void> => {
      await eventually(async () => {
        const seen = ((await run('list')) as { id: string; state: string; note: string }[]).find(({ id }) => id === 'reconcileAlerts');
        assert.deepEqual([seen?.state, seen?.note], [state, note]);
      });
    };
    assert.deepEqual(await run('pause', 'reconcileAlerts', '--reason', 'the monitoring moves'), { id: 'reconcileAlerts', action: 'pause', reason: 'the monitoring moves' });
    await reconciliation('paused', 'the monitoring moves');
    await run('resume', 'reconcileAlerts', '--reason', 'it has moved');
    await reconciliation('running', 'it has moved');
    await run('trigger', 'reconcileAlerts');
    const { policies, info } = await eventually(async () => {
      const described = await temporal.client.schedule.getHandle('reconcileAlerts').describe();
      assert.equal(described.info.recentActions.length, 1);
      return described;
    });
    assert.deepEqual([policies.overlap, policies.catchupWindow, info.recentActions[0]?.action.workflow.workflowId.startsWith('reconcileAlerts-')], ['SKIP', 600_000, true]);
    await run('resume', 'anchorRecord');

    await temporal.client.schedule.getHandle('sweepRuns').delete();
    for (const [words, message] of [[['pause', 'nothing', '--reason', 'r'], /There is no schedule nothing/], [['trigger', 'sweepRuns'], /has not been made yet/]] as const) {
      const { code, stderr } = await holdpoint(['schedules', ...words]);
      assert.equal(code, 3);
      assert.match(stderr, message);
    }
    assert.deepEqual(((await run('list')) as { id: string; state: string }[]).find(({ id }) => id === 'sweepRuns')?.state, 'missing');
  });

  it('anchor the record; a run fails where the record was cut', async () => {
    const places = { record: join(directory, 'record'), anchors: join(directory, 'anchors'), keys: join(directory, 'keys') };
    await mintKeys(places.keys);
    const activities = createRecordActivities({ record: openFolderStore(places.record), anchors: openFolderStore(places.anchors), keysDirectory: places.keys, build: 'test' });
    const shared = { connection: temporal.nativeConnection, namespace: 'default' };
    const workers = [
      await Worker.create({ ...shared, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath } }),
      await Worker.create({ ...shared, taskQueue: TaskQueue.Record, activities: { ...activities } }),
    ];
    const running = workers.map((worker) => worker.run());
    try {
      await activities.appendToRecord(appendInput(1));
      const handle = temporal.client.schedule.getHandle('anchorRecord');
      await handle.trigger();
      await eventually(() => assert.deepEqual(readdirSync(places.anchors), ['anchor-000000000001.json']));
      rmSync(join(places.record, 'block-000000000001.json'));
      const error: unknown = await temporal.client.workflow.execute('anchorRecord', { taskQueue: TaskQueue.Runbooks, workflowId: 'anchorRecord:cut' }).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error);
      const { cause } = error.cause as Error;
      assert.equal((cause as { type?: string }).type, FailureType.Conflict);
      assert.match(String(cause), /block 1 is gone/);
    } finally {
      workers.forEach((worker) => worker.shutdown());
      await Promise.all(running);
    }
  });
});
