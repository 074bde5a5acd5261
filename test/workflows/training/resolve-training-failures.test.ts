/** `resolveTrainingFailures` with activities that answer at once: what only the order of things shows. Trainings that really fail: test/recovery/resolve-training-failures.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ResolveTrainingFailuresResult } from '../../../workflows/domain/training-failures.ts';
import { assertReplays, resultOf } from '../../support/closed-runs.ts';
import { eventually } from '../../support/eventually.ts';
import { gateClock, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { failedTrainings, fullQuota, trainedIn } from '../../support/training-failures.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

let started = 0;
/** One resolution, and the replay of its history from its first event. */
async function resolve(activities: Partial<ReleaseActivities>, meanwhile: (handle: WorkflowHandle) => Promise<unknown> = async () => undefined): Promise<ResolveTrainingFailuresResult> {
  started += 1;
  const workflowId = `resolveTrainingFailures:${started}`;
  return await withReleaseWorkers(temporal, activities, async () => {
    const handle = await temporal.client.workflow.start('resolveTrainingFailures', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ workspace: trainedIn, jobs: ['job-0'], startedBy: 'bob' }] });
    await meanwhile(handle);
    const result = await resultOf(handle);
    await assertReplays(handle);
    return result as ResolveTrainingFailuresResult;
  });
}

/** Answers a gate once it is open. */
async function answer(handle: WorkflowHandle, gate: string, verdict: object = { verdict: 'approve', by: 'alice' }): Promise<GateView> {
  const open = await eventually(async () => {
    const view = await handle.query<GateView | null>('gate');
    assert.equal(view?.gate, gate);
    return view;
  });
  await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate, ...verdict });
  return open;
}

const states = ({ rows }: ResolveTrainingFailuresResult): string[] => rows.map(({ retry }) => retry);

