/** `recoverBatchJob` with activities that answer at once: what only the order of things shows. Jobs that really fail: test/platforms/recover-batch-job.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import type { BatchJob, RecoverBatchJobResult } from '../../../workflows/domain/batch-recovery.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { JobFailure } from '../../../workflows/domain/job-failure.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import { assertReplays, resultOf } from '../../support/closed-runs.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const target = { plant: 'P001', circuit: 'C001' };
const theirs: BatchJob = { jobName: 'nightly-2', status: 'Completed', deployment: 'deployment-circuit-C001', dataUri: null, outputUri: null, experimentName: null, createdAt: '2026-11-22T06:00:00.000Z', key: null };
const failureOf = (cause: JobFailure['cause']): JobFailure => ({ cause, evidence: null, tail: [], hasLog: true, logUri: 'https://example.com/log' });

/** A deployment that keeps what is written to it. */
function deployment(): Pick<ReleaseActivities, 'readBatchDeployment' | 'deployBatchModel' | 'restoreBatchDeployment'> & { now: DeploymentSnapshot; restored: number } {
  const original: DeploymentSnapshot = { definition: { properties: { miniBatchSize: 10, retrySettings: { timeout: 'PT30S' } } }, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' };
  const kept = {
    now: original,
    restored: 0,
    readBatchDeployment: async () => kept.now,
    deployBatchModel: async ({ settings, tags }: Parameters<ReleaseActivities['deployBatchModel']>[0]) => (kept.now = { ...kept.now, definition: { properties: { ...(kept.now.definition!['properties'] as object), ...settings } }, tags }),
    restoreBatchDeployment: async ({ before: found }: Parameters<ReleaseActivities['restoreBatchDeployment']>[0]) => {
      kept.restored += 1;
      kept.now = found;
      return { state: 'restored' as const, found };
    },
  };
  return kept;
}

let started = 0;
/** One recovery, and the replay of its history from its first event. */
async function recover(activities: Partial<ReleaseActivities>, meanwhile: (handle: WorkflowHandle) => Promise<unknown> = async () => undefined): Promise<RecoverBatchJobResult> {
  started += 1;
  const workflowId = `recoverBatchJob:P001:C001:nightly-${started}`;
  return await withReleaseWorkers(temporal, activities, async () => {
    const handle = await temporal.client.workflow.start('recoverBatchJob', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ target, jobName: 'nightly-1' }] });
    await meanwhile(handle);
    const result = await resultOf(handle);
    await assertReplays(handle);
    return result as RecoverBatchJobResult;
  });
}

const watching = async () => { throw ApplicationFailure.retryable('no job yet', 'StillWatching'); };
const phase = (handle: WorkflowHandle, wanted: string) => eventually(async () => assert.equal((await handle.query<{ phase: string }>('status')).phase, wanted));

