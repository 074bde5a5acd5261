import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ReviewPendingReleasesInput } from '../../../workflows/domain/review-releases.ts';
import type { reviewPendingReleases } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { gateClock, releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { reviewLoad } from '../../support/review-load.ts';
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

  it('leaves to their own gates what a decision does not reach: a member whose author decided, a wrong exception, silence', async () => {
    await withReleaseWorkers(temporal, estate(), async () => {
      const inputs = [releaseInput('P003', 'C001', '1-aaaa'), { ...releaseInput('P003', 'C002', '1-aaaa'), requestedBy: ['alice'] }];
      const runs = await Promise.all(inputs.map((input) => startRelease(temporal.client, input)));
      await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P003'`, 2);

      const silent = await (await startReview({ plant: 'P003', gate: 'stage1', decideWithinMs: 1_500 })).result();
      assert.deepEqual([silent.outcome, silent.groups.map(({ state }) => state)], ['expired', ['undecided', 'undecided']]);

      const review = await startReview({ plant: 'P003', gate: 'stage1' });
      for (const gate of ['group-1', 'group-2']) {
        await openGate(review, gate);
        await assert.rejects(answer(review, gate, 'approve', { except: ['P003/C009'] }), (error: Error) => /leaves out P003\/C009, which is no part of this/.test(String(error.cause)));
        await answer(review, gate, 'approve');
      }
      const { groups } = await review.result();
      const refused = groups.flatMap((group) => group.refused);
      assert.deepEqual(refused.map(({ workflowId }) => workflowId), ['releaseModel:P003:C002:1-aaaa']);
      assert.match(refused[0]!.reason, /alice asked for this change and may not decide it/);
      assert.equal((await runs[1]!.query<GateView | null>('gate'))?.gate, 'stage1');
      await cancelAll(runs);
    });
  });

  /** Stage 1 passes by silence, so that releases come to Stage 3 by themselves. */
  const atStage3 = (change: Partial<ReleaseActivities> = {}, stage3: Partial<GatePolicy> = {}) => {
    const base = estate();
    return { ...base, ...change, loadPolicy: async (input: Parameters<ReleaseActivities['loadPolicy']>[0]) => {
      const policy = await base.loadPolicy!(input);
      const { stage1 } = policy.gates;
      return { ...policy, monitoring: { ...policy.monitoring, onBreach: 'rollBack' as const }, gates: { ...policy.gates, stage1: { ...stage1, onSilence: 'approve' as const, clock: gateClock(100, 50) }, stage3: { ...policy.gates.stage3, ...stage3 } } };
    } };
  };
  const releaseAll = async (labels: readonly (readonly [string, string])[], version: string) => {
    const runs = await Promise.all(labels.map(([plant, circuit]) => startRelease(temporal.client, releaseInput(plant, circuit, version))));
    await visible(temporal.client, `Gate = 'stage3' AND ModelVersion = '${version}'`, runs.length);
    return runs;
  };

  it('deploys in waves while people still decide, critical first, and begins no further wave without a word when more is lost than the budget allows', async () => {
    const activities = atStage3({ watchAlerts: async ({ endpoint, deployment }) => (endpoint.endsWith('P002') && deployment.endsWith('C001') ? { kind: 'breached', poll: 1, alert: { id: 'a', rule: 'mae-high', severity: 1, description: '' } } : { kind: 'healthy', polls: 1, alerts: 0 }) });
    await withReleaseWorkers(temporal, activities, async () => {
      const [good] = await releaseAll([['P002', 'C002']], '2-bbbb');
      const [bad] = await releaseAll([['P002', 'C001']], '2-bbba');
      const others = await releaseAll([['P001', 'C001'], ['P001', 'C002']], '2-bbbc');
      const review = await startReview({ gate: 'stage3', waveSize: 1 });
      await openGate(review, 'group-1');
      assert.equal((await temporal.client.workflow.count(`Gate = 'stage3' AND Plant IN ('P001', 'P002') AND ExecutionStatus = 'Running'`)).count, 4); // asked, not released
      await answer(review, 'group-1', 'approve');
      await openGate(review, 'group-2');
      assert.equal((await good!.result()).outcome, 'succeeded');
      assert.equal((await openGate(review, 'group-2')).state, 'open'); // nobody has decided it yet
      await answer(review, 'group-2', 'approve');
      await openGate(review, 'group-3');
      await answer(review, 'group-3', 'approve');

      const question = async () => {
        const view = await review.query<GateView | null>('gate');
        if (view?.gate === 'group-4') await answer(review, 'group-4', 'approve'); // it may have opened before the loss was seen
        assert.equal(view?.gate, 'wave-3');
        return view;
      };
      assert.match((await eventually(question)).card.question, /^Begin wave 3 of [34] although 1 release failed or were taken back\?/);
      await answer(review, 'wave-3', 'reject', { comment: 'first find out why' });
      const result = await review.result();
      assert.deepEqual([result.outcome, result.waves.done, result.waves.stopped], ['rejected', 2, '1 failed or were taken back, and alice stopped it: first find out why']);
      assert.ok(result.waves.planned > 2);
      assert.deepEqual(result.groups.slice(0, 3).map(({ state, severity }) => [state, severity]), [['approved', 'P0'], ['approved', 'P0'], ['approved', 'P2']]);
      assert.deepEqual(result.lost, [bad!.workflowId]);
      assert.deepEqual([result.counts?.succeeded, result.counts?.rolledBack], [1, 1]);
      for (const other of others) assert.equal((await other.query<GateView | null>('gate'))?.gate, 'stage3');
      await cancelAll(others);
    });
  });

  it('says of releases in which nothing happens that they are still under way, asks before the next wave, and does not fail for them', async () => {
    let mayDeploy = false;
    const base = releaseActivities();
    const deployBatchModel: ReleaseActivities['deployBatchModel'] = async (input) => {
      while (input.workspace.workspace === 'prod-ml-workspace' && !mayDeploy) await new Promise((done) => setTimeout(done, 50));
      return await base.deployBatchModel(input);
    };
    await withReleaseWorkers(temporal, atStage3({ deployBatchModel }), async () => {
      const runs = await releaseAll([['P003', 'C002'], ['P003', 'C003']], '5-eeee');
      const review = await startReview({ gate: 'stage3', plant: 'P003', waveSize: 1, settleWithinMs: 2_500 });
      await openGate(review, 'group-1');
      await answer(review, 'group-1', 'approve');
      const asked = await openGate(review, 'wave-2');
      assert.match(asked.card.question, /^Begin wave 2 of 2 although 1 release did not come to production in time\?/);
      await answer(review, 'wave-2', 'approve');
      const result = await review.result();
      assert.deepEqual([result.outcome, result.waves, result.counts?.deploying, result.lost], ['succeeded', { planned: 2, done: 2, stopped: null }, 2, []]);
      assert.deepEqual([...result.waiting].sort(), runs.map(({ workflowId }) => workflowId).sort());
      assert.match(result.reason, /2 still under way, not followed any longer/);
      mayDeploy = true;
      for (const run of runs) assert.equal((await run.result()).outcome, 'succeeded');
    });
  });

  it('says when the same alert fired on several of the circuits', async () => {
    const activities = atStage3({ readAlertRules: async ({ places }) => ({ alerts: places.map(({ circuit }) => ({ circuit, rule: 'null-rate' })) }) });
    await withReleaseWorkers(temporal, activities, async () => {
      await releaseAll([['P001', 'C002'], ['P001', 'C003']], '3-cccc');
      const review = await startReview({ gate: 'stage3', plant: 'P001' });
      await openGate(review, 'group-1');
      await answer(review, 'group-1', 'approve');
      const result = await review.result();
      assert.deepEqual(result.patterns, [{ rule: 'null-rate', circuits: ['P001/C002', 'P001/C003'] }]);
      assert.deepEqual([result.outcome, result.counts?.succeeded, result.waves.stopped], ['succeeded', 2, null]);
      assert.match(await details(review), /Alert null-rate fired on 2 of the circuits: P001\/C002, P001\/C003/);
    });
  });

  it('decides nothing for gates whose people the server has to attribute: it names them, and follows what is decided one by one', async () => {
    await withReleaseWorkers(temporal, atStage3({}, { identity: 'attributed' }), async () => {
      const runs = await releaseAll([['P001', 'C001']], '4-dddd');
      const result = await (await startReview({ gate: 'stage3', plant: 'P001', decideWithinMs: 1_500 })).result();
      assert.deepEqual(result.groups.map(({ state, identity }) => [state, identity]), [['inbox', 'attributed']]);
      assert.equal((await runs[0]!.query<GateView | null>('gate'))?.decisions.length, 0);
      await cancelAll(runs);
    });
  });

  it('loses nothing over many gates, and keeps its own history short', async () => {
    await withReleaseWorkers(temporal, {}, async () => {
      const { result, events } = await reviewLoad(temporal, { gates: 40, groupSize: 15 });
      assert.deepEqual(result.groups.map(({ members, refusedCount, state }) => [members, refusedCount, state]), [[15, 0, 'approved'], [15, 0, 'approved'], [10, 0, 'approved']]);
      assert.ok(events < 200, `${events} events`);
      await visible(temporal.client, `Gate = 'stage1' AND ModelVersion = '1-aaaa' AND ExecutionStatus = 'Running'`, 0);
    });
  });
});
