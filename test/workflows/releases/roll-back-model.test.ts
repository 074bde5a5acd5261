import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heartbeat, sleep } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { rollBackModel as runbook } from '../../../starters/runbooks.ts';
import { AlreadyStarted, startRunbook } from '../../../starters/start-runbook.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { lockId, type LockState } from '../../../workflows/domain/resource-lock.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import type { RegisteredModel, RollBackModelInput, RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { rollBackModel } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details, failureOf, passBothStages, type Handle } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';
import { releaseInput, startRelease } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const asset = (version: string): string => `azureml://registries/ml-registry/models/P001-C001/versions/${version}`;
const registered = (version: string, verdict: RegisteredModel['verdict'] = 'good', problem: string | null = null): RegisteredModel => ({ version, assetId: asset(version), verdict, problem });

interface World {
  serving?: string;
  /** The deployment's tag `previous_version`; null: none. */
  previous?: string | null;
  versions?: RegisteredModel[];
  replaced?: Partial<ReleaseActivities>;
}

/** A circuit's production and registry as the activities see them. */
function world({ serving = '3', previous = '2', versions = [registered('1'), registered('2'), registered('3')], replaced = {} }: World = {}) {
  const seen = {
    production: { definition: { properties: { model: { assetId: asset(serving) } } }, model: asset(serving), tags: { model_version: serving, ...(previous !== null && { previous_version: previous }) }, provisioningState: 'Succeeded' } as DeploymentSnapshot,
    writes: [] as string[], verdicts: [] as string[], incidents: [] as { title: string; descriptionHtml: string }[], told: [] as string[],
  };
  const activities: Partial<ReleaseActivities> = {
    readBatchDeployment: async (ref) => (ref.workspace.workspace === 'prod-ml-workspace' ? seen.production : await releaseActivities().readBatchDeployment(ref)),
    readRegisteredModels: async () => ({ versions }),
    switchBatchDeployment: async ({ model, tags, before }) => {
      seen.writes.push(tags['model_version'] ?? '');
      seen.production = { ...before, model, tags: Object.fromEntries(Object.entries({ ...before.tags, ...tags }).filter((entry): entry is [string, string] => entry[1] !== null)) };
      return { writes: 1, found: seen.production };
    },
    recordVerdict: async ({ version, verdict }) => { seen.verdicts.push(`${version} ${verdict}`); return { verdict }; },
    createWorkItem: async ({ title, descriptionHtml }) => { seen.incidents.push({ title, descriptionHtml }); return { id: 7, url: 'https://example.com/workitems/7', uncertain: false }; },
    notify: async ({ event }) => { seen.told.push(event.text); return { delivered: ['chat'], failed: [] }; },
    ...replaced,
  };
  return { seen, activities };
}

let circuits = 0;
type RollbackHandle = WorkflowHandle<typeof rollBackModel>;

/** Runs a rollback of a circuit of its own with these activities; its history must replay. */
async function withRollback(activities: Partial<ReleaseActivities>, more: Partial<RollBackModelInput>, body: (handle: RollbackHandle, circuit: string) => Promise<void>): Promise<void> {
  circuits += 1;
  const circuit = `R${circuits}`;
  await withReleaseWorkers(temporal, activities, async () => {
    const { workflowId } = await startRunbook(temporal.client, runbook, { target: { plant: 'P001', circuit }, reason: 'far off', ...more }, { startedBy: 'alice' });
    const handle: RollbackHandle = temporal.client.workflow.getHandle<typeof rollBackModel>(workflowId);
    await body(handle, circuit);
    await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, await handle.fetchHistory(), workflowId);
  });
}

const short = ({ outcome, from, to, production, serving }: RollBackModelResult) => ({ outcome, from, to, production, serving });

