import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { resolveFollowedAlert, startFollowAlert } from '../../../activities/runs/alert-runs.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { AlertPhase, type Alert, type AlertRouting, type FollowAlertResult, type ResolvedAction } from '../../../workflows/domain/alert.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { releaseModelId } from '../../../workflows/domain/ids.ts';
import { ReleaseModelPhase } from '../../../workflows/domain/phases.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { followAlert, releaseModel } from '../../../workflows/index.ts';
import { freshAlert } from '../../support/alerts.ts';
import { eventually } from '../../support/eventually.ts';
import { approve, gateOpen, passBothStages } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(async () => await temporal.teardown());

type Followed = WorkflowHandle<typeof followAlert>;
type Mapped = Extract<AlertRouting, { kind: 'mapped' }>;

/** A route to a release of one circuit: a run that waits at its first gate, and has changed nothing until its third phase. The routes of the test file are by the alert's label `route`. */
function mapped(circuit: string, onResolved: ResolvedAction, joinForMs = 600_000): Mapped {
  const input = releaseInput('P001', circuit, '1');
  return { kind: 'mapped', route: 'alerts.routes.0', target: input.target, order: { runbook: 'releaseModel', workflowId: releaseModelId(input.target, '1'), input, summary: 'by an alert' }, onResolved, joinForMs };
}

async function withWorkers<T>(routing: AlertRouting, body: () => Promise<T>, replaced: Partial<ReleaseActivities> = {}): Promise<T> {
  const routeAlert = async (): Promise<AlertRouting> => routing;
  return await withReleaseWorkers(temporal, { ...replaced, ...{ routeAlert } }, body);
}

async function tell(alert: Alert): Promise<Followed> {
  const { workflowId } = await startFollowAlert(temporal.client, alert);
  return temporal.client.workflow.getHandle<typeof followAlert>(workflowId);
}

const phaseOf = async (handle: Pick<Followed, 'query'>): Promise<string> => (await handle.query<RunStatus>('status')).phase;
const follows = (handle: Followed) => eventually(async () => assert.equal(await phaseOf(handle), AlertPhase.Following));
const resolve = (alert: Alert) => resolveFollowedAlert(temporal.client, alert, 'test');

async function replays(handle: WorkflowHandle): Promise<void> {
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, [{ workflowId: handle.workflowId, history: await handle.fetchHistory() }])) assert.equal(error, undefined);
}

async function signalNames(handle: WorkflowHandle): Promise<string[]> {
  return ((await handle.fetchHistory()).events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName ? [signal.signalName] : []));
}

