/**
 * Records the histories that CI replays: `node test/replay/record.ts`. Histories are added when a runbook gains a path and kept when its code changes: that a kept one still
 * replays is what lets a release that waits for days survive a new version of the worker.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { eventually } from '../support/eventually.ts';
import { testInput, type ReleaseActivities } from '../support/release-activities.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { startTemporal } from '../support/temporal-server.ts';

const directory = fileURLToPath(new URL('./histories/', import.meta.url));

interface Path {
  name: string;
  activities?: Partial<ReleaseActivities>;
  runbook?: 'releaseChange' | 'releaseModel';
  /** What people do, in order, at the gates they do it at. */
  conduct: (handle: WorkflowHandle) => Promise<void>;
}

const atGate = async (handle: WorkflowHandle, gate: string, act: () => Promise<unknown>): Promise<void> => {
  await eventually(async () => {
    const { gate: open } = await handle.query<RunStatus>('status');
    if (open?.id !== gate) throw new Error(`${gate} is not open yet`);
  });
  await act();
};
const decide = (handle: WorkflowHandle, gate: string, by: string) => atGate(handle, gate, () => handle.executeUpdate('decide', { args: [{ gate, verdict: 'approve', by }] }));
const breached = async () => ({ kind: 'breached' as const, poll: 2, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } });

const paths: Path[] = [
  {
    name: 'release-model-approved',
    conduct: async (handle) => {
      await atGate(handle, 'stage1', () => handle.signal('approve', { gate: 'stage1' }));
      await handle.signal('aprove', {});
      await decide(handle, 'stage1', 'alice');
      await atGate(handle, 'stage3', () => handle.signal('approve', { gate: 'stage3', by: 'bob' }));
    },
  },
  { name: 'release-model-rejected', conduct: (handle) => atGate(handle, 'stage1', () => handle.signal('reject', { gate: 'stage1', by: 'carol', comment: 'R² fell' })) },
  {
    name: 'release-model-cancelled',
    conduct: async (handle) => {
      await decide(handle, 'stage1', 'alice');
      await atGate(handle, 'stage3', () => handle.cancel());
    },
  },
  {
    name: 'release-model-rolled-back',
    activities: { watchAlerts: breached },
    conduct: async (handle) => {
      for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob'], ['rollback', 'alice']] as const) await decide(handle, gate, by);
    },
  },
  { name: 'release-change', runbook: 'releaseChange', conduct: async () => undefined },
];
const temporal = await startTemporal();
try {
  await mkdir(directory, { recursive: true });
  for (const { name, activities = {}, runbook = 'releaseModel', conduct } of paths) {
    await withReleaseWorkers(temporal, activities, async () => {
      const input = runbook === 'releaseModel' ? testInput : { repositoryId: 'b1a7', pullRequestId: 42 };
      const handle = await temporal.client.workflow.start(runbook, { taskQueue: TaskQueue.Runbooks, workflowId: `${runbook}:${name}`, args: [input] });
      await conduct(handle);
      await handle.result().catch(() => undefined); // a cancelled run throws
      await writeFile(`${directory}${name}.json`, `${JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())), null, 1)}\n`);
      process.stdout.write(`recorded ${name}\n`);
    });
  }
} finally {
  await temporal.teardown();
}
