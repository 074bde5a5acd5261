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
import { readEstate } from '../../activities/estate/estate-file.ts';
import { applySchedules } from '../../starters/schedules/apply.ts';
import { scheduleRows } from '../../starters/schedules/rows.ts';
import { bundlePath } from '../../workers/bundle.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { appendInput } from '../activities/record/support/record-calls.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-schedules-'));
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

describe('the schedule of the anchor', () => {
  it('anchors the record; a run fails where the record was cut', async () => {
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
      const rows = await scheduleRows(await readEstate('estate/demo.yml'), 'estate/demo.yml');
      await applySchedules(temporal.client, rows.filter(({ id }) => id === 'anchorRecord'));
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
