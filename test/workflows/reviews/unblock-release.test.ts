import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { searchAttributePairs } from '../../../workflows/blocks/search-attribute-pairs.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { UnblockReleaseInput, UnblockReleaseResult } from '../../../workflows/domain/review-stuck.ts';
import type { unblockRelease } from '../../../workflows/index.ts';
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

/** Releases of a test, by their circuit: worse ones are below threshold; the plant keeps the tests apart. */
const world = () => {
  const told: GateEvent[] = [];
  const items: string[] = [];
  const descriptions: string[] = [];
  let mae = 1.9;
  const activities = (stage1: Partial<GatePolicy> = {}): Partial<ReleaseActivities> => ({
    loadPolicy: async ({ target }) => {
      const policy = testPolicy(target);
      return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, ...stage1 } } };
    },
    readRunMetrics: async ({ runId }) => ({ metrics: { candidate: { mae: runId.includes('-worse-') ? 2.6 : mae, rmse: 2.4, r2: 0.88 }, production: { mae: 2.1, rmse: 2.7, r2: 0.85 }, holdoutRows: 365 }, rows: 1000, droppedRows: 0 }),
    notify: async ({ event }) => {
      told.push(event);
      return { delivered: ['chat'], failed: [] };
    },
    createWorkItem: async ({ title, key, descriptionHtml }) => {
      descriptions.push(descriptionHtml);
      if (!items.includes(`${title} ${key.key}`)) items.push(`${title} ${key.key}`);
      return { id: 7, url: 'https://example.com/workitems/7', uncertain: false };
    },
  });
  return { told, items, descriptions, activities, measure: (value: number) => (mae = value) };
};

let runs = 0;
const unblock = async (input: UnblockReleaseInput): Promise<UnblockReleaseResult> => {
  runs += 1;
  return await temporal.client.workflow.execute<typeof unblockRelease>('unblockRelease', { taskQueue: TaskQueue.Runbooks, workflowId: `unblockRelease:${runs}`, args: [input] });
};
const waits = (plant: string, count: number) => visible(temporal.client, `Gate = 'stage1' AND Plant = '${plant}' AND ExecutionStatus = 'Running'`, count);

