import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parse, stringify } from 'yaml';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { periodAround, selectTargets } from '../../../activities/estate/scheduled-targets.ts';
import { decide } from '../../../starters/decide.ts';
import { investigateDegradation } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import { findAlertRun } from '../../../activities/runs/alert-runs.ts';
import { investigateDegradationId, isRunOf, scheduledRunId } from '../../../workflows/domain/ids.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { reasonToLeaveOut, type Period, type StartForTargetsInput, type StartForTargetsResult, type TargetSelection } from '../../../workflows/domain/schedules.ts';
import * as registry from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { steadyStatistics, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const demo = parse(readFileSync('estate/demo.yml', 'utf8')) as object;
/** A plant of its own for each test, so that no run of another one counts. */
const estateOf = (plant: string, circuits: number) => parseEstate(stringify({ ...demo, plants: { [plant]: { station: 'Seattle', circuits: Object.fromEntries(Array.from({ length: circuits }, (_, index) => [`C${index + 1}`, index === circuits - 1 ? { column: 'wind', severity: 'P0' } : 'wind'])) } } }), 'estate.yml');
const target = (plant: string, circuit: string) => ({ plant, circuit });

const activities = (plant: string, circuits: number, more: Partial<ReleaseActivities> = {}): Partial<ReleaseActivities> =>
  Object.assign({ ...more }, { selectScheduledTargets: async ({ select, oncePer, timezone, at }: { select: TargetSelection; oncePer: Period; timezone: string; at: string }) => ({ targets: selectTargets(estateOf(plant, circuits), select), ...periodAround(at, oncePer, timezone) }) });

let starts = 0;
async function start(plant: string, input: Partial<StartForTargetsInput> = {}): Promise<StartForTargetsResult> {
  starts += 1;
  const whole: StartForTargetsInput = { schedule: 'monthly', runbook: 'investigateDegradation', select: { plants: [plant], severities: null }, oncePer: 'year', timezone: 'UTC', input: { asOf: '2015-12-31' }, maxParallel: 2, ...input };
  return (await temporal.client.workflow.execute('startForTargets', { taskQueue: TaskQueue.Runbooks, workflowId: `monthly-${starts}`, args: [whole] })) as StartForTargetsResult;
}

const thisYear = String(new Date().getUTCFullYear());
/** As a schedule that is due once a year names its run. */
const scheduledId = (plant: string, circuit: string): string => scheduledRunId(investigateDegradationId(target(plant, circuit)), thisYear);

const gate = (workflowId: string) => eventually(async () => {
  assert.equal((await temporal.client.workflow.getHandle(workflowId).query<{ gate: string } | null>('gate'))?.gate, 'cause');
});

describe('startForTargets', () => {
  it('starts one run for each circuit, the most critical first, at most so many at once; a second start in the same period starts none', async () => {
    let [now, most] = [0, 0];
    const counted: Partial<ReleaseActivities> = {
      findPredictions: async (input) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((done) => setTimeout(done, 100));
        return await steadyStatistics.findPredictions(input);
      },
      writeDegradationReport: async (input) => {
        now -= 1;
        return await steadyStatistics.writeDegradationReport(input);
      },
    };
    await withReleaseWorkers(temporal, activities('P010', 5, counted), async () => {
      const result = await start('P010');
      const order = result.started.map(({ workflowId }) => workflowId);
      assert.deepEqual([...order].sort(), ['C1', 'C2', 'C3', 'C4', 'C5'].map((circuit) => scheduledId('P010', circuit)));
      assert.equal(scheduledId('P010', 'C1'), `investigateDegradation:P010:C1:${thisYear}`);
      assert.ok(order.slice(0, 2).includes(scheduledId('P010', 'C5')), order.join(', '));
      assert.ok(most <= 2, `${most} at once`);
      assert.deepEqual([result.outcome, result.leftOut], ['succeeded', []]);
      assert.match(result.reason, /^\d{4}: 5 started \(5 succeeded\), 0 left out$/);

      const again = await start('P010');
      assert.deepEqual([again.started, again.leftOut.length], [[], 5]);
      assert.match(again.leftOut[0]!.why, /^it has run in \d{4} already \(completed\)$/);
      // The next period is another matter.
      assert.equal(reasonToLeaveOut({ state: 'ended', status: 'COMPLETED', startedAt: '2026-10-31T00:00:00Z' }, '2026-11-01T00:00:00Z', '2026-11'), null);
    });
  });

  it('leaves out what runs already and what a person has cancelled, tries again what failed, and is not held up by one that waits for a person', async () => {
    const unmeasured: ReleaseActivities['measurePredictionErrors'] = async (input) => ({ ...(await steadyStatistics.measurePredictionErrors(input)), state: 'no actuals', detail: 'none has been measured yet' });
    let failing = true;
    const asking = activities('P011', 3, {
      measurePredictionErrors: unmeasured,
      loadPolicy: async (input) => {
        if (failing && input.target.circuit === 'C2') throw ApplicationFailure.nonRetryable('no such thing', 'InvalidRequest');
        return testPolicy(input.target);
      },
    });
    await withReleaseWorkers(temporal, asking, async () => {
      const byAlert = await startRunbook(temporal.client, investigateDegradation, { target: target('P011', 'C1'), asOf: '2015-12-31' });
      await gate(byAlert.workflowId);
      const result = await start('P011', { slotMs: 500, maxParallel: 1 });
      const [c2, c3] = ['C2', 'C3'].map((circuit) => scheduledId('P011', circuit));
      const c1 = investigateDegradationId(target('P011', 'C1'));
      // An alert that comes meanwhile joins the run of the schedule.
      const found = await eventually(async () => {
        const run = await findAlertRun(temporal.client, { target: target('P011', 'C3'), workflowId: investigateDegradationId(target('P011', 'C3')), since: new Date().toISOString(), tellsRelease: false });
        assert.equal(run.kind, 'run');
        return run;
      });
      assert.deepEqual(found.kind === 'run' && [found.workflowId, found.leader], [c3, null]);
      assert.deepEqual(result.started, [{ workflowId: c3, outcome: null }, { workflowId: c2, outcome: 'failed' }]);
      assert.deepEqual(result.leftOut, [{ workflowId: c1, why: 'it runs' }]);
      assert.match(result.reason, /2 started \(1 failed, 1 goes on\), 1 left out/);

      failing = false;
      await temporal.client.workflow.getHandle(c3!).cancel();
      await temporal.client.workflow.getHandle(c3!).result().catch(() => undefined);
      const again = await start('P011', { slotMs: 500 });
      assert.deepEqual(again.started.map(({ workflowId }) => workflowId), [c2]);
      assert.deepEqual(again.leftOut.map(({ workflowId, why }) => [workflowId, /^it runs$|already \(cancelled\)$/.test(why)]), [[c3, true], [c1, true]]);
      for (const workflowId of [c1, c2!]) {
        await gate(workflowId);
        await decide(temporal.client.workflow, { workflowId }, { gate: 'cause', verdict: 'approve', by: 'alice' });
        await temporal.client.workflow.getHandle(workflowId).result();
      }
    });
  });

  it('of two triggers in the same moment, and of schedules with the same runbook and period, each circuit is started by one', async () => {
    await withReleaseWorkers(temporal, activities('P013', 4), async () => {
      const results = await Promise.all([start('P013'), start('P013'), start('P013', { schedule: 'other' })]);
      const started = results.flatMap((result) => result.started.map(({ workflowId }) => workflowId));
      assert.deepEqual(started.sort(), ['C1', 'C2', 'C3', 'C4'].map((circuit) => scheduledId('P013', circuit)));
      assert.equal(results.reduce((sum, { leftOut }) => sum + leftOut.length, 0), 8);
      for (const circuit of ['C1', 'C2', 'C3', 'C4']) await eventually(async () => assert.equal((await temporal.client.workflow.count(`WorkflowId = '${scheduledId('P013', circuit)}'`)).count, 1));
      // A week is none of its days.
      const at = '2026-11-16T12:00:00Z';
      assert.deepEqual((['day', 'week', 'month', 'quarter', 'year'] as const).map((period) => periodAround(at, period, 'UTC').periodId), ['2026-11-16', '2026-W47', '2026-11', '2026-Q4', '2026']);
      assert.deepEqual(['2021-01-03', '2024-12-30', '2026-01-01'].map((day) => periodAround(`${day}T12:00:00Z`, 'week', 'UTC').periodId), ['2020-W53', '2025-W01', '2026-W01']);
      assert.ok(isRunOf(scheduledId('P013', 'C1'), investigateDegradationId(target('P013', 'C1'))) && !isRunOf(investigateDegradationId(target('P013', 'C10')), investigateDegradationId(target('P013', 'C1'))));
    });
  });

  it('says what it cannot start', async () => {
    await withReleaseWorkers(temporal, activities('P012', 1), async () => {
      const failed = async (input: Partial<StartForTargetsInput>): Promise<string> => {
        const error: unknown = await start('P012', input).then(() => undefined, (thrown: unknown) => thrown);
        assert.ok(error instanceof WorkflowFailedError);
        return String(error.cause?.message);
      };
      assert.match(await failed({ runbook: 'rollBackModel' }), /runbook: rollBackModel is none of investigateDegradation, retrainOnDrift/);
      assert.match(await failed({ oncePer: undefined }), /oncePer/);
      if (!Object.hasOwn(registry, 'retrainOnDrift')) assert.deepEqual(await start('P012', { runbook: 'retrainOnDrift' }).then(({ outcome, reason, started }) => [outcome, reason, started]), ['rejected', 'retrainOnDrift is not part of this version of Holdpoint: nothing was started', []]);
      assert.deepEqual((await start('P012', { select: { plants: ['P999'], severities: null } })).started, []);
    });
  });
});
