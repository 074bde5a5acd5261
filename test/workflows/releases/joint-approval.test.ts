/** `approvalPer: change`: Stage 1 is decided once for all circuits of a change, with exceptions. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ReleaseChangeResult } from '../../../workflows/domain/release.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, openGate, refused, witnessed } from '../../support/gate-runs.ts';
import { gateClock, releaseActivities, testInput, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import type { Handle } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const circuits = ['C001', 'C002', 'C003'].map((circuit) => ({ target: { plant: 'P001', circuit }, path: `config/plants/P001/${circuit}.yml`, config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: circuit.toLowerCase().padEnd(64, '0') }));

/** A change of three circuits; `mae` of each is what the test says just now. */
function change(pullRequestId: number, stage1: Partial<GatePolicy> = {}, replaced: Partial<ReleaseActivities> = {}) {
  const mae = new Map<string, number>();
  const { activities, witness, estate } = witnessed(stage1, {
    readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits }),
    readRunMetrics: async (input) => {
      const read = await releaseActivities().readRunMetrics(input);
      const circuit = /C\d+/.exec(input.runId)?.[0] ?? '';
      return { ...read, metrics: { ...read.metrics, candidate: { ...read.metrics.candidate, mae: mae.get(circuit) ?? 1.9 } } };
    },
    ...replaced,
  });
  estate.target = { approvalPer: 'change', supersede: 'retire' };
  const start = async (): Promise<WorkflowHandle> => await temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseChange:b1a7:${pullRequestId}`, args: [{ repositoryId: 'b1a7', pullRequestId }] });
  return { activities, witness, estate, mae, start };
}

describe('Stage 1 of a whole change', () => {
  it('has machine items answered for every circuit: each must be well', async () => {
    const { activities, start } = change(209, { checklist: [{ id: 'no-firing-alerts', text: 'Production is quiet', by: 'machine', people: null }] }, {
      readFiringAlerts: async ({ deployment }) => (deployment.endsWith('C002') ? { ids: ['a'], rules: ['error rate'] } : { ids: [], rules: [] }),
    });
    await withReleaseWorkers(temporal, activities, async () => {
      const handle = (await start()) as unknown as Handle;
      await eventually(async () => assert.deepEqual((await openGate(handle, 'stage1')).checklist.map(({ ok, comment }) => [ok, comment]), [[false, 'P001/C002: an alert fires for deployment-circuit-C002: error rate']]));
      await refused(handle, { gate: 'stage1', verdict: 'approve', by: 'alice' }, /the checklist is not answered: no-firing-alerts/);
      await handle.terminate();
    });
  });

  it('promotes what was approved and leaves the exceptions out; the releases ask for Stage 3 by themselves', async () => {
    const { activities, witness, mae, start } = change(201);
    mae.set('C003', 2.6);
    await withReleaseWorkers(temporal, activities, async () => {
      const handle = (await start()) as unknown as Handle;
      const view = await openGate(handle, 'stage1');
      assert.equal(view.card.question, 'Promote 3 circuits of pull request 201 to the registry?');
      assert.equal(view.card.recommendation, 'approve except P001/C003.');
      assert.match(view.card.facts[2]!, /^P001\/C003 201-c0030000: MAE 2\.600, in production 2\.100 \(365 rows\); reject: MAE is 23\.8 % worse/);
      assert.deepEqual(view.parts, ['P001/C001', 'P001/C002', 'P001/C003']);
      await refused(handle, { gate: 'stage1', verdict: 'approve', by: 'alice', except: ['P009/C001'] }, /it leaves out P009\/C001, which is no part of this/);
      await refused(handle, { gate: 'stage1', verdict: 'approve', by: 'dana' }, /dana asked for this change/);
      await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'alice', except: ['P001/C003'] });
      const result = (await handle.result()) as unknown as ReleaseChangeResult;
      assert.deepEqual(result.circuits.map(({ state }) => state), ['released', 'released', 'rejected']);
      assert.equal(result.reason, 'released P001/C001, P001/C002; rejected P001/C003');
      for (const circuit of ['C001', 'C002']) {
        const release = temporal.client.workflow.getHandle(`releaseModel:P001:${circuit}:201-${circuit.toLowerCase()}0000`) as unknown as Handle;
        await openGate(release, 'stage3');
      }
    });
    assert.deepEqual(witness.entries.flatMap((entry) => (entry.kind === 'gateClosed' ? [[entry.state, entry.by]] : [])), [['approved', ['alice']]]);
    const elsewhere = witness.entries.flatMap((entry) => (entry.kind === 'approvedElsewhere' ? [[entry.gate, entry.workflowId, entry.by]] : []));
    assert.deepEqual(elsewhere, [['stage1', 'releaseChange:b1a7:201', ['alice']], ['stage1', 'releaseChange:b1a7:201', ['alice']]]);
  });

  it('takes over what the estate says meanwhile: who left may not decide for any of the circuits', async () => {
    const { activities, estate, start } = change(203);
    estate.stage1 = { clock: gateClock(3_600_000, 2_000) };
    await withReleaseWorkers(temporal, activities, async () => {
      const handle = (await start()) as unknown as Handle;
      await openGate(handle, 'stage1');
      estate.stage1 = { ...estate.stage1, approvers: ['alice', 'bob'] };
      await eventually(async () => assert.deepEqual((await openGate(handle, 'stage1')).eligible, ['alice', 'bob']));
      await refused(handle, { gate: 'stage1', verdict: 'approve', by: 'carol' }, /not among the approvers/);
    });
  });

  it('asks for a circuit by itself when its evidence changed after the change was approved', async () => {
    const { activities, mae, start } = change(202);
    await withReleaseWorkers(temporal, {
      ...activities,
      findOlderRuns: async () => {
        mae.set('C002', 5); // between the approval of the change and the look of the release
        return { runs: [] };
      },
    }, async () => {
      const handle = (await start()) as unknown as Handle;
      await openGate(handle, 'stage1');
      await answer(handle, { gate: 'stage1', verdict: 'approve', by: 'bob' });
      await handle.result();
      await openGate(temporal.client.workflow.getHandle('releaseModel:P001:C001:202-c0010000'), 'stage3');
      await openGate(temporal.client.workflow.getHandle('releaseModel:P001:C002:202-c0020000'), 'stage1');
    });
  });

  it('is not believed when a run that no change has started says so', () => withReleaseWorkers(temporal, witnessed({}).activities, async () => {
    const forged = { ...testInput, stage1: { by: ['alice'], at: '2026-01-01T00:00:00.000Z', items: [], change: 'releaseChange:b1a7:201' } };
    const handle = (await temporal.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: 'releaseModel:P001:C001:forged', args: [forged] })) as unknown as Handle;
    await openGate(handle, 'stage1');
  }));
});