describe('rollBackModel', () => {
  it('switches to what served before, verifies, reports, and is reviewed', () => {
    const { seen, activities } = world({
      replaced: {
        readFiringAlerts: async () => ({ ids: ['alert-7'], rules: ['mae-high'] }),
        readBatchJobLog: async () => ({ jobName: 'job-9', status: 'Failed', error: 'UserError: NaN', startedAt: null, jobs: 3, logUri: 'https://example.com/log', tail: ['scoring', 'error: <NaN>'], errors: ['log: error: <NaN>'] }),
      },
    });
    return withRollback(activities, { alert: { name: 'mae-high' } }, async (handle, circuit) => {
      const result = await handle.result();
      assert.deepEqual(short(result), { outcome: 'succeeded', from: '3', to: '2', production: 'changed', serving: '2' });
      assert.ok(result.secondsToServing! >= 0 && result.secondsToServing! < 30);
      assert.deepEqual(result.phases.map(({ name }) => name), ['identifying the issue', 'getting the previous version', 'executing the rollback', 'verifying', 'monitoring', 'root cause analysis']);
      const { run, ...tags } = seen.production.tags;
      assert.deepEqual(tags, { model_version: '2', rolled_back_from: '3', previous_version: '1', released_by: 'alice' });
      assert.match(run!, new RegExp(`^rollBackModel:P001:${circuit}/`));
      assert.deepEqual([seen.writes, seen.verdicts], [['2'], ['3 bad']]);
      assert.equal(seen.incidents[0]!.title, `Incident: P001/${circuit} rolled back from 3 to 2`);
      assert.match(seen.incidents[0]!.descriptionHtml, /Timeline.*executing the rollback.*mae-high.*job-9: Failed, UserError: NaN.*error: &lt;NaN&gt;.*Root cause \(to be filled in\)/s);
      assert.ok(seen.told.includes(`P001/${circuit} was rolled back from 3 to 2 in ${result.secondsToServing!.toFixed(1)} s: far off`));
      const reviews = `reviewBypass:rollBackModel:P001:${circuit}:`;
      await eventually(async () => assert.equal((await temporal.client.workflow.count(`WorkflowId STARTS_WITH '${reviews}' AND ExecutionStatus = 'Running'`)).count, 1));
      assert.equal((await temporal.client.workflow.getHandle(lockId({ plant: 'P001', circuit })).query<LockState>('status')).holder, null);
    });
  });

  const refusals = [
    { when: 'there is no previous version', world: { previous: null }, reason: /^nothing was rolled back at [^:]*: 3 has no previous version \(tag previous_version\)\. The newest version recorded good is 2: start again with "to": "2"$/, offered: '2' },
    { when: 'the previous version is recorded bad', world: { versions: [registered('1'), registered('2', 'bad'), registered('3', null)] }, reason: /version 2 is recorded bad\. The newest version recorded good is 1/, offered: '1' },
    { when: 'the previous version is gone and none is good', world: { versions: [registered('3', null)] }, reason: /version 2 is not in the registry any more\. No version is recorded good: start again with "to"/, offered: null },
    { when: 'the previous version is not usable', world: { versions: [registered('2', 'good', 'is archived'), registered('3')] }, reason: /version 2 is archived/, offered: null },
  ];
  for (const { when, world: given, reason, offered } of refusals) {
    it(`says so and offers the newest good version when ${when}`, () => {
      const { seen, activities } = world(given);
      return withRollback(activities, {}, async (handle) => {
        const result = await handle.result();
        assert.deepEqual([result.outcome, result.offered, result.production, seen.writes, seen.verdicts], ['rejected', offered, 'unchanged', [], []]);
        assert.match(result.reason, reason);
      });
    });
  }

  it('takes the newest good version when it is asked to', () => {
    const { seen, activities } = world({ versions: [registered('1'), registered('2', 'bad'), registered('3', null)] });
    return withRollback(activities, { to: 'newestGood' }, async (handle) => {
      assert.deepEqual(short(await handle.result()), { outcome: 'succeeded', from: '3', to: '1', production: 'changed', serving: '1' });
      assert.equal(seen.production.tags['previous_version'], undefined);
    });
  });

  it('puts back what was there and fails when the switch cannot be done', () => {
    const { activities } = world({ replaced: { switchBatchDeployment: async () => { throw ApplicationFailure.nonRetryable('ModelRegistryError: no such asset', 'OperationFailed'); } } });
    return withRollback(activities, {}, async (handle) => {
      const { cause } = await failureOf(handle.result());
      assert.ok(cause instanceof ApplicationFailure);
      const [result] = cause.details as [RollBackModelResult];
      assert.deepEqual([result.outcome, result.production, result.compensations?.map(({ step, state }) => `${step}: ${state}`)], ['failed', 'unchanged', ['rollback of deployment-circuit-' + handle.workflowId.split(':').at(-1)! + ': done']]);
    });
  });

  it('puts back what was there when it is cancelled before the switch is verified', () => {
    const order: string[] = [];
    const { activities } = world({
      replaced: {
        switchBatchDeployment: async () => {
          order.push('switch');
          try {
            for (;;) { heartbeat(); await sleep(100); }
          } finally {
            order.push('stopped');
          }
        },
        restoreBatchDeployment: async ({ before: found }) => { order.push('restore'); return { state: 'untouched', found }; },
      },
    });
    return withRollback(activities, {}, async (handle) => {
      await eventually(() => assert.deepEqual(order, ['switch']));
      await handle.cancel();
      assert.ok((await failureOf(handle.result())).cause instanceof CancelledFailure);
      assert.deepEqual(order, ['switch', 'stopped', 'restore']);
      assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(await handle.query<RunStatus>('status')), { outcome: 'aborted', production: 'unchanged' });
    });
  });

  it('keeps the version when it is cancelled while watching', () => {
    const { seen, activities } = world({ replaced: { watchAlerts: async () => { for (;;) { heartbeat(); await sleep(100); } } } });
    return withRollback(activities, {}, async (handle) => {
      await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).phase, 'monitoring'));
      await handle.cancel();
      await failureOf(handle.result());
      assert.deepEqual([(await handle.query<RunStatus>('status')).production, seen.writes], ['changed', ['2']]);
    });
  });

  it('says no when an alert fires all the same or the test inference does not pass; the version serves', () => {
    const { activities } = world({
      replaced: {
        watchAlerts: async () => ({ kind: 'breached', poll: 2, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } }),
        checkInference: async ({ jobName, outputUri }) => ({ jobName, passed: false, findings: ['3 predictions, at least 1000 expected'], rows: 3, minimum: null, maximum: null, outputUri, logUri: '' }),
      },
    });
    return withRollback(activities, {}, async (handle) => {
      const result = await handle.result();
      assert.deepEqual(short(result), { outcome: 'rejected', from: '3', to: '2', production: 'changed', serving: '2' });
      assert.equal(result.reason, 'rolled back from 3 to 2, but the test inference did not pass: 3 predictions, at least 1000 expected; alert mae-high (Sev1) fired at measurement 2');
    });
  });

  it('is not started a second time while it runs, and can be once it has ended', () => {
    let hold = true;
    const { activities } = world({ replaced: { watchAlerts: async () => { while (hold) { heartbeat(); await sleep(50); } return { kind: 'healthy', polls: 1, alerts: 0 }; } } });
    return withRollback(activities, {}, async (handle, circuit) => {
      const again = () => startRunbook(temporal.client, runbook, { target: { plant: 'P001', circuit }, reason: 'far off' }, { startedBy: 'bob' });
      await assert.rejects(again(), AlreadyStarted);
      hold = false;
      await handle.result();
      await again();
      const second = await handle.result(); // of the newest run
      assert.deepEqual(short(second), { outcome: 'succeeded', from: '2', to: '1', production: 'changed', serving: '1' }, 'the tag of the first rollback leads the second');
    });
  });

  it('goes on without a lock that does not answer', () => {
    const { activities } = world();
    return withRollback({ ...activities, claimLock: async () => { throw ApplicationFailure.nonRetryable('no lock', 'Unavailable'); } } as Partial<ReleaseActivities>, {}, async (handle) => {
      assert.equal((await handle.result()).outcome, 'succeeded');
      assert.match(await details(handle), /The lock could not be taken; whoever else writes to the circuit is not stopped: no lock/);
    });
  });

  it('takes production over from a release that deploys: its write stops, nothing of it is put back, and a second look follows its close', () => {
    const order: string[] = [];
    const { seen, activities } = world({
      serving: '1', previous: null, versions: [registered('1')],
      replaced: {
        deployBatchModel: async (input) => {
          if (input.workspace.workspace !== 'prod-ml-workspace') return await releaseActivities().deployBatchModel(input);
          order.push('deploy');
          try {
            for (;;) { heartbeat(); await sleep(100); }
          } finally {
            order.push('deploy stopped');
          }
        },
        restoreBatchDeployment: async ({ before: found }) => { order.push('restore'); return { state: 'untouched', found }; },
      },
    });
    const plain = activities.switchBatchDeployment!;
    activities.switchBatchDeployment = async (input) => { order.push(`switch over ${input.over.length}, settling ${input.settleMs}`); return await plain(input); };
    // The test deployment is another one than production's.
    const production = activities.readBatchDeployment!;
    const tested = new Map<string, DeploymentSnapshot>();
    const deploy = activities.deployBatchModel!;
    activities.deployBatchModel = async (input) => { const found = await deploy(input); tested.set(input.deployment, found); return found; };
    activities.readBatchDeployment = async (ref) => (ref.workspace.workspace === 'prod-ml-workspace' ? await production(ref) : (tested.get(ref.deployment) ?? await releaseActivities().readBatchDeployment(ref)));
    const circuit = 'PRE';
    return withReleaseWorkers(temporal, activities, async () => {
      const release = (await startRelease(temporal.client, releaseInput('P001', circuit, '42-new'))) as unknown as Handle;
      await passBothStages(release);
      await eventually(() => assert.deepEqual(order, ['deploy']));
      const { workflowId } = await startRunbook(temporal.client, runbook, { target: { plant: 'P001', circuit }, reason: 'stop it' }, { startedBy: 'alice' });
      const result = (await temporal.client.workflow.getHandle(workflowId).result()) as RollBackModelResult;
      const released = await release.result();
      assert.deepEqual([released.outcome, released.reason, released.serving], ['rejected', `pre-empted by ${workflowId} (rollback: stop it): what serves is for it to decide`, null]);
      assert.deepEqual(short(result), { outcome: 'succeeded', from: '42-new', to: '1', production: 'changed', serving: '1' });
      assert.deepEqual(result.preempted, { workflowId: release.workflowId, hasClosed: true, writes: 1 });
      assert.equal(order.includes('restore'), false, 'the release puts nothing back');
      assert.deepEqual(order.filter((step) => step.startsWith('switch')), ['switch over 1, settling 0', 'switch over 1, settling 1000']);
      assert.deepEqual(seen.verdicts, ['42-new bad']);
    });
  });

  it('lets a release of the circuit wait with its card, and go on when the lock is free', () => {
    let hold = true;
    const { activities } = world({ serving: '1', previous: null, replaced: { watchAlerts: async () => { while (hold) { heartbeat(); await sleep(50); } return { kind: 'healthy', polls: 1, alerts: 0 }; } } });
    delete activities.readBatchDeployment;
    return withReleaseWorkers(temporal, { ...activities, loadPolicy: async ({ target }) => testPolicy(target) }, async () => {
      const [first, second] = await Promise.all(['1-aaa', '2-bbb'].map(async (version) => (await startRelease(temporal.client, releaseInput('P001', 'QUEUE', version))) as unknown as Handle));
      await passBothStages(first!);
      await eventually(async () => assert.equal((await first!.query<RunStatus>('status')).phase, 'monitoring'));
      await passBothStages(second!);
      await eventually(async () => assert.match(await details(second!), /Waits for the lock of P001\/QUEUE: place 1; held by releaseModel:P001:QUEUE:1-aaa \(version 1-aaa\)/));
      hold = false;
      assert.deepEqual([(await first!.result()).outcome, (await second!.result()).outcome], ['succeeded', 'succeeded']);
      const { epoch, holder } = await temporal.client.workflow.getHandle(lockId({ plant: 'P001', circuit: 'QUEUE' })).query<LockState>('status');
      assert.deepEqual([epoch, holder], [2, null]);
    });
  });
});

