/** A breach in a release's own monitoring window ends in the emergency rollback, whoever wants it, as an alert or the command line would. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bypassReviewGate } from '../../../workflows/domain/review-bypass.ts';
import type { DeploymentSnapshot, ReleaseModelInput } from '../../../workflows/domain/release.ts';
import { rollBackModelId } from '../../../workflows/domain/ids.ts';
import type { ModelVerdict, RegisteredModel, RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { IncidentView } from '../../../workflows/incidents/incident-desk.ts';
import { eventually } from '../../support/eventually.ts';
import { testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { approve, details, failureOf, gateOpen, passBothStages, releaseRuns, status, type Handle } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

const registered = (version: string, verdict: ModelVerdict | null = null): RegisteredModel => ({ version, assetId: `azureml:${version}`, verdict, problem: null });
const breached = { kind: 'breached' as const, poll: 2, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } };

/** Version 2 serves, with 1 before it; the release's own watch is breached, the rollback's is quiet. */
function world({ onBreach = 'rollBack', verdicts = {}, replaced = {} }: { onBreach?: 'gate' | 'rollBack'; verdicts?: Record<string, ModelVerdict>; replaced?: Partial<ReleaseActivities> } = {}) {
  const seen = { writes: [] as DeploymentSnapshot['tags'][], verdicts: [] as string[], items: [] as { title: string; descriptionHtml: string }[] };
  const deployments = new Map<string, DeploymentSnapshot>();
  const first: DeploymentSnapshot = { definition: {}, model: 'azureml:2', tags: { model_version: '2', previous_version: '1' }, provisioningState: 'Succeeded' };
  const place = (ref: { workspace: { workspace: string }; deployment: string }): string => `${ref.workspace.workspace}/${ref.deployment}`;
  let watches = 0;
  const activities: Partial<ReleaseActivities> = {
    loadPolicy: async ({ target }) => ({ ...testPolicy(target), monitoring: { ...testPolicy(target).monitoring, onBreach }, incidents: { rollBackModel: 'P2' } }),
    watchAlerts: async () => ((watches += 1) === 1 ? breached : { kind: 'healthy', polls: 1, alerts: 0 }),
    readBatchDeployment: async (ref) => deployments.get(place(ref)) ?? first,
    deployBatchModel: async ({ model, tags, ...ref }) => {
      const found = { ...first, model, tags };
      deployments.set(place(ref), found);
      return found;
    },
    readRegisteredModels: async () => ({ versions: [registered('1', verdicts['1'] ?? 'good'), registered('2', verdicts['2'] ?? 'good'), registered(testInput.version)] }),
    switchBatchDeployment: async ({ model, tags, ...ref }) => {
      if (deployments.get(place(ref))?.model === model) return { writes: 0, found: deployments.get(place(ref))! };
      const kept = Object.fromEntries(Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null));
      deployments.set(place(ref), { ...first, model, tags: kept });
      seen.writes.push(kept);
      return { writes: 1, found: deployments.get(place(ref))! };
    },
    readBatchJobLog: async () => ({ jobName: 'nightly-1', status: 'Completed', error: null, startedAt: null, jobs: 4, logUri: 'https://example.com/log', tail: ['MAE 4.1'], errors: [] }),
    recordVerdict: async ({ version, verdict }) => { seen.verdicts.push(`${version} ${verdict}`); return { verdict }; },
    createWorkItem: async ({ title, descriptionHtml }) => { seen.items.push({ title, descriptionHtml }); return { id: 7, url: 'https://example.com/workitems/7', uncertain: false }; },
    restoreBatchDeployment: async () => { throw new Error('the release puts nothing back'); },
    ...replaced,
  };
  return { seen, activities };
}

/** The circuit has a lock, a rollback and an incident of its own: each test has its own circuit. */
let circuits = 0;
const inputOf = (): ReleaseModelInput => ({ ...testInput, target: { plant: 'P910', circuit: `C${(circuits += 1)}` } });
const rollbackOf = ({ target }: ReleaseModelInput) => temporal.client.workflow.getHandle(rollBackModelId(target));
const released = async (input: ReleaseModelInput): Promise<Handle> => {
  const handle = await start(input);
  await passBothStages(handle);
  return handle;
};
const shape = ({ outcome, production, serving }: { outcome: string; production: string; serving: string | null }) => ({ outcome, production, serving });

