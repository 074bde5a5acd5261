/** `updateTrainingConfig` with activities that answer at once; each task replays the whole history. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { UpdateTrainingConfigInput, UpdateTrainingConfigResult } from '../../../workflows/domain/configuration-change.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { releaseChangeId } from '../../../workflows/domain/ids.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { decide } from '../../../starters/decide.ts';
import { DeclaredFreezes } from '../../support/declared-freezes.ts';
import { eventually } from '../../support/eventually.ts';
import type { ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { approved, ended, hour, merged, PullRequest, startChange, waiting } from './support/pull-request.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const start = (input?: Partial<UpdateTrainingConfigInput>) => startChange(temporal, input);
const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });
const news = (handle: WorkflowHandle, standing: string) => handle.signal('review', { pullRequestId: 1, standing });

const withFreezes = async (body: (freezes: DeclaredFreezes) => Promise<unknown>): Promise<void> => {
  const freezes = await DeclaredFreezes.create();
  await body(freezes).finally(() => freezes.remove());
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
      const result = await ended(temporal, handle);
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

  it('a merge that a freeze holds is overridden only by somebody whom it names, other than who asked for the change; it is on record', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    await withFreezes(async (freezes) => {
      await freezes.freeze('audit', Date.now() - hour, Date.now() + 3 * hour, ', environments: [development], mayOverride: [alice, carol]');
      await run(pullRequest.activities(freezes.activities(1_000)), async () => {
        const handle = await start();
        await eventually(async () => assert.deepEqual((await handle.query<RunStatus>('status')).frozen?.by, ['audit']));
        assert.match(await details(handle), /To go before that: holdpoint override-freeze updateTrainingConfig[^]*Approved, and waits to be merged: https:/);
        assert.deepEqual(await handle.executeUpdate<unknown, [object]>('overrideFreeze', { args: [{ by: 'dana', reason: 'the auditors wait for it' }] }), { asks: ['alice', 'carol'] });
        const view = await eventually(async () => {
          const open = await handle.query<GateView | null>('gate');
          assert.equal(open?.gate, 'freeze');
          return open;
        });
        assert.deepEqual(view.eligible, ['carol']); // alice asked for the change
        assert.match(view.card.question, /^Let the merge of pull request \d+ \(Tune hyperparameters for P001\/C001\) go on in spite of the freeze audit\?$/);
        assert.equal(pullRequest.merges, 0);
        await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'freeze', verdict: 'approve', by: 'carol' });
        assert.equal((await ended(temporal, handle)).outcome, 'succeeded');
      });
    });
    assert.equal(pullRequest.merges, 1);
    assert.deepEqual(pullRequest.findings(), ['freeze overridden', 'held by a freeze']);
  });

  it('a pull request that is abandoned while a freeze holds its merge ends the wait, and the question of an override', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = approved;
    await withFreezes(async (freezes) => {
      await freezes.freeze('audit', Date.now() - hour, Date.now() + 3 * hour, ', environments: [development], mayOverride: [carol]');
      await run(pullRequest.activities(freezes.activities(1_000)), async () => {
        const handle = await start();
        await eventually(async () => assert.deepEqual((await handle.query<RunStatus>('status')).frozen?.by, ['audit']));
        await news(handle, 'a comment'); // changes nothing
        await handle.signal('overrideFreeze', { by: 'dana', reason: 'the auditors wait for it' });
        await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).gate?.id, 'freeze'));
        pullRequest.standing = { ...approved, status: 'abandoned', closedBy: 'alice' };
        await news(handle, 'abandoned');
        assert.deepEqual([(await handle.result()).reason, pullRequest.merges], [`pull request ${pullRequest.id} was abandoned by alice`, 0]);
      });
    });
  });

  it('finds the release that the hook of the merge has started', async () => {
    const pullRequest = new PullRequest();
    pullRequest.standing = merged;
    await run(pullRequest.activities(), async () => {
      const workflowId = releaseChangeId('b1a7', pullRequest.id);
      await temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ repositoryId: 'b1a7', pullRequestId: pullRequest.id }] });
      assert.deepEqual((await ended(temporal, await start())).release, { workflowId, startedBy: 'hook' });
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
      const result = await ended(temporal, handle);
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
      assert.equal((await ended(temporal, handle)).outcome, 'succeeded');
    });
    assert.deepEqual(pullRequest.findings(), ['the pull request conflicts with the target branch']);
    assert.equal(pullRequest.kinds().filter((kind) => kind === 'finding').length, 1);
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
      assert.match((await ended(temporal, handle)).reason, /merged by bob, without the vote of a reviewer/);
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

  it('starts the release of what somebody has merged, where it is cancelled before it has seen that', async () => {
    const pullRequest = new PullRequest();
    pullRequest.hidesMerge = true;
    await run(pullRequest.activities(), async () => {
      const handle = await start();
      await eventually(() => assert.ok(pullRequest.looks >= 1));
      pullRequest.standing = merged;
      await handle.cancel();
      await assert.rejects(handle.result(), WorkflowFailedError);
      const { compensations } = (await handle.describe()).memo!['result'] as UpdateTrainingConfigResult;
      const release = `releaseChange:b1a7:${pullRequest.id}`;
      assert.match(compensations?.[0]?.detail ?? '', new RegExp(`^there was nothing to take back; the change is merged: ${release} trains and releases the circuit$`));
      await temporal.client.workflow.getHandle(release).result();
    });
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
