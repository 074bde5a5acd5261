import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SweepRunsResult } from '../../../workflows/domain/sweep-runs.ts';
import type { UnblockReleaseResult } from '../../../workflows/domain/review-stuck.ts';
import { readEstate } from '../../../activities/estate/estate-file.ts';
import { applySchedules } from '../../../starters/schedules/apply.ts';
import { scheduleRows } from '../../../starters/schedules/rows.ts';
import { eventually } from '../../support/eventually.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

it('the schedules of unblockRelease and sweepRuns start runs that find what waits and what was ended from outside', async () => {
  const temporal = await startTemporal();
  try {
    await withReleaseWorkers(temporal, {}, async () => {
      const { client } = temporal;
      const stuck = await startRelease(client, releaseInput('P1', 'C1', '1'));
      const ended = await startRelease(client, releaseInput('P1', 'C2', '1'));
      await visible(client, `Gate = 'stage1' AND ExecutionStatus = 'Running'`, 2);
      await ended.terminate('by mistake');
      await visible(client, `ExecutionStatus = 'Terminated'`, 1);

      // As the product schedules them, but for an age that a test can wait for.
      const estate = await readEstate('estate/demo.yml');
      const rows = await scheduleRows({ ...estate, schedules: { unblockRelease: { input: { olderThanMs: 1 } } } }, 'estate/demo.yml');
      await applySchedules(client, rows.filter(({ id }) => id === 'unblockRelease' || id === 'sweepRuns'));
      const resultOf = async <T>(schedule: string): Promise<T> => {
        await client.schedule.getHandle(schedule).trigger();
        let workflowId = '';
        await eventually(async () => {
          const { info } = await client.schedule.getHandle(schedule).describe();
          const [recent] = info.recentActions;
          assert.ok(recent);
          workflowId = recent.action.workflow.workflowId;
        });
        return (await client.workflow.getHandle(workflowId).result()) as T;
      };
      const unblocked = await resultOf<UnblockReleaseResult>('unblockRelease');
      assert.deepEqual(unblocked.gates.map(({ workflowId, state }) => [workflowId, state]), [[stuck.workflowId, 'tended']]);
      const swept = await resultOf<SweepRunsResult>('sweepRuns');
      assert.deepEqual(swept.reported, [`reportInterruption:${ended.workflowId}:${ended.firstExecutionRunId}`]);
      await stuck.cancel();
    });
  } finally {
    await temporal.teardown();
  }
});
