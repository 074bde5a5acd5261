/** `rollBackModel` of a target whose pipeline deploys, with activities that answer at once: what becomes of it when the pipeline does, fails, waits or does not answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../../workers/bundle.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import type { RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import { eventually } from '../../support/eventually.ts';
import { testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details, failureOf } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const asset = (version: string): string => `azureml://registries/ml-registry/models/P001-C001/versions/${version}`;
const serving: DeploymentSnapshot = { definition: {}, model: asset('3'), tags: { model_version: '3', previous_version: '2' }, provisioningState: 'Succeeded' };

/** Production as it is, and what was done in order. `brings`: what the pipeline lets serve. */
function world(brings: string, replaced: Partial<ReleaseActivities> = {}) {
  const seen = { production: serving, order: [] as string[] };
  const activities: Partial<ReleaseActivities> = {
    loadPolicy: async ({ target }) => ({ ...testPolicy(target), execution: { training: 'accompany', redeploy: { release: 'deploy-models', stage: 'Production', answerMs: 1_500, withinMs: 1_500 } } }),
    readBatchDeployment: async () => seen.production,
    readRegisteredModels: async () => ({ versions: ['1', '2', '3'].map((version) => ({ version, assetId: asset(version), verdict: 'good' as const, problem: null })) }),
    findDeployedRelease: async ({ version }) => ({ release: { releaseId: 9, name: `Release-9 of ${version}`, stageId: 91, stage: 'Production', url: null } }),
    startRedeploy: async ({ comment }) => { seen.order.push(comment.split('(')[0]!.trim()); return { attempt: 2 }; },
    awaitRedeploy: async () => { seen.order.push('followed'); seen.production = { ...serving, model: brings }; return { state: 'succeeded', detail: 'attempt 2' }; },
    cancelRedeploy: async () => { seen.order.push('stopped'); return { cancelled: true }; },
    switchBatchDeployment: async ({ model, tags, before: from }) => {
      seen.order.push(from.model === model ? 'tags' : 'switch');
      seen.production = { ...from, model, tags: Object.fromEntries(Object.entries({ ...from.tags, ...tags }).filter((entry): entry is [string, string] => entry[1] !== null)) };
      return { writes: 1, found: seen.production };
    },
    restoreBatchDeployment: async ({ before: from }) => { seen.order.push('restored'); return { state: 'restored', found: from }; },
    ...replaced,
  };
  return { seen, activities };
}

let runs = 0;
async function rollBack(activities: Partial<ReleaseActivities>, body: (handle: WorkflowHandle) => Promise<void>): Promise<void> {
  runs += 1;
  await withReleaseWorkers(temporal, activities, async () => {
    const handle = await temporal.client.workflow.start('rollBackModel', { taskQueue: TaskQueue.Runbooks, workflowId: `rollBackModel:P001:D${runs}`, args: [{ target: { plant: 'P001', circuit: `D${runs}` }, reason: 'far off' }] });
    await body(handle);
    await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, await handle.fetchHistory(), handle.workflowId);
  });
}

/** The result, what was done before anything else, and what the run says. */
const outcome = async (handle: WorkflowHandle): Promise<RollBackModelResult> => (await handle.result()) as RollBackModelResult;
const byPipeline: Pick<ReleaseActivities, 'loadPolicy'> = { loadPolicy: async ({ target }) => ({ ...testPolicy(target), execution: { training: 'accompany', redeploy: { pipeline: 'deploy-models', stage: 'Production', answerMs: 1_500, withinMs: 1_500 } } }) };
const never = () => Promise.reject(ApplicationFailure.retryable('it does not answer', 'Unavailable'));

