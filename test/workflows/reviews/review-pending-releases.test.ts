import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ReviewPendingReleasesInput } from '../../../workflows/domain/review-releases.ts';
import type { reviewPendingReleases } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const columns: Record<string, string> = { C001: 'temp_max', C002: 'wind', C003: 'wind' };
const severities = { P001: 'P2', P002: 'P0', P003: 'P0' } as const;

/** Plant P002 is critical; C002 and C003 measure the same; C003 of P001 is worse than production. */
const estate = (change: Partial<ReleaseActivities> = {}): Partial<ReleaseActivities> => {
  const policyOf = (target: { plant: string; circuit: string }) => {
    const severity = severities[target.plant as keyof typeof severities];
    const gates = testPolicy(target).gates;
    return { ...testPolicy(target), severity, sensor: { station: 'Seattle', column: columns[target.circuit]! }, gates: { ...gates, stage1: { ...gates.stage1, severity }, stage3: { ...gates.stage3, severity } } };
  };
  return {
    loadPolicy: async ({ target }) => policyOf(target),
    loadCircuits: async ({ targets }) => ({
      circuits: targets.map(policyOf).map(({ target, severity, sensor: { column }, endpoint, deployment }) => ({ target, severity, column, endpoint, deployment, terms: {} })),
      production: testPolicy(targets[0]!).workspaces.production,
    }),
    readRunMetrics: async ({ runId }) => {
      const candidate = { mae: runId.includes('P001-C003') ? 2.6 : 1.9, rmse: 2.4, r2: 0.88 };
      return { metrics: { candidate, production: { mae: 2.1, rmse: 2.7, r2: 0.85 }, holdoutRows: 365 }, rows: 1000, droppedRows: 0 };
    },
    ...change,
  };
};

let reviews = 0;
const startReview = async (input: ReviewPendingReleasesInput) => {
  reviews += 1;
  return await temporal.client.workflow.start<typeof reviewPendingReleases>('reviewPendingReleases', { taskQueue: TaskQueue.Runbooks, workflowId: `reviewPendingReleases:${reviews}`, args: [{ deploymentPollMs: 1_000, watchPollMs: 1_000, ...input }] });
};
type Review = Awaited<ReturnType<typeof startReview>>;

const openGate = async (review: Review, gate: string): Promise<GateView> => {
  let view: GateView | null = null;
  await eventually(async () => {
    view = await review.query<GateView | null>('gate');
    assert.equal(view?.gate, gate);
  });
  return view!;
};
const answer = (review: Review, gate: string, verdict: 'approve' | 'reject', more: object = {}) => decide(temporal.client.workflow, { workflowId: review.workflowId }, { gate, verdict, by: 'alice', ...more });
const cancelAll = async (handles: { cancel(): Promise<unknown> }[]) => void (await Promise.allSettled(handles.map((handle) => handle.cancel())));

describe('reviewPendingReleases', () => {
  it('asks for one decision for each group, critical first, and gives it to every member but the exceptions', async () => {
    await withReleaseWorkers(temporal, estate(), async () => {
      const inputs = [['P001', 'C001'], ['P001', 'C002'], ['P001', 'C003'], ['P002', 'C001'], ['P002', 'C002'], ['P002', 'C003']] as const;
      const runs = await Promise.all(inputs.map(([plant, circuit]) => startRelease(temporal.client, releaseInput(plant, circuit, '1-aaaa'))));
      await visible(temporal.client, `Gate = 'stage1'`, inputs.length);
      const review = await startReview({ gate: 'stage1' });

      const first = await openGate(review, 'group-1');
      assert.match(first.card.question, /^Promote 1 release of temp_max \(P0, P002\)\?|^Promote 2 releases of wind \(P0, P002\)\?/);
      const wind = /wind/.test(first.card.question) ? 'group-1' : 'group-2';
      const temp = wind === 'group-1' ? 'group-2' : 'group-1';
      for (const gate of ['group-1', 'group-2']) {
        const view = await openGate(review, gate);
        if (gate === temp) assert.match(view.card.facts[0]!, /^P002\/C001 1-aaaa: MAE 1\.900 \(2\.100\), RMSE 2\.400 \(2\.700\)/);
        if (gate === wind) assert.equal(view.card.comparison?.measuredOn, 'median of 2');
        await answer(review, gate, 'approve', gate === wind ? { except: ['P002/C003'], comment: 'C003 was serviced yesterday' } : {});
      }
      // The rest is P001: approved but for the one below threshold, which comes last and is rejected by name.
      await openGate(review, 'group-3');
      await answer(review, 'group-3', 'approve');
      await openGate(review, 'group-4');
      await answer(review, 'group-4', 'approve');
      const last = await openGate(review, 'group-5');
      assert.match(last.card.recommendation, /^reject: every card says that it is below threshold/);
      await answer(review, 'group-5', 'reject', { comment: 'MAE above production' });

      const result = await review.result();
      assert.equal(result.outcome, 'succeeded');
      assert.deepEqual(result.groups.map(({ severity, recommends, state }) => [severity, recommends, state]), [['P0', 'approve', 'approved'], ['P0', 'approve', 'approved'], ['P2', 'approve', 'approved'], ['P2', 'approve', 'approved'], ['P2', 'reject', 'rejected']]);
      assert.deepEqual(result.groups.map(({ refusedCount }) => refusedCount), [0, 0, 0, 0, 0]);

      const rejected = await runs[2]!.result();
      assert.match(rejected.reason, /^alice: MAE above production \(decided in reviewPendingReleases:\d+\)/);
      assert.equal(rejected.workItem?.id, 7);
      await visible(temporal.client, `Gate = 'stage3' AND ExecutionStatus = 'Running'`, 4);
      const left = await runs[5]!.query<GateView | null>('gate');
      assert.equal(left?.gate, 'stage1');
      await cancelAll(runs);
    });
  });
});
