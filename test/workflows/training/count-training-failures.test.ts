/** The counter of training failures: who counts, at the edge and across restarts, and how many runs it starts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { tellFailureCount } from '../../../activities/runs/failure-count.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { failureCountId, resolveTrainingFailuresId, type FailureCount, type TrainingFailure } from '../../../workflows/domain/failure-count.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { eventually } from '../../support/eventually.ts';
import { testInput, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

const hour = 3_600_000;
/** The estate's one circuit is trained in the workspace of the test policy. */
const trained = 'dev-ml-workspace';
const fleet: Partial<ReleaseActivities> = { loadFleet: async () => ({ circuits: [{ target: testInput.target, severity: 'P2', column: 'temp_max', endpoint: 'e', deployment: 'd', terms: {} }], production: null }) };
const failure = (jobName: string, failedAt: Date): TrainingFailure => ({ jobName, target: testInput.target, failedAt: failedAt.toISOString() });
const failures = (from: number, many: number, at = new Date()): TrainingFailure[] => Array.from({ length: many }, (_, index) => failure(`job-${from + index}`, new Date(at.getTime() + from + index)));

class Counter {
  readonly client: Client;
  readonly workspace: string;

  constructor(client: Client, workspace: string) {
    this.client = client;
    this.workspace = workspace;
  }

  async tell(told: TrainingFailure[]): Promise<void> {
    await tellFailureCount(this.client, { workspace: this.workspace, failures: told });
  }

  get handle(): WorkflowHandle {
    return this.client.workflow.getHandle(failureCountId(this.workspace));
  }

  status = async (): Promise<FailureCount> => await this.handle.query<FailureCount>('status');

  /** Once it has counted so many that no run has dealt with. */
  async counts(many: number): Promise<FailureCount> {
    return await eventually(async () => {
      const count = await this.status();
      assert.equal(count.counted.length, many);
      return count;
    });
  }

  async run(): Promise<NonNullable<FailureCount['run']>> {
    return await eventually(async () => {
      const { run } = await this.status();
      assert.ok(run);
      return run;
    });
  }
}