describe('unblockRelease', () => {
  it('finds only what has waited for longer than it is told, and changes nothing else', async () => {
    const { activities } = world();
    await withReleaseWorkers(temporal, activities(), async () => {
      const run = await startRelease(temporal.client, releaseInput('P1', 'good', '1'));
      await waits('P1', 1);
      const result = await unblock({ plant: 'P1' });
      assert.deepEqual([result.outcome, result.reason, result.gates], ['succeeded', 'no gate has waited for too long', []]);
      await run.cancel();
    });
  });

  it('reminds and widens, once in an interval, however often it runs', async () => {
    const { activities, told } = world();
    const widen = [{ afterMs: 90 * 3_600_000, hours: 'elapsed' as const, approvers: ['dana'] }];
    await withReleaseWorkers(temporal, activities({ clock: { ...testPolicy({ plant: 'P2', circuit: 'good' }).gates.stage1.clock, widen } }), async () => {
      const run = await startRelease(temporal.client, releaseInput('P2', 'good', '1'));
      await waits('P2', 1);
      for (let time = 0; time < 2; time += 1) {
        const { gates, reason } = await unblock({ plant: 'P2', olderThanMs: 1 });
        assert.equal(reason, '1 tended');
        assert.deepEqual(gates.map(({ state, changes }) => [state, changes]), [['tended', ['dana']]]);
      }
      const own = told.filter(({ workflowId }) => workflowId === run.workflowId); // the run that the test before cancelled says so just now
      assert.deepEqual(own.map(({ kind }) => kind), ['opened', 'reminded', 'widened']);
      assert.match(own[1]!.text, /^Still waiting \(unblockRelease: open since/);
      const view = await run.query<GateView | null>('gate');
      assert.ok(view!.policy.approvers.includes('dana'));
      await run.cancel();
    });
  });

  it('asks anew where the evidence has changed', async () => {
    const { activities, measure } = world();
    await withReleaseWorkers(temporal, activities(), async () => {
      const run = await startRelease(temporal.client, releaseInput('P3', 'good', '1'));
      await waits('P3', 1);
      measure(2.0);
      const { gates } = await unblock({ plant: 'P3', olderThanMs: 1 });
      assert.deepEqual(gates.map(({ state, changes }) => [state, changes]), [['reopened', ['metrics: mae 1.9 → 2']]]);
      await eventually(async () => assert.equal((await run.query<GateView | null>('gate'))?.generation, 1));
      await run.cancel();
    });
  });

  it('lets what is below threshold lapse: it is rejected with the reason, and one work item is filed', async () => {
    const { activities, items } = world();
    await withReleaseWorkers(temporal, activities({ onSilence: 'reject' }), async () => {
      const worse = await startRelease(temporal.client, releaseInput('P4', 'worse', '1'));
      const good = await startRelease(temporal.client, releaseInput('P4', 'good', '1'));
      await waits('P4', 2);
      const { gates, workItems } = await unblock({ plant: 'P4', olderThanMs: 1, lapseAfterMs: 1 });
      assert.deepEqual(new Map(gates.map(({ workflowId, state }) => [workflowId, state])), new Map([[worse.workflowId, 'lapsed'], [good.workflowId, 'tended']]));
      assert.deepEqual(workItems, []); // the release files its own
      const result = await worse.result();
      assert.equal(result.outcome, 'rejected');
      assert.match(result.reason, /unblockRelease: below threshold, and undecided for 0 h/);
      assert.equal(items.length, 1);
      await good.cancel();
    });
  });

  it('puts no markup of a run into the work item', async () => {
    const { activities, descriptions } = world();
    await withReleaseWorkers(temporal, activities(), async () => {
      const input = releaseInput('P7', 'worse', '1');
      await temporal.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: 'releaseModel:<img src=x>&:1', args: [input], typedSearchAttributes: searchAttributePairs({ Plant: 'P7', Circuit: 'worse', ModelVersion: '1' }) });
      await waits('P7', 1);
      await unblock({ plant: 'P7', olderThanMs: 1, lapseAfterMs: 1 });
      assert.equal(descriptions.length, 1);
      assert.match(descriptions[0]!, /^<p>stage1 of run releaseModel:&lt;img src=x&gt;&amp;:1: below threshold, and undecided for 0 h\.<\/p><p>Let lapse by unblockRelease:\d+\/[0-9a-f-]+; production is as it was\.<\/p>$/);
    });
  });

  it('files a work item itself for what expires, and never lets silence approve', async () => {
    const { activities, items } = world();
    await withReleaseWorkers(temporal, activities(), async () => {
      const worse = await startRelease(temporal.client, releaseInput('P5', 'worse', '1'));
      await waits('P5', 1);
      const { workItems } = await unblock({ plant: 'P5', olderThanMs: 1, lapseAfterMs: 1 });
      assert.deepEqual(workItems, [{ workflowId: worse.workflowId, id: 7, url: 'https://example.com/workitems/7' }]);
      assert.equal((await worse.result()).outcome, 'expired');
      assert.match(items[0]!, /^Release of P5\/worse 1 lapsed at stage1/);
    });
    await withReleaseWorkers(temporal, activities({ onSilence: 'approve' }), async () => {
      const worse = await startRelease(temporal.client, releaseInput('P6', 'worse', '1'));
      await waits('P6', 1);
      const { gates } = await unblock({ plant: 'P6', olderThanMs: 1, lapseAfterMs: 1 });
      assert.deepEqual(gates.map(({ state }) => state), ['tended']);
      assert.equal((await worse.query<GateView | null>('gate'))?.gate, 'stage1');
      await worse.cancel();
    });
  });
});
