/** `updateTrainingConfig` with activities that answer at once, in skipped time; each task replays the whole history. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ChangeRules, ReviewStanding, UpdateTrainingConfigInput } from '../../../workflows/domain/configuration-change.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { releaseChangeId } from '../../../workflows/domain/ids.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import { standingDigest } from '../../../workflows/domain/pull-request-review.ts';
import type { updateTrainingConfig } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, testChangeRules, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

let temporal: TestWorkflowEnvironment;
let runs = 0;
before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.teardown());

const hour = 3_600_000;
const waiting: ReviewStanding = { status: 'active', mergeStatus: 'succeeded', sourceCommit: 'f00d', votes: [], closedBy: null };
const approved: ReviewStanding = { ...waiting, votes: [{ by: 'dana@example.com', vote: 10, comment: '' }] };
const merged: ReviewStanding = { ...approved, status: 'completed', closedBy: 'holdpoint-service@example.com' };

/** A pull request that a test moves, and what the run did to it, told and put on record. */
class PullRequest {
  standing: ReviewStanding = waiting;
  looks = 0;
  merges = 0;
  withdrawn = 0;
  readonly told: GateEvent[] = [];
  readonly entries: RecordEntry[] = [];
  readonly id = 1000 + (runs += 1);
  /** How the merge is answered, first to last; asked and done afterwards. */
  refusals: string[] = [];

  activities(more: Partial<ReleaseActivities> = {}, rules: Partial<ChangeRules> = {}): Partial<ReleaseActivities> {
    return {
      // Seldom, for each look costs the time-skipping server a moment.
      loadChangeRules: async () => ({ ...testChangeRules, pollMs: 6 * hour, ...rules }),
      // The release itself is another test's matter: here its change turns out to configure nothing.
      readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits: [] }),
      openPullRequest: async () => ({ pullRequestId: this.id, url: `https://example.com/pr/${this.id}` }),
      awaitReview: async ({ known, intervalMs }) => {
        this.looks += 1;
        const digest = standingDigest(this.standing);
        if (digest === known) throw ApplicationFailure.create({ type: FailureType.StillWatching, message: 'nothing new', nextRetryDelay: intervalMs });
        return { standing: this.standing, digest };
      },
      completePullRequest: async () => {
        this.merges += 1;
        const reason = this.refusals.shift();
        if (reason !== undefined) return { state: 'refused', reason };
        this.standing = { ...this.standing, status: 'completed', closedBy: 'holdpoint-service@example.com' };
        return { state: 'asked', reason: '' };
      },
      withdrawChange: async () => {
        this.withdrawn += 1;
        return { withdrawn: ['pull request', 'branch'], left: null };
      },
      notify: async ({ event }) => {
        this.told.push(event);
        return { delivered: ['chat'], failed: [] };
      },
      appendToRecord: async ({ run: { runbook }, entries }) => {
        if (runbook === 'updateTrainingConfig') this.entries.push(...entries);
        return { block: 1, digest: '0'.repeat(64) };
      },
      ...more,
    };
  }

  kinds(): string[] {
    return this.told.filter(({ gate }) => gate === 'review').map(({ kind }) => kind);
  }

  findings(): string[] {
    return this.entries.flatMap((entry) => (entry.kind === 'finding' ? [entry.what] : []));
  }
}

const start = (input: Partial<UpdateTrainingConfigInput> = {}) =>
  temporal.client.workflow.start<typeof updateTrainingConfig>('updateTrainingConfig', {
    taskQueue: TaskQueue.Runbooks, workflowId: `updateTrainingConfig:P001:C001:${runs += 1}`,
    args: [{ target: { plant: 'P001', circuit: 'C001' }, hyperparameters: { learning_rate: 0.0005 }, rationale: 'it still learns', startedBy: 'alice', ...input }],
  });
const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });
const news = (handle: WorkflowHandle, standing: string) => handle.signal('review', { pullRequestId: 1, standing });
const elapsed = async (handle: WorkflowHandle): Promise<number> => {
  const { startTime, closeTime } = await handle.describe();
  return closeTime!.getTime() - startTime.getTime();
};

