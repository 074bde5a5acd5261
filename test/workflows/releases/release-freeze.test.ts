import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { claimLock } from '../../../activities/runs/locks.ts';
import { decide } from '../../../starters/decide.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import { lockId, lockPriority, type LockState } from '../../../workflows/domain/resource-lock.ts';
import type { rollBackModel } from '../../../workflows/index.ts';
import { answer, openGate, refused, stop } from '../../support/gate-runs.ts';
import { DeclaredFreezes } from '../../support/declared-freezes.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { approve, details, gateOpen, passBothStages, releaseRuns, status, type Handle } from '../../support/release-model-runs.ts';
import { assertRefused, holdpointAt } from '../../starters/run-holdpoint.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

const minute = 60_000;
const day = 86_400_000;
const { target } = testInput;

let freezes: DeclaredFreezes;
before(async () => {
  freezes = await DeclaredFreezes.create();
});
after(() => freezes.remove());

/** What production serves and what was done to it, what was put on record, and how often results were read. */
function world(lookEveryMs: number) {
  const seen = { production: { definition: { properties: {} }, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' } as DeploymentSnapshot, deployments: 0, reads: 0, entries: [] as RecordEntry[] };
  const plain = releaseActivities();
  const activities: Partial<ReleaseActivities> = {
    ...freezes.activities(lookEveryMs),
    readBatchDeployment: async (ref) => (ref.workspace.workspace === 'prod-ml-workspace' ? seen.production : await plain.readBatchDeployment(ref)),
    deployBatchModel: async (input) => {
      seen.deployments += input.workspace.workspace === 'prod-ml-workspace' ? 1 : 0;
      return await plain.deployBatchModel(input);
    },
    checkInference: async (input) => {
      seen.reads += 1;
      return await plain.checkInference(input);
    },
    appendToRecord: async ({ entries }) => {
      seen.entries.push(...entries);
      return { block: 1, digest: '0'.repeat(64) };
    },
  };
  const findings = (): string[] => seen.entries.flatMap((entry) => (entry.kind === 'finding' ? [entry.what] : []));
  return { seen, activities, findings };
}

const isFrozenBy = (handle: Handle, name: string) => eventually(async () => assert.deepEqual((await status(handle)).frozen?.by, [name]));
const activitiesOf = async (handle: Pick<Handle, 'fetchHistory'>): Promise<string[]> => ((await handle.fetchHistory()).events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? []);

describe('a freeze of days, in skipped time', () => {
  let temporal: TestWorkflowEnvironment;
  beforeEach(async () => {
    temporal = await startTimeSkipping();
  });
  afterEach(() => temporal.teardown());
  const { start, run } = releaseRuns(() => temporal);

  it('holds a release until the next opening, which it shows, and what was approved is measured again', async () => {
    const { seen, activities, findings } = world(2 * day);
    const begun = await temporal.currentTimeMs();
    const until = begun + 12 * day;
    await freezes.freeze('year-end', begun - minute, until);
    await run(activities, async () => {
      const release = await start();
      await gateOpen(release, 'stage1');
      await passBothStages(release);
      await isFrozenBy(release, 'year-end');
      const { phase, frozen, gate } = await status(release);
      assert.deepEqual([phase, frozen?.until, gate], ['waiting out a freeze', new Date(until).toISOString(), null]);
      assert.match(await details(release), new RegExp(`Frozen until ${new Date(until).toISOString().slice(0, 10)} .*It goes on by itself then\\.\\s+year-end: because of year-end`));
      const read = seen.reads;
      await temporal.sleep('6 days');
      assert.equal(seen.deployments, 0);
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.deepEqual([seen.deployments, seen.reads - read, findings()], [1, 1, ['held by a freeze']]);
      assert.ok((await temporal.currentTimeMs()) >= until);
      const names = await activitiesOf(release);
      assert.deepEqual([names.filter((name) => name === 'awaitFreezeChange').length, names.filter((name) => name === 'readStops').length], [1, 3]); // one wait, however long
    });
  });

  it('that begins between the approval and its effect holds the effect', async () => {
    const { seen, activities } = world(2 * day);
    const begun = await temporal.currentTimeMs();
    await freezes.freeze('audit', begun + day, begun + 5 * day);
    await run(activities, async () => {
      const release = await start();
      await gateOpen(release, 'stage1');
      await approve(release, 'stage1', 'alice');
      await gateOpen(release, 'stage3');
      await answer(release, { gate: 'stage3', verdict: 'approve', by: 'bob', effectiveAt: new Date(begun + 2 * day).toISOString() });
      await temporal.sleep('3 days');
      await isFrozenBy(release, 'audit');
      assert.equal(seen.deployments, 0);
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.ok((await temporal.currentTimeMs()) >= begun + 5 * day);
      assert.equal(seen.deployments, 1);
    });
  });

  it('asks Stage 3 once more when production is no longer what was approved', async () => {
    const { seen, activities } = world(2 * day);
    const begun = await temporal.currentTimeMs();
    await freezes.freeze('audit', begun - minute, begun + 5 * day);
    await run(activities, async () => {
      const release = await start();
      await gateOpen(release, 'stage1');
      await approve(release, 'stage1', 'alice');
      const { evidence: old } = await openGate(release, 'stage3');
      await approve(release, 'stage3', 'bob');
      await isFrozenBy(release, 'audit');
      seen.production = { ...seen.production, model: 'model-2', tags: { model_version: '2' } };
      await temporal.sleep('6 days');
      const { card, decisions, measuredAgain } = await openGate(release, 'stage3', 1); // it goes on counting: no two openings are called the same
      assert.deepEqual([card.facts[0], decisions, measuredAgain], ['it was approved, and had to wait; asked again, for this changed: production deployment changed', [], true]);
      assert.match(card.change, /replaces version 2/);
      await refused(release, { gate: 'stage3', verdict: 'approve', by: 'carol', evidence: old }, /evidence/);
      assert.equal(seen.deployments, 0);
      await approve(release, 'stage3', 'carol');
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.equal(seen.deployments, 1);
    });
  });
});

describe('a freeze and a release', () => {
  let temporal: TestWorkflowEnvironment;
  before(async () => {
    temporal = await startTemporal();
  });
  after(() => temporal.teardown());
  const { start, run } = releaseRuns(() => temporal);
  const frozenNow = (name: string, more = '') => freezes.freeze(name, Date.now() - minute, Date.now() + 3 * day, more);

  it('costs a release that nothing could hold no event', async () => {
    const { activities } = world(1_000);
    await freezes.declare(null);
    await run(activities, async () => {
      const release = await start();
      await passBothStages(release);
      assert.equal((await release.result()).outcome, 'succeeded');
      const names = await activitiesOf(release);
      assert.deepEqual(names.filter((name) => /freeze|readStops/i.test(name)), ['readStops']);
    });
  });

  it('holds when it is declared while the release waits at its gate, and lets go when it is lifted', async () => {
    const { seen, activities } = world(1_000);
    await freezes.declare(null);
    await run(activities, async () => {
      const release = await start();
      await gateOpen(release, 'stage1');
      await approve(release, 'stage1', 'alice');
      await gateOpen(release, 'stage3');
      await frozenNow('sudden');
      await approve(release, 'stage3', 'bob');
      await isFrozenBy(release, 'sudden');
      assert.equal(seen.deployments, 0);
      await freezes.declare(null);
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.equal(seen.deployments, 1);
    });
  });

  it('is held as well while the estate cannot be read, and goes on when it can', async () => {
    const { seen, activities } = world(1_000);
    await freezes.declare('  - {name: half}');
    await run(activities, async () => {
      const release = await start();
      await passBothStages(release);
      await isFrozenBy(release, 'the estate cannot be read');
      assert.match(await details(release), /estate\.yml:\d+: freezes\.0/);
      assert.equal(seen.deployments, 0);
      await freezes.declare(null);
      assert.equal((await release.result()).outcome, 'succeeded');
    });
  });

  it('is overridden only by somebody whom it names, other than who asks; a reason is wanted, and it is all on record', async () => {
    const { seen, activities, findings } = world(1_000);
    await frozenNow('holidays', ', mayOverride: [alice, carol]');
    const ask = (release: Handle, wish: object) => release.executeUpdate<{ asks: string[] }, [object]>('overrideFreeze', { args: [wish] });
    const notAsked = async (wish: Promise<unknown>, reason: RegExp): Promise<void> => {
      await assert.rejects(wish, ({ cause }: { cause?: Error }) => reason.test(cause?.message ?? ''));
    };
    await run({ ...activities, loadPolicy: async (input) => testPolicy(input.target) }, async () => {
      const release = await start();
      await notAsked(ask(release, { by: 'alice', reason: 'it is urgent' }), /no freeze holds this run/);
      await passBothStages(release);
      await isFrozenBy(release, 'holidays');
      assert.match(await details(release), /To go before that: holdpoint override-freeze .*it asks alice, carol/);
      await notAsked(ask(release, { by: 'alice' }), /why the freeze must not be waited for/);
      assert.deepEqual(await ask(release, { by: 'alice', reason: 'the pump fails tomorrow' }), { asks: ['alice', 'carol'] });
      await gateOpen(release, 'freeze');
      await notAsked(ask(release, { by: 'bob', reason: 'me too' }), /asked already/);
      const view = (await release.query<GateView | null>('gate'))!;
      assert.deepEqual([view.eligible, view.card.facts.slice(0, 1), view.card.question], [['carol'], ['alice asks: the pump fails tomorrow'], 'Let P001/C001 42-3f2a91c0 go on in spite of the freeze holidays?']);
      const say = (verdict: 'approve' | 'reject', by: string) => decide(release.client, { workflowId: release.workflowId }, { gate: 'freeze', verdict, by, comment: 'as said' });
      await assert.rejects(say('approve', 'alice'));
      await assert.rejects(say('approve', 'bob'));
      await say('reject', 'carol');
      const { evidence: old } = view;
      await isFrozenBy(release, 'holidays');
      assert.match(await details(release), /carol did not override the freeze: as said/);
      assert.equal(seen.deployments, 0);

      await release.signal('overrideFreeze', { by: 'alice', reason: 'it has failed' }); // as Temporal Web UI sends it
      await openGate(release, 'freeze', 1);
      await refused(release, { gate: 'freeze', verdict: 'approve', by: 'carol', evidence: old }, /evidence/);
      await say('approve', 'carol');
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.equal(seen.deployments, 1);
      assert.deepEqual(findings(), ['freeze overridden', 'held by a freeze']);
      assert.ok(seen.entries.some((entry) => entry.kind === 'finding' && entry.detail === 'holidays: asked by alice (it has failed), allowed by carol'));
    });
  });

  it('that ends while its override is asked for ends the question too; one that names nobody cannot be overridden', async () => {
    const { activities } = world(1_000);
    await frozenNow('short', ', mayOverride: [carol]');
    await run(activities, async () => {
      const release = await start();
      await passBothStages(release);
      await isFrozenBy(release, 'short');
      const holdpoint = holdpointAt(temporal.address);
      const shown = await holdpoint(['show', release.workflowId]);
      assert.match(shown.stdout, /frozen +until \d{4}-\d\d-\d\d \d\d:\d\d UTC: short[^]*override-freeze releaseModel/);
      assertRefused(await holdpoint(['override-freeze', release.workflowId, '--as', 'alice']), 2, /--reason/);
      const asked = await holdpoint(['override-freeze', release.workflowId, '--as', 'alice', '--reason', 'it is urgent']);
      assert.match(asked.stdout, /Asked: carol\.\n.* approve releaseModel:.* --gate freeze --as <carol>/, asked.stderr);
      await gateOpen(release, 'freeze');
      await frozenNow('other');
      await isFrozenBy(release, 'other');
      assert.equal((await status(release)).gate, null);
      assertRefused(await holdpoint(['override-freeze', release.workflowId, '--as', 'alice', '--reason', 'it is urgent']), 1, /names nobody who may override other/);
      await freezes.declare(null);
      assert.equal((await release.result()).outcome, 'succeeded');
    });
  });

  it('that begins while the release waits for its lock is waited out without the lock', async () => {
    const { seen, activities } = world(1_000);
    await freezes.declare(null);
    await run(activities, async () => {
      const holder = await temporal.client.workflow.start('idle', { taskQueue: 'nobody', workflowId: 'holder' });
      const lock = temporal.client.workflow.getHandle(lockId(target));
      const claim = { workflowId: 'holder', runId: holder.firstExecutionRunId };
      await claimLock(temporal.client, { ...claim, target, what: 'recovery', version: null, priority: lockPriority('recovery', 'P2'), preempts: false, preImage: null });
      const release = await start();
      await passBothStages(release);
      await eventually(async () => assert.match(await details(release), /Waits for the lock of P001\/C001: place 1; held by holder/));
      await frozenNow('sudden');
      await lock.signal('release', claim);
      await isFrozenBy(release, 'sudden');
      await eventually(async () => assert.equal((await lock.query<LockState>('status')).holder, null));
      const { epoch } = await lock.query<LockState>('status');
      await freezes.declare(null);
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.deepEqual([seen.deployments, (await lock.query<LockState>('status')).epoch], [1, epoch + 1]);
    });
  });

  it('a newer version ends the older release that it holds, and both have it on record', async () => {
    const { seen, activities } = world(1_000);
    await frozenNow('holidays');
    await run({ ...activities, loadPolicy: async (input) => ({ ...testPolicy(input.target), supersede: 'retire' }) }, async () => {
      const older = await start();
      await passBothStages(older);
      await isFrozenBy(older, 'holidays');
      const listed = `WorkflowId = '${older.workflowId}' AND Phase = 'waiting out a freeze'`;
      await eventually(async () => assert.equal((await Array.fromAsync(temporal.client.workflow.list({ query: listed }))).length, 1)); // the list of runs is a little behind
      const next = await start({ ...testInput, version: '43-0badcafe' });
      const { outcome, reason, production } = await older.result();
      assert.deepEqual([outcome, production, seen.deployments], ['rejected', 'unchanged', 0]);
      assert.match(reason, new RegExp(`superseded by version 43-0badcafe \\(${next.workflowId}\\)`));
      await gateOpen(next, 'stage1');
      await stop(next);
      const detailOf = (what: string) => seen.entries.flatMap((entry) => (entry.kind === 'finding' && entry.what === what ? [entry.detail] : []));
      assert.match(detailOf('held by a freeze').join(), /holidays: from .*; superseded by version 43-0badcafe/);
      assert.deepEqual(detailOf('superseded an older release'), [`${older.workflowId}, which a freeze held`]);
    });
  });

  it('never holds a rollback', async () => {
    const { activities } = world(1_000);
    await frozenNow('everything');
    const versions = ['1', '2'].map((version) => ({ version, assetId: `azureml:${version}`, verdict: version === '1' ? ('good' as const) : null, problem: null }));
    await run({ ...activities, readBatchDeployment: async () => ({ definition: {}, model: 'model-2', tags: { model_version: '2', previous_version: '1' }, provisioningState: 'Succeeded' }), readRegisteredModels: async () => ({ versions }) }, async () => {
      const rollback = await temporal.client.workflow.start<typeof rollBackModel>('rollBackModel', { taskQueue: TaskQueue.Runbooks, workflowId: 'rollBackModel:P001:C001', args: [{ target, reason: 'mae is high', startedBy: 'alice' }] });
      const { secondsToServing, to } = await rollback.result();
      assert.equal(to, '1');
      assert.ok(secondsToServing! < 5, `${secondsToServing} s`);
      assert.deepEqual((await activitiesOf(rollback)).filter((name) => /freeze|readStops/i.test(name)), []);
    });
  });
});