describe('an alert', () => {
  it('that maps to nothing starts nothing, and is listed', async () => {
    await withWorkers({ kind: 'unmapped', reason: 'no route of the estate fits' }, async () => {
      const alert = freshAlert();
      const result = await (await tell(alert)).result();
      assert.deepEqual(result, { outcome: 'rejected', reason: 'no route of the estate fits', route: null, target: null, effect: null } satisfies FollowAlertResult);
      await visible(temporal.client, `WorkflowType = 'followAlert' AND Phase = '${AlertPhase.Unmapped}' AND Outcome = 'rejected'`, 1);
      assert.deepEqual(await startFollowAlert(temporal.client, alert), { workflowId: `followAlert:alertmanager:${alert.key}`, started: false });
    });
  });

  it('starts its runbook once; its end cancels a run that has changed nothing', async () => {
    await withWorkers(mapped('C001', 'cancel'), async () => {
      const alert = freshAlert();
      const followed = await tell(alert);
      const release = temporal.client.workflow.getHandle<typeof releaseModel>(releaseModelId({ plant: 'P001', circuit: 'C001' }, '1'));
      await eventually(async () => assert.equal((await release.query<RunStatus>('status')).gate?.id, 'stage1'));
      await follows(followed);
      for (let n = 0; n < 3; n += 1) assert.equal((await startFollowAlert(temporal.client, alert)).started, false);
      await resolve(alert);
      const { outcome, effect, reason } = await followed.result();
      assert.deepEqual([outcome, effect?.kind, effect?.workflowId], ['succeeded', 'started', release.workflowId]);
      assert.match(reason, /resolved; releaseModel:P001:C001:1 was cancelled: it had changed nothing$/);
      await assert.rejects(release.result());
      assert.equal((await release.describe()).status.name, 'CANCELLED');
      assert.ok((await signalNames(release)).includes('alertResolved'));
      await replays(followed);
      // An alert that comes after that starts a run anew: the cancelled one is no help against it.
      const next = freshAlert();
      const second = await tell(next);
      await follows(second);
      assert.notEqual((await release.describe()).runId, effect?.runId);
      await resolve(next);
      assert.match((await second.result()).reason, /was cancelled/);
    });
  });

  it('joins the run of another; the run is closed when both have ended, and not before', async () => {
    await withWorkers(mapped('C002', 'cancel'), async () => {
      const alerts = Array.from({ length: 5 }, () => freshAlert());
      const followed = await Promise.all(alerts.map((alert) => tell(alert)));
      await Promise.all(followed.map(follows));
      const release = temporal.client.workflow.getHandle(releaseModelId({ plant: 'P001', circuit: 'C002' }, '1'));
      await visible(temporal.client, `WorkflowId = '${release.workflowId}'`, 1);
      const leader = (await release.describe()).parentExecution?.workflowId;
      const index = followed.findIndex(({ workflowId }) => workflowId === leader);
      assert.ok(index >= 0);
      await resolve(alerts[index]!);
      const others = followed.filter((_, position) => position !== index);
      await Promise.all(alerts.filter((_, position) => position !== index).slice(1).map(resolve));
      const early = await Promise.all(others.slice(1).map((each) => each.result()));
      for (const { effect, reason } of early) assert.deepEqual([effect?.kind, reason.endsWith(`resolved; ${leader} was told`)], ['joined', true], reason);
      assert.equal((await release.describe()).status.name, 'RUNNING');

      await resolve(alerts.filter((_, position) => position !== index)[0]!);
      assert.match((await followed[index]!.result()).reason, /^started .* resolved, with 4 that had joined; .* was cancelled: it had changed nothing$/);
      await replays(followed[index]!);
      await replays(others[0]!);
    });
  });

  it('joins a run that another alert started a short while ago and that has completed, and starts one after that', async () => {
    await withWorkers(mapped('C003', 'tell', 4_000), async () => {
      const first = freshAlert();
      const one = await tell(first);
      await follows(one);
      const release = temporal.client.workflow.getHandle<typeof releaseModel>(releaseModelId({ plant: 'P001', circuit: 'C003' }, '1'));
      await gateOpen(release, 'stage1');
      await release.executeUpdate('decide', { args: [{ gate: 'stage1', verdict: 'reject', by: 'alice', comment: 'no' }] });
      assert.equal((await release.result()).outcome, 'rejected');
      const two = await tell(freshAlert());
      await follows(two);
      const { runId } = await release.describe();
      await new Promise((done) => setTimeout(done, 4_500));
      const third = freshAlert();
      const three = await tell(third);
      await follows(three);
      assert.notEqual((await release.describe()).runId, runId);
      await resolve(third);
      assert.match((await three.result()).reason, /^started .*; releaseModel:P001:C003:1 was told$/);
      await resolve(first); // its run has ended; the one that joined it has not
      for (const each of [one, two, release]) await each.terminate();
    });
  });

  it('tells a release that watches the target, and starts nothing', async () => {
    const watchAlerts = () => Promise.reject(ApplicationFailure.create({ type: FailureType.StillWatching, message: 'the window goes on', nextRetryDelay: 500, category: ApplicationFailureCategory.BENIGN }));
    const replaced = { watchAlerts, loadPolicy: async ({ target }: { target: { plant: string; circuit: string } }) => ({ ...testPolicy(target), monitoring: { ...testPolicy(target).monitoring, onBreach: 'gate' as const } }) };
    await withWorkers({ ...mapped('C004', 'cancel'), order: { ...mapped('C004', 'cancel').order, workflowId: 'rollBackModel:P001:C004' } }, async () => {
      const release = await startRelease(temporal.client, releaseInput('P001', 'C004', '7'));
      await passBothStages(release);
      await eventually(async () => assert.equal(await phaseOf(release), ReleaseModelPhase.Monitoring));
      await visible(temporal.client, `WorkflowType = 'releaseModel' AND Circuit = 'C004' AND ExecutionStatus = 'Running'`, 1);
      const alert = freshAlert({ name: 'mae-high' });
      const followed = await tell(alert);
      await follows(followed);
      await gateOpen(release, 'rollback');
      assert.ok((await signalNames(release)).includes('alert'));
      await assert.rejects(temporal.client.workflow.getHandle('rollBackModel:P001:C004').describe(), /not found/);
      await resolve(alert);
      assert.match((await followed.result()).reason, /^told releaseModel:P001:C004:7 .*nothing was to be closed$/);
      await approve(release, 'rollback', 'alice');
      const rollback = temporal.client.workflow.getHandle('rollBackModel:P001:C004');
      await eventually(async () => assert.equal((await rollback.describe()).type, 'rollBackModel')); // it watches for as long as the release would
      for (const each of [rollback, release]) await each.terminate();
    }, replaced);
  });

  it('that had ended before a worker came does nothing', async () => {
    const alert = freshAlert();
    const followed = await tell(alert);
    await resolve(alert);
    await withWorkers(mapped('C009', 'tell'), async () => {
      const { outcome, reason, effect } = await followed.result();
      assert.deepEqual([outcome, reason, effect], ['succeeded', 'it had ended before anything was done', null]);
    });
  });

  it('that nobody resolves is followed for its time', async () => {
    await withWorkers(mapped('C005', 'note'), async () => {
      const followed = await temporal.client.workflow.start('followAlert', { workflowId: 'followAlert:alertmanager:short', taskQueue: TaskQueue.Runbooks, args: [{ alert: freshAlert(), forMs: 1_500 }] });
      const { outcome, reason } = (await followed.result()) as FollowAlertResult;
      assert.equal(outcome, 'expired');
      assert.match(reason, /nobody resolved it/);
      const release = temporal.client.workflow.getHandle(releaseModelId({ plant: 'P001', circuit: 'C005' }, '1'));
      assert.equal((await release.describe()).status.name, 'RUNNING');
      await release.terminate();
    });
  });

  it('without its key is refused, naming the field', async () => {
    await withWorkers(mapped('C006', 'tell'), async () => {
      const followed = await temporal.client.workflow.start('followAlert', { workflowId: 'followAlert:alertmanager:none', taskQueue: TaskQueue.Runbooks, args: [{ alert: { source: 'alertmanager' } }] });
      await assert.rejects(followed.result(), (error: Error) => /alert\.key: is missing/.test(String(error.cause)));
    });
  });
});
