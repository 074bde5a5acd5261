/** The clock of a review, in skipped time. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { DeclaredFreezes } from '../../support/declared-freezes.ts';
import { eventually } from '../../support/eventually.ts';
import { testChangeRules, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';
import { approved, ended, hour, PullRequest, startChange, waiting } from './support/pull-request.ts';

let temporal: TestWorkflowEnvironment;
// One for each test: a poll that a cancelled wait leaves behind keeps this server from skipping time.
beforeEach(async () => {
  temporal = await startTimeSkipping();
});
afterEach(() => temporal.teardown());

const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });
const elapsed = async (handle: WorkflowHandle): Promise<number> => {
  const { startTime, closeTime } = await handle.describe();
  return closeTime!.getTime() - startTime.getTime();
};

describe('the clock of a review', () => {
  it('reminds, escalates, and withdraws the change when nobody has voted by the deadline', async () => {
    const pullRequest = new PullRequest();
    await run(pullRequest.activities(), async () => {
      const handle = await startChange(temporal);
      const result = await ended(temporal, handle);
      assert.equal(result.outcome, 'expired');
      assert.equal(pullRequest.withdrawn, 1);
      const took = await elapsed(handle);
      assert.ok(took >= 72 * hour && took < 72.1 * hour, `${took / hour} h`);
      assert.ok((await handle.describe()).historyLength < 120);
    });
    assert.deepEqual(pullRequest.kinds(), ['opened', 'reminded', 'escalated']);
    assert.deepEqual(pullRequest.told.find(({ kind }) => kind === 'escalated')?.to, ['manager']);
  });

  it('asks again, ever more seldom, while a policy keeps the platform from merging', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    pullRequest.refusals = Array.from({ length: 6 }, () => 'a required build has not succeeded');
    await run(pullRequest.activities({}, { pollMs: 10 * 60_000 }), async () => {
      const handle = await startChange(temporal);
      const result = await ended(temporal, handle);
      assert.equal(result.outcome, 'succeeded', result.reason);
      assert.equal(pullRequest.merges, 7);
      // 10, 20, 40 and then 60 minutes.
      const took = await elapsed(handle);
      assert.ok(took >= 4 * hour && took < 5 * hour, `${took / hour} h`);
    });
    assert.deepEqual(pullRequest.findings(), ['the platform does not merge the pull request yet']);
  });

  it('lets a freeze hold the merge of what was approved, also beyond the deadline', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    const freezes = await DeclaredFreezes.create();
    const begun = await temporal.currentTimeMs();
    try {
      await freezes.freeze('holidays', begun - hour, begun + 80 * hour, ', environments: [development]');
      await run(pullRequest.activities(freezes.activities(12 * hour)), async () => {
        const handle = await startChange(temporal);
        await eventually(async () => assert.deepEqual((await handle.query<RunStatus>('status')).frozen?.by, ['holidays']));
        assert.equal(pullRequest.merges, 0);
        const result = await ended(temporal, handle);
        assert.equal(result.outcome, 'succeeded', result.reason);
        assert.equal(pullRequest.merges, 1);
        const took = await elapsed(handle);
        assert.ok(took >= 79 * hour && took < 82 * hour, `${took / hour} h`);
      });
    } finally {
      await freezes.remove();
    }
  });

  it('counts a vote that was there before the clock let its voter review', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = { ...waiting, votes: [{ by: 'bob', vote: 5, comment: '' }] };
    await run(pullRequest.activities({}, { clock: { ...testChangeRules.clock, widen: [{ approvers: ['bob'], afterMs: 24 * hour, hours: 'elapsed' }] } }), async () => {
      const handle = await startChange(temporal);
      assert.deepEqual((await ended(temporal, handle)).reviewedBy, ['bob']);
      const took = await elapsed(handle);
      assert.ok(took >= 24 * hour && took < 25 * hour, `${took / hour} h`);
    });
  });
});