describe('a breach in the monitoring window of a release', () => {
  for (const [how, onBreach] of [['after a person says so', 'gate'], ['by policy', 'rollBack']] as const) {
    it(`is rolled back ${how}: tags, verdict, incident with its report, review`, () => {
      const { seen, activities } = world({ onBreach });
      const input = inputOf();
      return run(activities, async () => {
        const handle = await released(input);
        if (onBreach === 'gate') {
          await gateOpen(handle, 'rollback');
          await approve(handle, 'rollback', 'alice');
        }
        const result = await handle.result();
        assert.deepEqual(shape(result), { outcome: 'rejected', production: 'unchanged', serving: '2' });
        assert.equal(result.reason, 'rolled back to 2: alert mae-high (Sev1) fired at measurement 2');
        const { workflowId } = rollbackOf(input);
        assert.deepEqual([result.rollback?.workflowId, result.rollback?.outcome, result.workItem?.id], [workflowId, 'succeeded', 7]);

        const rollback = (await rollbackOf(input).result()) as RollBackModelResult;
        assert.deepEqual([rollback.from, rollback.to, rollback.preempted], [input.version, '2', { workflowId: handle.workflowId, hasClosed: false, writes: 0 }], 'it takes the lock over, and waits for no release that waits for it');
        const [{ run: signature, ...tags }] = seen.writes as [DeploymentSnapshot['tags']];
        assert.deepEqual(tags, { model_version: '2', rolled_back_from: input.version, previous_version: '1', released_by: onBreach === 'gate' ? 'alice' : 'alert mae-high' });
        assert.match(signature!, new RegExp(`^${workflowId}/`));
        assert.deepEqual(seen.verdicts, [`${input.version} bad`]);

        assert.deepEqual(seen.items.map(({ title }) => title), [`Incident: P910/${input.target.circuit} rolled back from ${input.version} to 2`], 'one work item');
        assert.match(seen.items[0]!.descriptionHtml, /Timeline.*executing the rollback.*Batch job log.*nightly-1.*MAE 4\.1.*Root cause \(to be filled in\)/s);
        assert.equal(result.rollback?.incident, `coordinateIncident:P910.${input.target.circuit}`);
        await eventually(async () => {
          const { title, severity, timeline } = await temporal.client.workflow.getHandle(result.rollback!.incident!).query<IncidentView>('incident');
          assert.match(title, /alert mae-high \(Sev1\) fired at measurement 2, in the monitoring window of releaseModel:/);
          assert.equal(severity, 'P2');
          assert.ok(timeline.some(({ text }) => text.includes('rolled back from')) && timeline.some(({ text }) => text.includes('the questions for the root cause: https://example.com/workitems/7')), JSON.stringify(timeline));
        });

        const reviews = `WorkflowType = 'reviewBypass' AND Plant = 'P910' AND Circuit = '${input.target.circuit}'`;
        await visible(temporal.client, reviews, 1);
        const review: string[] = [];
        for await (const { workflowId: id } of temporal.client.workflow.list({ query: reviews })) review.push(id);
        await eventually(async () => {
          const view = await temporal.client.workflow.getHandle(review[0]!).query<GateView | null>('gate');
          assert.deepEqual([view?.gate, view?.eligible.includes('alice')], [bypassReviewGate, onBreach !== 'gate'], 'whoever wanted the rollback does not review it');
        });
      });
    });
  }

  it('joins the incident of the circuit that is open already', () => {
    const { activities } = world();
    const input = inputOf();
    return run(activities, async () => {
      const open = await temporal.client.workflow.start('coordinateIncident', { taskQueue: 'holdpoint-runbooks', workflowId: `coordinateIncident:P910.${input.target.circuit}`, args: [{ incident: `P910.${input.target.circuit}`, title: 'predictions are far off', severity: 'P3', target: input.target }] });
      const handle = await released(input);
      assert.equal((await handle.result()).rollback?.incident, open.workflowId);
      await eventually(async () => {
        const { timeline } = await open.query<IncidentView>('incident');
        assert.ok(timeline.some(({ text }) => text.includes('rolled back from')), JSON.stringify(timeline));
      });
    });
  });

  it('goes on rolling back when the release is cancelled', () => {
    let hold = true;
    const { seen, activities } = world();
    const plain = activities.switchBatchDeployment!;
    activities.switchBatchDeployment = async (input) => {
      while (hold) { heartbeat(); await sleep(50); }
      return await plain(input);
    };
    const input = inputOf();
    return run(activities, async () => {
      const handle = await released(input);
      await eventually(async () => assert.equal((await rollbackOf(input).query<RunStatus>('status')).phase, 'executing the rollback'));
      assert.match(await details(handle), new RegExp(`${rollbackOf(input).workflowId} rolls back, and goes on whatever becomes of this run`));
      await handle.cancel();
      assert.ok((await failureOf(handle.result())).cause instanceof CancelledFailure);
      hold = false;
      assert.equal(((await rollbackOf(input).result()) as RollBackModelResult).outcome, 'succeeded');
      assert.equal(seen.writes.length, 1);
    });
  });

  it('is not rolled back to a version that is recorded bad: says so, and offers the newest good one', () => {
    const { seen, activities } = world({ verdicts: { 2: 'bad' } });
    const input = inputOf();
    return run(activities, async () => {
      const result = await (await released(input)).result();
      assert.deepEqual(shape(result), { outcome: 'rejected', production: 'changed', serving: input.version });
      assert.match(result.reason, /mae-high .*, and nothing was rolled back at batch-endpoint-plant-P910\/deployment-circuit-C\d+: version 2 is recorded bad\. The newest version recorded good is 1/);
      assert.deepEqual([seen.writes, seen.items.map(({ title }) => title), result.workItem?.id], [[], [`Release of P910/${input.target.circuit} ${input.version} was rejected`], 7]);
      assert.ok(result.rollback?.incident, 'people come together about it');
    });
  });

  it('fails when production cannot be switched', () => {
    const { activities } = world({ replaced: { switchBatchDeployment: async () => { throw ApplicationFailure.nonRetryable('quota', 'OperationFailed'); }, restoreBatchDeployment: async ({ before: found }) => ({ state: 'untouched', found }) } });
    return run(activities, async () => {
      const handle = await released(inputOf());
      const { cause } = await failureOf(handle.result());
      assert.ok(cause instanceof ApplicationFailure);
      assert.match(cause.message, /mae-high .*, and rollBackModel:P910:\S+ failed: quota/);
      assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(await status(handle)), { outcome: 'failed', production: 'changed' });
    });
  });
});