describe('rollBackModel by the pipeline that deploys', () => {
  it('deploys the release once more, reads production back, and writes the tags of every rollback', () => {
    const { seen, activities } = world(asset('2'));
    return rollBack(activities, async (handle) => {
      const { outcome: ended, to, serving: serves, redeployed } = await outcome(handle);
      assert.deepEqual([ended, to, serves, redeployed], ['succeeded', '2', '2', { release: 'Release-9 of 2', attempt: 2, state: 'succeeded' }]);
      assert.deepEqual(seen.order, ['Rollback by Holdpoint', 'followed', 'tags']);
      const { run: _run, ...tags } = seen.production.tags;
      assert.deepEqual(tags, { model_version: '2', rolled_back_from: '3', previous_version: '1', released_by: 'rollback' });
    });
  });

  const direct: { when: string; replaced: Partial<ReleaseActivities>; brings?: string; order: string[]; state: string | null; note: RegExp }[] = [
    { when: 'the release waits for an approval', replaced: { awaitRedeploy: async () => ({ state: 'held', detail: 'attempt 2 waits for an approval' }) }, order: ['Rollback by Holdpoint', 'stopped', 'switch'], state: 'held', note: /did not bring version 2 back \(attempt 2 waits for an approval\): production is switched directly/ },
    { when: 'its deployment fails', replaced: { awaitRedeploy: async () => ({ state: 'failed', detail: 'attempt 2: failed' }) }, order: ['Rollback by Holdpoint', 'stopped', 'switch'], state: 'failed', note: /attempt 2: failed/ },
    { when: 'it does not end in time', replaced: { awaitRedeploy: never }, order: ['Rollback by Holdpoint', 'stopped', 'switch'], state: 'not answered', note: /did not bring version 2 back/ },
    { when: 'another version serves after it', replaced: {}, brings: asset('1'), order: ['Rollback by Holdpoint', 'followed', 'switch'], state: 'succeeded', note: /was deployed, but production does not serve 2: it is switched directly/ },
    { when: 'no release has deployed the version', replaced: { findDeployedRelease: async () => ({ release: null }) }, order: ['switch'], state: null, note: /No release of deploy-models has deployed version 2 at Production/ },
    { when: 'no run of the pipeline has deployed the version', replaced: { ...byPipeline, findDeployedRelease: async ({ pipeline }) => (pipeline === 'deploy-models' ? { release: null } : assert.fail('another pipeline')) }, order: ['switch'], state: null, note: /No run of deploy-models that Azure DevOps still keeps has deployed version 2 at Production/ },
    { when: 'Azure DevOps does not answer', replaced: { findDeployedRelease: never }, order: ['switch'], state: null, note: /Azure DevOps did not tell which release deployed the version; production is switched directly/ },
  ];
  for (const { when, replaced, brings = asset('2'), order, state, note } of direct) {
    it(`switches directly when ${when}, and says so`, () => {
      const { seen, activities } = world(brings, replaced);
      return rollBack(activities, async (handle) => {
        const result = await outcome(handle);
        assert.deepEqual([result.outcome, result.serving, result.redeployed?.state ?? null, seen.order], ['succeeded', '2', state, order]);
        assert.match(await details(handle), note);
      });
    });
  }

  it('stops the deployment, and puts back what was there, when it is cancelled meanwhile', () => {
    const { seen, activities } = world(asset('2'), { awaitRedeploy: async () => { seen.order.push('looked'); throw ApplicationFailure.create({ type: 'StillRunning', message: 'inProgress', nextRetryDelay: 200 }); }, loadPolicy: async ({ target }) => ({ ...testPolicy(target), execution: { training: 'accompany', redeploy: { release: 'deploy-models', stage: 'Production', answerMs: 5_000, withinMs: 60_000 } } }) });
    return rollBack(activities, async (handle) => {
      await eventually(() => assert.ok(seen.order.includes('looked')));
      await handle.cancel();
      assert.ok((await failureOf(handle.result())).cause instanceof CancelledFailure);
      assert.deepEqual([...new Set(seen.order)], ['Rollback by Holdpoint', 'looked', 'stopped', 'restored']);
    });
  });
});