describe('resolveTrainingFailures', () => {
  it('nothing has failed: says so, and the counter knows that its jobs are dealt with', async () => {
    const { activities, seen } = failedTrainings();
    const result = await resolve({ ...activities, loadFleet: failedTrainings('unknown').activities.loadFleet });
    assert.deepEqual([result.outcome, result.reason, seen.told, result.workItems], ['succeeded', 'no training has failed lately: there is nothing to resolve', ['job-0'], []]);
  });

  it('data that are there now are retried at once, and the data engineers hear of the path; nobody is asked', async () => {
    const { activities, seen } = failedTrainings('dataAccess', 'dataAccess');
    const result = await resolve({ ...activities, checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: true })) }) });
    assert.deepEqual([result.outcome, states(result)], ['succeeded', ['passed', 'passed']], result.reason);
    assert.deepEqual(seen.submitted.map(({ failedJob, environment }) => [failedJob, environment]).sort(), [['job-1', null], ['job-2', null]]);
    assert.match(seen.workItems[0]!, /^Training cannot read its data: P001\/C001, P001\/C002/);
    assert.deepEqual(seen.told.slice(0, 3), ['job-0', 'job-1', 'job-2']);
    assert.deepEqual(seen.told.slice(3).sort(), seen.submitted.map(({ jobName }) => jobName).sort());
  });

  it('quota with room is retried; without, it is asked for, and said to be granted it is looked at again', async () => {
    const room = failedTrainings('quota');
    const roomy = await resolve({ ...room.activities, readComputeQuota: async () => ({ ...fullQuota, used: 4 }) });
    assert.deepEqual([roomy.outcome, states(roomy)], ['succeeded', ['passed']]);

    const { activities, seen } = failedTrainings('quota');
    const result = await resolve(activities, (handle) => answer(handle, 'repaired'));
    assert.deepEqual([result.outcome, states(result), seen.submitted], ['rejected', ['left'], []]);
    assert.match(result.rows[0]!.fix, /24 of 24 vCPUs .* although it was said to be repaired$/);
    assert.match(seen.workItems[0]!, /^Quota for trainings on cpu-cluster: 24 of 24 vCPUs used$/);
  });

  it('configuration errors of one pull request are one comment, and nothing is retried: merging the correction trains them', async () => {
    const { activities, seen } = failedTrainings('config', 'config');
    const result = await resolve(activities);
    assert.deepEqual([result.outcome, states(result), seen.comments, seen.submitted], ['succeeded', ['left', 'left'], 1, []]);
    assert.equal(result.rows[0]!.fix, 'dana@example.com was told on pull request 42: config/plants/P001/C001.yml:4; merging the correction trains it');
  });

  it('an author who cannot be told, or is not known, is told by a work item', async () => {
    const { activities, jobs, seen } = failedTrainings('config', 'config');
    jobs[1]!.change = null;
    const result = await resolve({ ...activities, locateConfigError: async () => { throw ApplicationFailure.nonRetryable('pull request 42 is abandoned', 'InvalidRequest'); } });
    assert.deepEqual([seen.comments, seen.workItems.slice(0, 2)], [0, ['Training refuses the configuration of P001/C001', 'Training refuses the configuration of P001/C002']]);
    assert.match(result.rows[0]!.fix, /^work item 1; its author is not known/);
  });

  it('an environment is rebuilt once a person has approved, and its jobs are retried in it; whoever started the run may not', async () => {
    const { activities, seen } = failedTrainings('environment', 'environment');
    const result = await resolve(activities, async (handle) => {
      const { eligible } = await answer(handle, 'environment');
      assert.deepEqual(eligible, ['alice', 'carol']);
    });
    assert.deepEqual([result.outcome, states(result)], ['succeeded', ['passed', 'passed']]);
    assert.match(result.rebuilt[0]!.to, /^azureml:sensor-env:1-rebuilt-[0-9a-f]{8}$/);
    assert.deepEqual(seen.submitted.map(({ environment }) => environment), [result.rebuilt[0]!.to, result.rebuilt[0]!.to]);
  });

  it('an environment whose rebuild is rejected, or that nobody answers for, is left as it is', async () => {
    const no = failedTrainings('environment');
    const rejected = await resolve(no.activities, (handle) => answer(handle, 'environment', { verdict: 'reject', by: 'carol', comment: 'the image is ours' }));
    assert.deepEqual([rejected.outcome, states(rejected), rejected.rows[0]!.fix, rejected.rebuilt, no.seen.submitted], ['rejected', ['left'], 'azureml:sensor-env:1 was not rebuilt: carol: the image is ours', [], []]);

    const silent = failedTrainings('environment');
    const expired = await resolve({ ...silent.activities, loadPolicy: async ({ target }) => { const policy = testPolicy(target); return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, clock: gateClock(1_500, 1_000) } } }; } });
    assert.deepEqual([expired.outcome, expired.rows[0]!.fix], ['expired', 'azureml:sensor-env:1 was not rebuilt: nobody answered in time']);
  });

  it('an environment that cannot be rebuilt, and a cause that nobody can tell, are for a person: what is said to be repaired is retried, but for the exceptions', async () => {
    const { activities, seen } = failedTrainings('environment', 'unknown', 'unknown');
    const result = await resolve({ ...activities, planEnvironmentRebuild: async () => ({ kind: 'none', reason: 'the workspace does not have it' }) }, async (handle) => {
      const { card } = await answer(handle, 'repaired', { verdict: 'approve', by: 'alice', except: ['P001/C003'] });
      assert.match(card.question, /may P001\/C001, P001\/C002, P001\/C003 be retried/);
    });
    assert.deepEqual([result.outcome, states(result), seen.submitted.map(({ failedJob }) => failedJob).sort()], ['rejected', ['passed', 'passed', 'left'], ['job-1', 'job-2']]);
    assert.match(result.rows[2]!.fix, /left out by alice$/);
  });

  it('a job that fails again is told as such, and keeps no other from its retry', async () => {
    const { activities, seen } = failedTrainings('dataAccess', 'dataAccess');
    const result = await resolve({ ...activities, checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: true })) }), awaitJob: async ({ jobName }) => ({ jobName, status: jobName.startsWith('train-P001-C001') ? 'Failed' : 'Completed', error: 'again', durationMs: 1 }) });
    assert.deepEqual([result.outcome, states(result), result.retried], ['rejected', ['failed', 'passed'], { total: 2, passed: 1, failed: 1, skipped: 0, cancelled: 0, notStarted: 0 }]);
    assert.match(result.rows[0]!.detail, /ended Failed: again/);
    assert.match(seen.workItems.at(-1)!, /2 training jobs had failed \(2 data asset or Delta Lake access\); 1 of 2 retries completed/);
  });

  it('a circuit that somebody has trained again is left alone; of several failed jobs of a circuit the newest is retried', async () => {
    const { activities, jobs, seen } = failedTrainings('dataAccess', 'dataAccess', 'dataAccess');
    jobs[0]!.later = { jobName: 'by-hand', status: 'Running' };
    jobs[1]!.target = jobs[2]!.target;
    jobs[2]!.createdAt = '2026-11-21T11:00:00.000Z';
    const result = await resolve({ ...activities, checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: true })) }) });
    assert.deepEqual([result.outcome, states(result), seen.submitted.map(({ failedJob }) => failedJob)], ['succeeded', ['left', 'left', 'passed'], ['job-3']]);
    assert.deepEqual(result.rows.slice(0, 2).map(({ fix }) => fix), ['trained again meanwhile: job by-hand is Running', 'a newer job of the circuit failed too, and stands for it']);
  });

  it('cancelled while it retries: the job is cancelled, and the counter is told', async () => {
    const { activities, seen } = failedTrainings('dataAccess');
    const result = await resolve({ ...activities, checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: true })) }), awaitJob: async () => { throw ApplicationFailure.retryable('running', 'StillRunning'); } }, async (handle) => {
      await eventually(() => assert.equal(seen.submitted.length, 1));
      await handle.cancel();
    });
    assert.deepEqual([result.outcome, seen.cancelled, seen.told], ['aborted', seen.submitted.map(({ jobName }) => jobName), ['job-0', 'job-1']]);
  });

  it('a workspace in which the estate does not train, an estate without circuits and an input without a workspace are refused by name', async () => {
    const { activities } = failedTrainings('unknown');
    await withReleaseWorkers(temporal, activities, async () => {
      const start = (id: string, input: object) => temporal.client.workflow.execute('resolveTrainingFailures', { taskQueue: TaskQueue.Runbooks, workflowId: `resolveTrainingFailures:bad-${id}`, args: [input] }) as Promise<ResolveTrainingFailuresResult>;
      assert.equal((await start('workspace', { workspace: 'elsewhere' })).reason, `workspace: the estate trains in ${trainedIn}, not in elsewhere`);
      await assert.rejects(start('input', {}), (error) => error instanceof WorkflowFailedError && /workspace: is missing/.test(error.cause?.message ?? ''));
    });
    const empty = await resolve({ ...activities, loadFleet: async () => ({ circuits: [], production: null }) });
    assert.deepEqual([empty.outcome, empty.reason], ['failed', 'the estate has no circuit: there is nothing whose training could fail']);
  });
});
