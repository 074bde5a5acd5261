/** The lease of a lock, in skipped time. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { claimLock } from '../../../activities/runs/locks.ts';
import { lockId, lockPriority, type LockState } from '../../../workflows/domain/resource-lock.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { eventually } from '../../support/eventually.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

let temporal: TestWorkflowEnvironment;
beforeEach(async () => {
  temporal = await startTimeSkipping();
});
afterEach(() => temporal.teardown());

const target = { plant: 'P001', circuit: 'lease' };
const status = () => temporal.client.workflow.getHandle(lockId(target)).query<LockState>('status');

describe("the lock's lease", () => {
  it('is renewed while its holder runs, and given up a quarter of an hour after a holder was ended from outside, though nobody asks', () => withReleaseWorkers(temporal, {}, async () => {
    // A run that waits for its next hold, and holds nothing up.
    const holder = await temporal.client.workflow.start('stopReleases', { taskQueue: TaskQueue.Runbooks, workflowId: 'holder', args: ['all'] });
    await claimLock(temporal.client, { workflowId: 'holder', runId: holder.firstExecutionRunId, target, what: 'holder', version: null, priority: lockPriority('release', 'P2'), preempts: false, preImage: null });
    const first = (await status()).holder!.leaseUntil;
    await temporal.sleep('20 minutes');
    await eventually(async () => assert.ok((await status()).holder!.leaseUntil > first));
    const { epoch } = await status();
    await holder.terminate();
    await temporal.sleep('16 minutes');
    await eventually(async () => assert.equal((await status()).holder, null));
    assert.equal((await status()).epoch, epoch); // free, and no lower: whoever comes next gets a higher one
    await temporal.client.workflow.getHandle(lockId(target)).terminate();
  }));
});
