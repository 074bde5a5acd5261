import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pMap from 'p-map';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { BulkResult } from '../../../starters/bulk/decide-all.ts';
import type { RunSummary } from '../../../starters/cli/run-summary.ts';
import { SilentRuns } from '../../../starters/gates/silent-runs.ts';
import { searchAttributePairs } from '../../../workflows/blocks/search-attribute-pairs.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { reviewBypassId, type ReviewBypassInput, type ReviewBypassResult } from '../../../workflows/domain/review-bypass.ts';
import { gatePolicy, testInput, testPolicy } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { visible } from '../../support/waiting-releases.ts';
import { holdpointAt, type Holdpoint } from '../run-holdpoint.ts';
import { startReleases, waitingAt } from './bulk-runs.ts';

let temporal: TestWorkflowEnvironment;
let holdpoint: Holdpoint;
const silent = Array.from({ length: 20 }, (_, n) => `releaseModel:S001:X${String(n).padStart(3, '0')}:1-aaaa`);

before(async () => {
  temporal = await startTemporal();
  holdpoint = holdpointAt(temporal.address);
});
after(() => temporal.teardown());

describe('what waits', () => {
  it('has the reviews that nobody starts by hand, and the command that is shown for one answers it', () => withReleaseWorkers(temporal, {}, async () => {
    const input: ReviewBypassInput = { run: { workflowId: 'releaseModel:S001:C009:42', runId: 'r1', runbook: 'releaseModel', target: { ...testInput.target, version: '42' } }, gate: 'stage3', by: 'alice', reason: 'production is down', incident: 'INC-7', policy: gatePolicy, people: testPolicy(testInput.target).people, requestedBy: ['dana'], inboxUrl: null };
    const workflowId = reviewBypassId(input);
    const handle = await temporal.client.workflow.start('reviewBypass', { taskQueue: TaskQueue.Runbooks, workflowId, args: [input] });
    await waitingAt(temporal, 'review', [workflowId]);

    const listed = await holdpoint(['list', '--waiting', '--json']);
    assert.equal(listed.code, 0, listed.stderr);
    assert.deepEqual((JSON.parse(listed.stdout) as RunSummary[]).map((run) => [run.workflowId, run.gate?.id]), [[workflowId, 'review']]);

    const answered = await holdpoint(['approve', workflowId, '--gate', 'review', '--as', 'bob']);
    assert.equal(answered.code, 0, answered.stderr);
    assert.equal(((await handle.result()) as ReviewBypassResult).reviewedBy, 'bob');
  }));
});

describe('runs that do not answer', () => {
  it('hide none of those that do, are named, and make the command end with 5', () => withReleaseWorkers(temporal, {}, async () => {
    const ids = await startReleases(temporal, ['C001', 'C002'].map((circuit) => ({ plant: 'S001', circuit })), '1-aaaa');
    await waitingAt(temporal, 'stage1', ids);
    // They say that they wait, on a queue that nobody serves; started last, they are listed first.
    await pMap(silent, (workflowId) => temporal.client.workflow.start('releaseModel', { workflowId, taskQueue: 'nobody', typedSearchAttributes: searchAttributePairs({ Plant: 'S001', Circuit: 'X', Gate: 'stage1' }) }), { concurrency: 10 });
    await visible(temporal.client, "Plant = 'S001' AND Gate = 'stage1'", silent.length + ids.length);

    const listed = await holdpoint(['list', '--waiting', '--json']);
    assert.equal(listed.code, 5, listed.stderr);
    assert.match(listed.stderr, /20 of 22 open runs did not answer/);
    assert.deepEqual((JSON.parse(listed.stdout) as RunSummary[]).map(({ workflowId }) => workflowId).filter((id) => ids.includes(id)).toSorted(), ids.toSorted());

    const file = JSON.stringify([{ run: silent[0], gate: 'stage1', verdict: 'approve' }]);
    const unsent = await holdpoint(['decide', '--file', '-', '--as', 'alice', '--yes'], { input: file });
    assert.equal(unsent.code, 5, unsent.stderr);
    assert.match(unsent.stderr, /does not say what it waits for[^]*Nothing was sent/);

    const seen = await holdpoint(['approve', '--all', '--target', 'S001', '--as', 'alice', '--dry-run']);
    assert.equal(seen.code, 5, seen.stderr);
    assert.match(seen.stderr, /1\d of 22 runs asked[^]*20 of 22 runs that wait did not answer and are left out/);
    const decided = await holdpoint(['approve', '--all', '--target', 'S001', '--as', 'alice', '--yes', '--json']);
    assert.equal(decided.code, 5, decided.stderr);
    const { results, silent: named } = JSON.parse(decided.stdout) as { results: BulkResult[]; silent: string[] };
    assert.deepEqual(results.map(({ workflowId, result }) => [workflowId, result]).toSorted(), ids.map((id) => [id, 'counted']).toSorted());
    assert.deepEqual(named.toSorted(), silent.toSorted());
  }));

  it('are asked on only where a worker is there, which is asked once', async () => {
    let asked = 0;
    const runs = new SilentRuns(async () => {
      asked += 1;
      return false;
    });
    for (let n = 0; n < 16; n += 1) {
      assert.equal(await runs.isWorthAsking(), true);
      runs.stayedSilent();
    }
    assert.deepEqual([await runs.isWorthAsking(), await runs.isWorthAsking(), asked], [false, false, 1]);
    runs.answered();
    assert.equal(await runs.isWorthAsking(), true);
  });
});
