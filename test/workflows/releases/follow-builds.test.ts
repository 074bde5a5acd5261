/** `releaseChange` where a build pipeline trains, with activities that answer at once; each task replays the whole history. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ChangedCircuit } from '../../../workflows/domain/release.ts';
import type { releaseChange } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
let pullRequest = 500;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const never = 3_000_000; // of an hour that the estate gives
const finished = { id: 12, number: '20261121.12', pipeline: 'train', result: 'succeeded', url: null };
const notYet = () => ApplicationFailure.create({ type: FailureType.StillRunning, message: 'no build yet', nextRetryDelay: never });
const circuit = (name: string): ChangedCircuit => ({ target: { plant: 'P001', circuit: name }, path: `config/plants/P001/${name}.yml`, config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: name.padEnd(64, '0') });

/** No activity of a training may run. */
const forbidden: Partial<ReleaseActivities> = Object.fromEntries(['fixModelVersion', 'submitTrainingJob', 'awaitJob', 'registerModel'].map((name) => [name, () => Promise.reject(ApplicationFailure.nonRetryable(`${name} was called`))]));

const accompany = (circuits: ChangedCircuit[], more: Partial<ReleaseActivities> = {}): Partial<ReleaseActivities> => ({
  ...forbidden,
  loadPolicy: async ({ target }) => ({ ...testPolicy(target), execution: { training: 'accompany' } }),
  readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits }),
  readPublishedVersion: async ({ model }) => ({ found: { version: `${model}-${pullRequest}`, trainingJob: 'ci-train-1' } }),
  ...more,
});

async function start(): Promise<WorkflowHandle<typeof releaseChange>> {
  pullRequest += 1;
  return await temporal.client.workflow.start<typeof releaseChange>('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseChange:b1a7:${pullRequest}`, args: [{ repositoryId: 'b1a7', pullRequestId: pullRequest }] });
}

const run = <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>) => withReleaseWorkers(temporal, activities, body, { cached: 0 });

describe('releaseChange, accompanied', () => {
  it('looks once for all circuits, however many builds are told, and trains nothing', async () => {
    let looks = 0;
    let ended = false;
    const awaitBuilds: ReleaseActivities['awaitBuilds'] = async () => {
      looks += 1;
      if (!ended) throw notYet();
      return [finished];
    };
    await run(accompany([circuit('C001'), circuit('C002'), circuit('C003')], { awaitBuilds }), async () => {
      const handle = await start();
      await eventually(() => assert.equal(looks, 1));
      for (let n = 0; n < 5; n += 1) await handle.signal('build', { buildId: 11, result: 'succeeded' }); // the same news five times
      await eventually(() => assert.equal(looks, 2));
      ended = true;
      await handle.signal('build', { buildId: 12, result: 'succeeded' });
      const result = await handle.result();
      assert.equal(result.outcome, 'succeeded', result.reason);
      assert.deepEqual(result.circuits.map(({ state }) => state), ['released', 'released', 'released']);
      for (const each of result.circuits) if (each.state === 'released') await temporal.client.workflow.getHandle(each.workflowId).terminate();
    });
    assert.equal(looks, 3);
  });

  it('is not worn out by a storm of signals, decodable or not', async () => {
    let looks = 0;
    await run(accompany([circuit('C001')], { awaitBuilds: async () => { looks += 1; throw notYet(); } }), async () => {
      const handle = await start();
      await eventually(() => assert.equal(looks, 1));
      for (let n = 0; n < 80; n += 1) await handle.signal('build', n % 10 === 0 ? undefined : n % 10 === 1 ? 'text' : { buildId: n, result: 'failed' });
      // No signal is left that would wake it; the poll's own next look is an hour away.
      await handle.cancel();
      await assert.rejects(handle.result(), WorkflowFailedError);
      assert.ok(looks <= 52, `${looks} looks`);
      const { historyLength } = await handle.describe();
      assert.ok(historyLength < 600, `${historyLength} events`);
    });
  });

  it('gives what is left of the time to hooks where the next look would come too late', async () => {
    let looks = 0;
    const awaitBuilds: ReleaseActivities['awaitBuilds'] = async () => {
      looks += 1;
      if (looks < 3) throw ApplicationFailure.create({ type: FailureType.StillRunning, message: 'build 12 of train: inProgress', nextRetryDelay: 2 * 3_600_000 });
      return [finished];
    };
    await run(accompany([circuit('C001')], { awaitBuilds }), async () => {
      const handle = await start();
      for (const buildId of [1, 2]) {
        await eventually(() => assert.equal(looks, buildId));
        await eventually(async () => assert.equal((await handle.describe()).raw.pendingActivities?.length ?? 0, 0));
        await handle.signal('build', { buildId, result: 'succeeded' });
      }
      const result = await handle.result();
      assert.equal(result.outcome, 'succeeded', result.reason);
      for (const each of result.circuits) if (each.state === 'released') await temporal.client.workflow.getHandle(each.workflowId).terminate();
    });
  });

  it('follows one pipeline where the estate names it, and tells what became of its build', async () => {
    const asked: (string | null)[] = [];
    const activities = accompany([circuit('C001')], {
      loadPolicy: async ({ target }) => ({ ...testPolicy(target), execution: { training: 'accompany', pipeline: 'train' } }),
      awaitBuilds: async ({ pipeline }) => { asked.push(pipeline); return [{ ...finished, result: 'canceled' }]; },
    });
    await run(activities, async () => {
      const error: unknown = await (await start()).result().then(() => undefined, (thrown: unknown) => thrown);
      assert.ok(error instanceof WorkflowFailedError);
      assert.match(String((error.cause as ApplicationFailure).details?.[0] && JSON.stringify((error.cause as ApplicationFailure).details)), /build 20261121\.12 of train ended as canceled/);
    });
    assert.deepEqual(asked, ['train']);
  });

  it('tells a version without a training job, or without metrics, as the failure of its circuit', async () => {
    for (const [more, reason] of [
      [{ readPublishedVersion: async () => ({ found: { version: '7', trainingJob: null } }) }, /version 7 of P001-C001 names no training job/],
      [{ readRunMetrics: async () => { throw ApplicationFailure.nonRetryable('run ci-train-1 logged no metric mae', 'InvalidRequest'); } }, /logged no metric mae/],
    ] as [Partial<ReleaseActivities>, RegExp][]) {
      await run(accompany([circuit('C001')], { awaitBuilds: async () => [finished], ...more }), async () => {
        const error: unknown = await (await start()).result().then(() => undefined, (thrown: unknown) => thrown);
        assert.ok(error instanceof WorkflowFailedError);
        assert.match(JSON.stringify((error.cause as ApplicationFailure).details), reason);
      });
    }
  });

  it('does not release a version twice', async () => {
    await run(accompany([circuit('C001')], { awaitBuilds: async () => [finished], readPublishedVersion: async () => ({ found: { version: '9', trainingJob: 'ci-train-1' } }) }), async () => {
      const first = await (await start()).result();
      assert.deepEqual(first.circuits.map(({ state }) => state), ['released']);
      const second = await (await start()).result();
      assert.deepEqual([second.outcome, second.circuits.map(({ state }) => state)], ['rejected', ['alreadyReleased']]);
      await temporal.client.workflow.getHandle('releaseModel:P001:C001:9').terminate();
    });
  });
});