describe('updateTrainingConfig', () => {
  it('edits, opens the pull request, merges what the data scientist approved, and starts the release once', async () => {
    const pullRequest = new PullRequest();
    const seen: { title: string; description: string; source: string }[] = [];
    await run(pullRequest.activities({ openPullRequest: async (input) => { seen.push(input); return { pullRequestId: pullRequest.id, url: 'https://example.com/pr' }; } }), async () => {
      const handle = await start();
      await eventually(() => assert.equal(pullRequest.looks, 2));
      pullRequest.standing = approved;
      await news(handle, 'a');
      const result = await handle.result();
      assert.equal(result.outcome, 'succeeded', result.reason);
      assert.deepEqual([result.reviewedBy, result.branch, result.release], [['dana'], 'feature/tune-P001-C001', { workflowId: releaseChangeId('b1a7', pullRequest.id), startedBy: 'run' }]);
      assert.equal(pullRequest.merges, 1);
      assert.match((await temporal.client.workflow.getHandle(result.release!.workflowId).result() as { reason: string }).reason, /configures no circuit/);
    });
    const [{ title, source, description }] = seen as [(typeof seen)[0]];
    assert.deepEqual([title, source], ['Tune hyperparameters for P001/C001', 'refs/heads/feature/tune-P001-C001']);
    assert.match(description, /^it still learns\n[^]*```diff\n- .*0\.001\n\+ .*0\.0005\n```[^]*for alice[^]*<!-- holdpoint:run updateTrainingConfig:P001:C001:\d+ -->$/);
    assert.deepEqual(pullRequest.kinds(), ['opened']);
    assert.deepEqual(pullRequest.entries.map((entry) => (entry.kind === 'effect' ? entry.step : entry.kind)), ['change', 'pull request', 'merge', 'closed']);
  });

  it('finds the release that the hook of the merge has started', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = merged;
    await run(pullRequest.activities(), async () => {
      const workflowId = releaseChangeId('b1a7', pullRequest.id);
      await temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ repositoryId: 'b1a7', pullRequestId: pullRequest.id }] });
      assert.deepEqual((await (await start()).result()).release, { workflowId, startedBy: 'hook' });
    });
  });

  for (const [name, plan, reason] of [
    ['a value out of range, with file, line, field and range', { kind: 'refused', refused: { path: 'config/plants/P001/C001.yml', line: 4, reason: 'training.hyperparameters.learning_rate: must be a number above 0, at most 1, not 3' } }, /^config\/plants\/P001\/C001\.yml:4: training\.hyperparameters\.learning_rate: must be a number above 0, at most 1/],
    ['what changes nothing', { kind: 'unchanged', reason: 'nothing changes: config/plants/P001/C001.yml has these values already' }, /^nothing changes/],
  ] as const) {
    it(`refuses ${name}, and touches nothing`, async () => {
      const pullRequest = new PullRequest();
      await run(pullRequest.activities({ planConfigurationChange: async () => plan, pushConfigurationChange: () => Promise.reject(ApplicationFailure.nonRetryable('pushed')) }), async () => {
        const result = await (await start()).result();
        assert.equal(result.outcome, 'rejected');
        assert.match(result.reason, reason);
        assert.equal(pullRequest.withdrawn, 0);
      });
    });
  }

  it('never touches a branch that is somebody else\'s', async () => {
    const pullRequest = new PullRequest();
    await run(pullRequest.activities({ pushConfigurationChange: async () => ({ kind: 'taken', commit: 'beefbeefbeef', by: 'carol@example.com', comment: 'Try momentum' }) }), async () => {
      const result = await (await start()).result();
      assert.equal(result.outcome, 'rejected');
      assert.match(result.reason, /branch feature\/tune-P001-C001 is there already .*beefbeef by carol@example\.com, "Try momentum"/);
      assert.equal(pullRequest.withdrawn, 0);
    });
  });

  it('does not begin where whoever asks is the only one who could review', async () => {
    const pullRequest = new PullRequest();
    await run(pullRequest.activities({}, { reviewers: ['dana'] }), async () => {
      const result = await (await start({ startedBy: 'dana@example.com' })).result();
      assert.deepEqual([result.outcome, result.pullRequest], ['rejected', null]);
      assert.match(result.reason, /nobody could review it: dana asked/);
    });
  });

  it('counts neither a stranger\'s vote nor that of whoever asked; a reviewer\'s no ends it with the reason', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = { ...waiting, votes: [{ by: 'mallory@example.com', vote: 10, comment: '' }, { by: 'carol', vote: 10, comment: '' }] };
    await run(pullRequest.activities(), async () => {
      const handle = await start({ startedBy: 'carol' });
      await eventually(() => assert.equal(pullRequest.looks, 2));
      pullRequest.standing = { ...waiting, votes: [{ by: 'dana@example.com', vote: -10, comment: 'it diverged last year' }] };
      await news(handle, 'b');
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.reason], ['rejected', `dana rejected pull request ${pullRequest.id}: it diverged last year`]);
      assert.deepEqual([pullRequest.merges, pullRequest.withdrawn], [0, 1]);
    });
  });

  it('ends when a person abandons it, and says who', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = { ...waiting, status: 'abandoned', closedBy: 'dana@example.com' };
    await run(pullRequest.activities(), async () => {
      const result = await (await start()).result();
      assert.deepEqual([result.outcome, result.reason, pullRequest.withdrawn], ['rejected', `pull request ${pullRequest.id} was abandoned by dana`, 1]);
    });
  });

  it('reminds, escalates, and withdraws the change when nobody has voted by the deadline', async () => {
    const pullRequest = new PullRequest();
    await run(pullRequest.activities(), async () => {
      const handle = await start();
      const result = await handle.result();
      assert.equal(result.outcome, 'expired');
      assert.equal(pullRequest.withdrawn, 1);
      const took = await elapsed(handle);
      assert.ok(took >= 72 * hour && took < 72.1 * hour, `${took / hour} h`);
      assert.ok((await handle.describe()).historyLength < 120);
    });
    assert.deepEqual(pullRequest.kinds(), ['opened', 'reminded', 'escalated']);
    assert.deepEqual(pullRequest.told.find(({ kind }) => kind === 'escalated')?.to, ['manager']);
  });

  it('counts a vote that was there before the clock let its voter review', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = { ...waiting, votes: [{ by: 'bob', vote: 5, comment: '' }] };
    await run(pullRequest.activities({}, { clock: { ...testChangeRules.clock, widen: [{ approvers: ['bob'], afterMs: 24 * hour, hours: 'elapsed' }] } }), async () => {
      const handle = await start();
      assert.deepEqual((await handle.result()).reviewedBy, ['bob']);
      const took = await elapsed(handle);
      assert.ok(took >= 24 * hour && took < 25 * hour, `${took / hour} h`);
    });
  });

  it('says a conflict once, goes on while people resolve it, and leaves what they pushed for them to merge', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = { ...approved, mergeStatus: 'conflicts' };
    await run(pullRequest.activities(), async () => {
      const handle = await start();
      await eventually(() => assert.equal(pullRequest.looks, 2));
      pullRequest.standing = { ...approved, sourceCommit: 'cafe' };
      await news(handle, 'resolved');
      await eventually(() => assert.equal(pullRequest.looks, 4));
      assert.equal(pullRequest.merges, 0);
      pullRequest.standing = { ...pullRequest.standing, status: 'completed', closedBy: 'dana@example.com' };
      await news(handle, 'merged');
      assert.equal((await handle.result()).outcome, 'succeeded');
    });
    assert.deepEqual(pullRequest.findings(), ['the pull request conflicts with the target branch']);
    assert.equal(pullRequest.kinds().filter((kind) => kind === 'finding').length, 1);
  });

  it('asks again, ever more seldom, while a policy keeps the platform from merging', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    pullRequest.refusals = Array.from({ length: 6 }, () => 'a required build has not succeeded');
    await run(pullRequest.activities({}, { pollMs: 10 * 60_000 }), async () => {
      const handle = await start();
      const result = await handle.result();
      assert.equal(result.outcome, 'succeeded', result.reason);
      assert.equal(pullRequest.merges, 7);
      // 10, 20, 40 and then 60 minutes.
      const took = await elapsed(handle);
      assert.ok(took >= 4 * hour && took < 5 * hour, `${took / hour} h`);
    });
    assert.deepEqual(pullRequest.findings(), ['the platform does not merge the pull request yet']);
  });

  it('leaves the merge to people where the estate says so, and puts a merge without a reviewer on record', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    await run(pullRequest.activities({}, { mergeBy: 'people' }), async () => {
      const handle = await start();
      await eventually(() => assert.equal(pullRequest.looks, 2));
      assert.equal(pullRequest.merges, 0);
      pullRequest.standing = { ...waiting, status: 'completed', closedBy: 'bob' };
      await news(handle, 'merged');
      assert.match((await handle.result()).reason, /merged by bob, without the vote of a reviewer/);
    });
    assert.deepEqual(pullRequest.findings(), ['merged without the vote of a reviewer']);
  });

  it('takes branch and pull request back when it is cancelled, or cannot go on', async () => {
    for (const more of [{}, { openPullRequest: () => Promise.reject(ApplicationFailure.nonRetryable('no such project', FailureType.NotFound)) }] as Partial<ReleaseActivities>[]) {
      const pullRequest = new PullRequest();
      await run(pullRequest.activities(more), async () => {
        const handle = await start();
        if (more.openPullRequest === undefined) {
          await eventually(() => assert.equal(pullRequest.looks, 2));
          await handle.cancel();
        }
        await assert.rejects(handle.result(), WorkflowFailedError);
      });
      assert.equal(pullRequest.withdrawn, 1);
    }
  });

  it('is not worn out by a storm of signals', async () => {
    const pullRequest = new PullRequest();
    await run(pullRequest.activities(), async () => {
      const handle = await start();
      await eventually(() => assert.equal(pullRequest.looks, 2));
      for (let n = 0; n < 90; n += 1) await handle.signal('review', n % 3 === 0 ? undefined : { standing: n });
      await handle.cancel();
      await assert.rejects(handle.result(), WorkflowFailedError);
      assert.ok(pullRequest.looks <= 55, `${pullRequest.looks} looks`);
    });
  });
});