describe('recoverBatchJob', () => {
  it('changes, retries and waits for the next job', async () => {
    const kept = deployment();
    const result = await recover(kept);
    assert.deepEqual([result.outcome, result.production, result.nextJob, kept.restored], ['succeeded', 'changed', { jobName: 'nightly-2', status: 'Completed' }, 0]);
    assert.deepEqual(kept.now.definition, { properties: { miniBatchSize: 5, retrySettings: { timeout: 'PT30S' } } });
  });

  it('another cause after a remedy: each has its own, and the settings that helped stay', async () => {
    const kept = deployment();
    const causes = (['memory', 'timeout'] as const).values();
    const ends = (['Failed', 'Completed'] as const).values();
    const result = await recover({ ...kept, readJobFailure: async () => failureOf(causes.next().value!), awaitJob: async ({ jobName }) => ({ jobName, status: ends.next().value!, error: null, durationMs: 1 }) });
    assert.deepEqual([result.outcome, result.attempts.map(({ remedy }) => remedy)], ['succeeded', ['mini_batch_size from 10 to 5', 'timeout from 30 s to 60 s']]);
    assert.deepEqual(kept.now.definition, { properties: { miniBatchSize: 5, retrySettings: { timeout: 'PT60S' } } });
  });

  it('cancelled when a later job has completed with the change, unseen as yet: the change stays', async () => {
    const kept = deployment();
    const result = await recover({ ...kept, awaitNextJob: watching, findLaterJobs: async ({ after: since }) => ({ jobs: kept.now.tags['run'] && since !== '' ? [theirs] : [] }) }, async (handle) => {
      await phase(handle, 'watching the next job');
      await handle.cancel();
    });
    assert.deepEqual([result.outcome, result.production, kept.restored], ['aborted', 'changed', 0]);
    assert.deepEqual(result.compensations, [{ step: 'settings of deployment-circuit-C001', state: 'done', detail: 'kept: job nightly-2 has completed with it' }]);
  });

  it('cancelled during the retry: the retry is cancelled, then the settings are put back', async () => {
    const kept = deployment();
    const order: string[] = [];
    const result = await recover({
      ...kept,
      awaitJob: async () => { throw ApplicationFailure.retryable('running', 'StillRunning'); },
      cancelDuplicateInvocations: async () => { order.push('retry'); return { cancelled: ['batchjob-1'] }; },
      restoreBatchDeployment: async (input) => { order.push('settings'); return await kept.restoreBatchDeployment(input); },
    }, async (handle) => {
      await eventually(() => assert.ok(kept.now.tags['run']));
      await eventually(async () => assert.ok((await handle.describe()).raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'awaitJob')));
      await handle.cancel();
    });
    assert.deepEqual([order, result.production, result.compensations?.map(({ detail }) => detail)], [['retry', 'settings'], 'unchanged', ['cancelled batchjob-1', 'put back 1']]);
  });

  it('no other job within the estate\'s time: says that nobody knows, and tells somebody', async () => {
    const kept = deployment();
    const result = await recover({ ...kept, awaitNextJob: watching, loadPolicy: async ({ target: of }) => ({ ...testPolicy(of), recovery: { ...testPolicy(of).recovery, nextJobWithinMs: 1_500 } }) });
    assert.deepEqual([result.outcome, result.nextJob, result.workItem?.id], ['succeeded', null, 7]);
    assert.match(result.reason, /no other job ended in time, so that nobody knows/);
  });

  it('an alert that comes in meanwhile ends the watch', async () => {
    const result = await recover({ ...deployment(), awaitNextJob: watching }, async (handle) => {
      await phase(handle, 'watching the next job');
      await handle.signal('alert', { name: 'batch-failures' });
    });
    assert.deepEqual([result.outcome, result.workItem?.id], ['rejected', 7]);
    assert.match(result.reason, /alert batch-failures came in/);
  });

  it('an unknown cause goes to a person; a retry that fails after the repair too, to a work item', async () => {
    const kept = deployment();
    const result = await recover({ ...kept, readJobFailure: async () => failureOf('unknown'), awaitJob: async ({ jobName }) => ({ jobName, status: 'Failed', error: null, durationMs: 1 }) }, async (handle) => {
      await eventually(async () => assert.equal((await handle.query<GateView | null>('gate'))?.gate, 'recovery'));
      await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'recovery', verdict: 'approve', by: 'alice' });
    });
    assert.deepEqual([result.outcome, result.production, result.workItem?.id, result.attempts.length], ['rejected', 'unchanged', 7, 1]);
    assert.equal(result.reason, 'the cause is unknown; the retry after the repair by hand failed too');
  });

  it('a second failed job of the circuit waits for the lock, and then goes on from what it finds', async () => {
    const kept = deployment();
    let isNext = false;
    const activities: Partial<ReleaseActivities> = { ...kept, awaitNextJob: async (input) => (isNext ? await releaseActivities().awaitNextJob(input) : await watching()) };
    await withReleaseWorkers(temporal, activities, async () => {
      const start = (jobName: string) => temporal.client.workflow.start('recoverBatchJob', { taskQueue: TaskQueue.Runbooks, workflowId: `recoverBatchJob:P001:C001:${jobName}`, args: [{ target, jobName }] });
      const details = async (handle: WorkflowHandle) => (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails ?? '';
      const first = await start('morning');
      await phase(first, 'watching the next job');
      const second = await start('evening');
      await eventually(async () => assert.match(await details(second), /Waits for the lock of P001\/C001: place 1; held by recoverBatchJob:P001:C001:morning/));
      isNext = true;
      const [one, two] = (await Promise.all([first.result(), second.result()])) as RecoverBatchJobResult[];
      assert.deepEqual([one, two].map((result) => result?.attempts.map(({ remedy }) => remedy)), [['mini_batch_size from 10 to 5'], ['mini_batch_size from 5 to 2']]);
    });
  });

  it('a write that fails for good is put back, and the run fails', async () => {
    const kept = deployment();
    const result = await recover({ ...kept, deployBatchModel: async (input) => { await kept.deployBatchModel(input); throw ApplicationFailure.nonRetryable('provisioning failed', 'OperationFailed'); } });
    assert.deepEqual([result.outcome, result.production, kept.restored, result.reason], ['failed', 'unchanged', 1, 'provisioning failed']);
  });

  it('an input without its job is refused', async () => {
    await withReleaseWorkers(temporal, releaseActivities(), async () => {
      const handle = await temporal.client.workflow.start('recoverBatchJob', { taskQueue: TaskQueue.Runbooks, workflowId: 'recoverBatchJob:without', args: [{ target }] });
      await assert.rejects(handle.result(), (error) => error instanceof WorkflowFailedError && /jobName: is missing/.test(error.cause?.message ?? ''));
    });
  });
});