it('watches for the hour of the estate, in skipped time', async () => {
  const skipping = await startTimeSkipping();
  try {
    const looks: string[] = [];
    const { activities } = world({
      replaced: {
        loadPolicy: async ({ target }) => ({ ...testPolicy(target), monitoring: { ...testPolicy(target).monitoring, everyMs: 300_000, rollbackForMs: 3_600_000 } }),
        watchAlerts: async ({ intervalMs, polls }) => {
          looks.push('look');
          if (looks.length < polls) throw ApplicationFailure.create({ type: 'StillWatching', message: 'not yet', nextRetryDelay: intervalMs });
          return { kind: 'healthy', polls, alerts: 0 };
        },
      },
    });
    await withReleaseWorkers(skipping, activities, async () => {
      const handle = await skipping.client.workflow.start<typeof rollBackModel>('rollBackModel', { taskQueue: 'holdpoint-runbooks', workflowId: 'rollBackModel:P001:TIME', args: [{ target: { plant: 'P001', circuit: 'TIME' }, reason: 'far off' }] });
      const result = await handle.result();
      assert.deepEqual([result.outcome, looks.length], ['succeeded', 13]);
      const watched = result.phases.find(({ name }) => name === 'monitoring')!.seconds;
      assert.ok(watched >= 3_600, `${watched} s`);
      const { historyLength } = await handle.describe();
      assert.ok(historyLength < 130, `${historyLength} events`);
    });
  } finally {
    await skipping.teardown();
  }
});