describe('countTrainingFailures', () => {
  let temporal: TestWorkflowEnvironment;
  before(async () => {
    temporal = await startTemporal();
  });
  after(() => temporal.teardown());

  /** Runs wait for the release of this latch in their first look at the jobs. */
  function held(): { activities: Partial<ReleaseActivities>; release: () => void; looks: () => number } {
    let release = (): void => undefined;
    let looks = 0;
    const latch = new Promise<void>((resolve) => (release = resolve));
    return {
      activities: { ...fleet, findFailedTrainings: async () => {
        looks += 1;
        await latch;
        return { jobs: [], complete: true };
      } },
      release: () => release(),
      looks: () => looks,
    };
  }
  const runs = async (workspace: string): Promise<number> => {
    let found = 0;
    for await (const _run of temporal.client.workflow.list({ query: `WorkflowId = '${resolveTrainingFailuresId(workspace)}'` })) found += 1;
    return found;
  };

  it('five start nothing, the sixth one run; a job told again, and a seventh while it runs, start none; the counter outlives its worker and is quiet again', async () => {
    const counter = new Counter(temporal.client, trained);
    const { activities, release, looks } = held();
    await withReleaseWorkers(temporal, activities, async () => {
      await counter.tell(failures(1, 3));
      await counter.tell([...failures(1, 5), ...failures(2, 2), { ...failures(1, 1)[0]!, failedAt: 'yesterday' }]);
      assert.equal((await counter.counts(5)).run, null);
    });
    // Told while no worker runs: it is counted by the next one.
    await counter.tell(failures(5, 2));
    await withReleaseWorkers(temporal, activities, async () => {
      const { jobs, workflowId } = await counter.run();
      assert.deepEqual([workflowId, jobs], [resolveTrainingFailuresId(trained), ['job-1', 'job-2', 'job-3', 'job-4', 'job-5', 'job-6']]);
      await counter.tell(failures(1, 12)); // six more than the run knows of
      await counter.counts(6);
      await eventually(() => assert.equal(looks(), 1));
      assert.equal((await counter.status()).run?.jobs.length, 6);
      await counter.tell(failures(13, 1));
      await counter.counts(7);
      release();
      // The six that failed meanwhile are too many by themselves, once the first run has ended.
      await eventually(() => assert.equal(looks(), 2));
      await eventually(async () => assert.deepEqual([(await counter.status()).counted.length, (await counter.status()).run], [0, null]));
      await counter.tell(failures(1, 13));
      await counter.tell(failures(14, 5));
      assert.equal((await counter.counts(5)).run, null);
      await eventually(async () => assert.equal(await runs(trained), 2));
    });
    const history = await counter.handle.fetchHistory();
    for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, [{ workflowId: failureCountId(trained), history }])) assert.equal(error, undefined);
    await counter.handle.terminate();
  });

  it('a run that was ended from outside does not stop the counting', async () => {
    const counter = new Counter(temporal.client, 'dev-terminated');
    const { activities } = held();
    await withReleaseWorkers(temporal, activities, async () => {
      await counter.tell(failures(1, 6));
      const first = await counter.run();
      await temporal.client.workflow.getHandle(first.workflowId).terminate('by hand');
      await counter.tell(failures(7, 6));
      await eventually(async () => assert.notEqual((await counter.run()).runId, first.runId));
      await temporal.client.workflow.getHandle(first.workflowId).terminate('by hand');
      await counter.handle.terminate();
    });
  });

  it('a run that was started by hand deals with them: none is started beside it', async () => {
    const workspace = 'dev-by-hand';
    const counter = new Counter(temporal.client, workspace);
    await withReleaseWorkers(temporal, { ...fleet, loadFleet: async () => ({ circuits: [], production: null }) }, async () => {
      // No worker of this kind: it stays.
      const other = await temporal.client.workflow.start('resolveTrainingFailures', { taskQueue: 'nobody', workflowId: resolveTrainingFailuresId(workspace), args: [{ workspace }] });
      await counter.tell(failures(1, 6));
      assert.equal((await counter.counts(6)).run, null);
      await other.terminate();
      await counter.tell(failures(1, 1)); // told again: asks again
      await counter.run();
      await counter.handle.terminate();
    });
  });

  it('goes on in a new run before its history is long, and forgets nothing', async () => {
    const counter = new Counter(temporal.client, 'dev-long');
    await counter.tell(failures(1, 5));
    const { runId: first } = await counter.handle.describe();
    for (let batch = 0; batch < 11; batch += 1) await Promise.all(Array.from({ length: 100 }, () => counter.handle.signal('trainingFailed', failures(1, 1))));
    await withReleaseWorkers(temporal, fleet, async () => {
      await eventually(async () => assert.notEqual((await counter.handle.describe()).runId, first), { timeoutMs: 30_000 });
      await counter.counts(5);
      await counter.tell(failures(6, 1));
      await eventually(async () => assert.deepEqual([(await counter.status()).counted.length, (await counter.status()).run], [0, null])); // the run found no failed job, and has ended
      await counter.handle.terminate();
    });
  });

  it('what is no failure is not counted; an estate that cannot be read now counts by the rules as they were', async () => {
    const counter = new Counter(temporal.client, 'dev-odd');
    await withReleaseWorkers(temporal, fleet, async () => {
      await counter.tell(failures(1, 2));
      await counter.counts(2);
      await counter.handle.signal('trainingFailed', 'nonsense');
      await counter.handle.signal('trainingFailed');
      await counter.handle.signal('failuresResolved', { workflowId: 1 });
      await counter.handle.signal('trainingFailed', failures(3, 1)[0]);
      await counter.counts(3);
    });
    await withReleaseWorkers(temporal, { ...fleet, loadFailureRules: async () => { throw ApplicationFailure.nonRetryable('the estate is not valid', 'EstateInvalid'); } }, async () => {
      await counter.tell(failures(4, 1));
      await counter.counts(4);
    });
    await counter.handle.terminate();
  });

  it('without a workspace it fails by name', async () => {
    await withReleaseWorkers(temporal, fleet, async () => {
      await assert.rejects(temporal.client.workflow.execute('countTrainingFailures', { taskQueue: TaskQueue.Runbooks, workflowId: 'countTrainingFailures:', args: [{}] }), (error) => error instanceof WorkflowFailedError && /workspace: is missing/.test(error.cause?.message ?? ''));
    });
  });
});

describe('countTrainingFailures in skipped time', () => {
  it('a window of 24 hours slides: the sixth counts with those that are younger only', async () => {
    const temporal = await startTimeSkipping();
    try {
      const counter = new Counter(temporal.client, trained);
      await withReleaseWorkers(temporal, fleet, async () => {
        const start = new Date(await temporal.currentTimeMs());
        const at = (hours: number): Date => new Date(start.getTime() + hours * hour);
        for (const index of [0, 1, 2, 3, 4]) {
          await counter.tell([failure(`job-${index}`, at(index))]);
          await counter.counts(index + 1);
          await temporal.sleep(hour);
        }
        await temporal.sleep(19 * hour);
        await counter.tell([failure('job-5', at(24))]); // 24 hours after the first
        assert.equal((await counter.counts(6)).run, null);
        await temporal.sleep(0.9 * hour);
        await counter.tell([failure('job-6', at(24.9))]); // five others within 24 hours
        await eventually(async () => assert.deepEqual((await counter.status()).settled.map(({ jobName }) => jobName), ['job-1', 'job-2', 'job-3', 'job-4', 'job-5', 'job-6']));
        assert.deepEqual((await counter.status()).counted.map(({ jobName }) => jobName), ['job-0']);
        await counter.handle.terminate();
      });
    } finally {
      await temporal.teardown();
    }
  });
});
