import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { heartbeat, sleep } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ChangedCircuit, ReleaseChangeInput } from '../../../workflows/domain/release.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { releaseChange } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
let pullRequest = 100;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });

async function start(input: Partial<ReleaseChangeInput> = {}): Promise<WorkflowHandle<typeof releaseChange>> {
  pullRequest += 1;
  return await temporal.client.workflow.start<typeof releaseChange>('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseChange:b1a7:${pullRequest}`, args: [{ repositoryId: 'b1a7', pullRequestId: pullRequest, ...input }] });
}

const circuit = (plant: string, name: string): ChangedCircuit => ({ target: { plant, circuit: name }, path: `config/plants/${plant}/${name}.yml`, config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: `${plant}${name}`.toLowerCase().padEnd(64, '0') });
const changing = (circuits: ChangedCircuit[], refused: { path: string; line: number | null; reason: string }[] = []): Partial<ReleaseActivities> => ({
  readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits, refused }),
});
const failureOf = async (promise: Promise<unknown>): Promise<WorkflowFailedError> => {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
};

describe('releaseChange', () => {
  it('starts one release for each changed circuit, which lives on when the change has ended', () => run(changing([circuit('P001', 'C001'), circuit('P002', 'C003')]), async () => {
    const result = await (await start()).result();
    assert.equal(result.outcome, 'succeeded');
    const ids = result.circuits.map((each) => (each.state === 'released' ? each.workflowId : each.state));
    assert.deepEqual(ids, [`releaseModel:P001:C001:${pullRequest}-p001c001`, `releaseModel:P002:C003:${pullRequest}-p002c003`]);
    for (const id of ids) {
      const release = temporal.client.workflow.getHandle(id);
      await eventually(async () => assert.equal((await release.query<RunStatus>('status')).gate?.id, 'stage1'));
      const { searchAttributes, status } = await release.describe();
      assert.equal(status.name, 'RUNNING');
      assert.deepEqual(searchAttributes['Gate'], ['stage1']);
      await release.terminate();
    }
  }));

  it('runs at most maxParallel training jobs at the same time', async () => {
    let [now, most] = [0, 0];
    await run({
      ...changing(Array.from({ length: 6 }, (_, n) => circuit('P001', `C00${n}`))),
      awaitJob: async ({ jobName }) => {
        now += 1;
        most = Math.max(most, now);
        while (most < 2) await sleep(20); // a busy machine starts the second late
        await sleep(150);
        now -= 1;
        return { jobName, status: 'Completed', error: null, durationMs: 150 };
      },
    }, async () => {
      const result = await (await start({ maxParallel: 2 })).result();
      assert.equal(result.circuits.filter(({ state }) => state === 'released').length, 6);
      for (const each of result.circuits) if (each.state === 'released') await temporal.client.workflow.getHandle(each.workflowId).terminate();
    });
    assert.equal(most, 2);
  });

  it('lets the other circuits go on when one fails', () => run({
    ...changing([circuit('P001', 'C001'), circuit('P001', 'C002')]),
    awaitJob: async ({ jobName }) => (jobName.includes('C001') ? { jobName, status: 'Failed', error: 'quota exceeded', durationMs: 10 } : { jobName, status: 'Completed', error: null, durationMs: 10 }),
  }, async () => {
    const result = await (await start()).result();
    assert.equal(result.outcome, 'succeeded');
    const [failed, released] = result.circuits;
    assert.ok(failed?.state === 'failed' && /ended as Failed: quota exceeded/.test(failed.reason));
    assert.ok(released?.state === 'released');
    await temporal.client.workflow.getHandle(released.workflowId).terminate();
  }));

  it('fails, with the circuits in the details, when no release could be started', () => run({ ...changing([circuit('P001', 'C001')]), registerModel: async () => { throw ApplicationFailure.nonRetryable('the version exists with other contents', 'Conflict'); } }, async () => {
    const { cause } = await failureOf((await start()).result());
    assert.ok(cause instanceof ApplicationFailure && cause.type === 'RunbookFailed');
    const [result] = cause.details as [{ outcome: string; circuits: { reason: string }[] }];
    assert.equal(result.outcome, 'failed');
    assert.match(result.circuits[0]!.reason, /other contents/);
  }));

  it('cancels a training job that it cannot follow to its end', async () => {
    const cancelled: string[] = [];
    await run({
      ...changing([circuit('P001', 'C001')]),
      awaitJob: async () => { throw ApplicationFailure.nonRetryable('the job is gone', 'NotFound'); },
      cancelJob: async ({ jobName }) => { cancelled.push(jobName); return { status: 'Canceled' }; },
    }, async () => {
      const { cause } = await failureOf((await start()).result());
      assert.match(String(cause?.message), /failed P001\/C001/);
    });
    assert.equal(cancelled.length, 1);
  });

  it('tells the author about refused files, and is rejected when every file was refused', async () => {
    const comments: string[] = [];
    const refused = [{ path: 'config/plants/P001/C001.yml', line: 4, reason: 'training.hyperparameters.momentum: unknown key' }];
    await run({ ...changing([], refused), commentOnPullRequest: async ({ markdown }) => { comments.push(markdown); return { threadId: 3, uncertain: false }; } }, async () => {
      const result = await (await start()).result();
      assert.equal(result.outcome, 'rejected');
      assert.deepEqual(result.refused, refused);
    });
    assert.equal(comments.length, 1);
    assert.match(comments[0]!, /config\/plants\/P001\/C001\.yml:4`: training\.hyperparameters\.momentum: unknown key/);
  });

  it('does not release again what another run has released, unless it is told to', () => run({ fixModelVersion: async ({ base, again }) => (again ? { version: `${base}-r1`, releasedBy: null } : { version: base, releasedBy: 'releaseChange:b1a7:1/0000' }) }, async () => {
    const result = await (await start()).result();
    assert.equal(result.outcome, 'rejected');
    assert.deepEqual(result.circuits.map(({ state }) => state), ['alreadyReleased']);
    const again = await (await start({ again: { reason: 'the first was rejected by mistake' } })).result();
    const [circuitAgain] = again.circuits;
    assert.ok(circuitAgain?.state === 'released' && circuitAgain.workflowId.endsWith('-r1'));
    await temporal.client.workflow.getHandle(circuitAgain.workflowId).terminate();
  }));

  it('cancels the training jobs when it is cancelled', async () => {
    const cancelled: string[] = [];
    await run({
      ...changing([circuit('P001', 'C001'), circuit('P001', 'C002')]),
      awaitJob: async () => { for (;;) { heartbeat(); await sleep(100); } },
      cancelJob: async ({ jobName }) => { cancelled.push(jobName); return { status: 'Canceled' }; },
    }, async () => {
      const handle = await start();
      await eventually(async () => assert.deepEqual((await handle.describe()).raw.pendingActivities?.map(({ activityType }) => activityType?.name), ['awaitJob', 'awaitJob']));
      await handle.cancel();
      await failureOf(handle.result());
    });
    assert.deepEqual(cancelled.map((name) => name.slice(0, 15)).sort(), ['train-P001-C001', 'train-P001-C002']);
  });

  it('refuses circuits that the pull request does not configure', () => run({}, async () => {
    const unknown = await failureOf((await start({ only: ['P001/C001', 'P009/C001'] })).result());
    assert.match(String(unknown.cause?.message), /only: the pull request does not configure P009\/C001/);
  }));

  it('refuses another spelling of the repository, which would release everything twice', () => run({ readChange: async (input) => releaseActivities().readChange({ ...input, repositoryId: 'the-real-id' }) }, async () => {
    const { cause } = await failureOf((await start()).result());
    assert.match(String(cause?.message), /repositoryId: must be the repository's own id, the-real-id, not "b1a7"/);
  }));

  it('refuses a pull request that was merged elsewhere', () => run({ loadReleaseRules: async () => ({ releaseBranch: 'refs/heads/release', maxParallel: 5, settleMs: 1000, digest: '0' }) }, async () => {
    const { cause } = await failureOf((await start()).result());
    assert.match(String(cause?.message), /merged into refs\/heads\/main; releases come from refs\/heads\/release/);
  }));
});
