/** An environment's update and whoever else writes to its circuits: each deployment is written under the lock of its target, and never by two at once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { liftHold, holdReleases } from '../../../activities/runs/emergency-stop.ts';
import { claimLock } from '../../../activities/runs/locks.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { lockId, lockPriority, type LockClaim, type LockState } from '../../../workflows/domain/resource-lock.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { DeclaredFreezes } from '../../support/declared-freezes.ts';
import { failureOf, leftResult, pass, passBoth, resultOf, update } from '../../support/environment-runs.ts';
import { eventually } from '../../support/eventually.ts';
import { fleetOf, type Fleet } from '../../support/fleet.ts';
import { details } from '../../support/release-model-runs.ts';
import type { ReleaseActivities } from '../../support/release-activities.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const target = (label: string): Target => ({ plant: label.split('/')[0]!, circuit: label.split('/')[1]! });
const lockOf = (label: string) => temporal.client.workflow.getHandle(lockId(target(label)));
const holderOf = async (label: string) => (await lockOf(label).query<LockState>('status')).holder?.workflowId ?? null;
const production = ({ workspace: { workspace } }: Parameters<ReleaseActivities['deployBatchModel']>[0]) => workspace === 'prod-ml-workspace';

const claims = new Map<string, Promise<() => Promise<void>>>();

/** A run that has the lock of a circuit, or takes it: it does nothing. Answers how it gives it back. Claimed once, however often the activity that claims it is attempted: a slow claim outlasts a heartbeat. */
async function claim(name: string, label: string, more: Partial<LockClaim> = {}): Promise<() => Promise<void>> {
  const key = `${name} ${label}`;
  if (!claims.has(key)) claims.set(key, claimOnce(name, label, more));
  return await claims.get(key)!;
}

async function claimOnce(name: string, label: string, more: Partial<LockClaim>): Promise<() => Promise<void>> {
  const workflowId = `${name}:${label.replace('/', ':')}`;
  const { firstExecutionRunId: runId } = await temporal.client.workflow.start('idle', { taskQueue: 'nobody', workflowId });
  // Asked again, as the product does: the worker of the test before may have had the lock last.
  await eventually(() => claimLock(temporal.client, { workflowId, runId, target: target(label), what: name, version: null, priority: lockPriority('release', 'P2'), preempts: false, preImage: null, ...more }), { timeoutMs: 60_000 });
  return () => lockOf(label).signal('release', { workflowId, runId });
}

/** Writes that tell the epoch under which they were made, by label; null: under none. */
function noting(fleet: Fleet): { epochs: Map<string, number | null>; deployBatchModel: ReleaseActivities['deployBatchModel'] } {
  const epochs = new Map<string, number | null>();
  return {
    epochs,
    deployBatchModel: async (given) => {
      if (production(given)) epochs.set(`P001/${given.deployment.slice(-4)}`, given.lock?.epoch ?? null);
      return await fleet.activities.deployBatchModel!(given);
    },
  };
}

describe('the locks of an environment\'s update', () => {
  it('writes each deployment under its lock, and gives all of them back', async () => {
    const fleet = fleetOf(5);
    const { epochs, deployBatchModel } = noting(fleet);
    await update(temporal, fleet, { deployBatchModel }, {}, async (handle) => {
      assert.equal((await passBoth(handle)).outcome, 'succeeded');
      for (const label of fleet.labels) await eventually(async () => assert.equal(await holderOf(label), null));
    });
    assert.deepEqual([...epochs].sort(), fleet.labels.map((label) => [label, 1]));
  });

  it('leaves out, and names, a circuit that a release holds for longer than two waves wait; nothing of it is written', async () => {
    const fleet = fleetOf(5);
    const { epochs, deployBatchModel } = noting(fleet);
    const result = await update(temporal, fleet, { deployBatchModel }, { lockWaitMs: 500 }, async (handle) => {
      const giveBack = await claim('releaseModel', 'P001/C002');
      const ended = await passBoth(handle);
      assert.equal(await holderOf('P001/C002'), 'releaseModel:P001:C002');
      assert.deepEqual((await lockOf('P001/C002').query<LockState>('status')).queue, []);
      await giveBack();
      return ended;
    });
    assert.deepEqual([result.outcome, result.leftOut, result.updated], ['succeeded', ['P001/C002'], fleet.labels.filter((label) => label !== 'P001/C002')]);
    assert.match(fleet.tables.at(-1)!, /\nP001\/C002,leftOut,its lock was held by releaseModel:P001:C002 \(releaseModel\)\n/);
    assert.deepEqual([epochs.has('P001/C002'), { ...result.changes, table: null }], [false, { total: 5, updated: 4, putBack: 0, kept: 0, takenOver: 0, leftOut: 1, untouched: 0, table: null }]);
  });

  it('a freeze that begins while others have the lock of a circuit holds its write, and all locks of the wave are given back meanwhile', async () => {
    const fleet = fleetOf(2);
    const freezes = await DeclaredFreezes.create();
    try {
      await freezes.declare(null);
      const result = await update(temporal, fleet, freezes.activities(1_000), { lockWaitMs: 120_000 }, async (handle) => {
        const giveBack = await claim('recoverBatchJob', 'P001/C002');
        const ended = passBoth(handle);
        await eventually(async () => assert.match(await details(handle), /Waits for the lock of P001\/C002/), { timeoutMs: 60_000 });
        await freezes.freeze('sudden', Date.now() - 60_000, Date.now() + 3_600_000);
        await giveBack();
        await eventually(async () => assert.deepEqual((await handle.query<RunStatus>('status')).frozen?.by, ['sudden']), { timeoutMs: 60_000 });
        for (const label of fleet.labels) await eventually(async () => assert.equal(await holderOf(label), null));
        assert.deepEqual(fleet.environments(), ['custom-tf-env:1.5.1', 'custom-tf-env:1.5.0']);
        await freezes.declare(null);
        return await ended;
      });
      assert.deepEqual([result.outcome, result.updated], ['succeeded', fleet.labels]);
    } finally {
      await freezes.remove();
    }
  });

  it('takes a circuit whose lock came free meanwhile: within its wave, or in a last one', async () => {
    const fleet = fleetOf(6);
    const order: string[] = [];
    let [freeSoon, freeLater]: (() => Promise<void>)[] = [];
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        if (production(given)) order.push(given.deployment.slice(-4));
        if (production(given) && given.deployment.endsWith('C001')) await freeSoon!(); // the other one of this wave waits for it
        if (production(given) && given.deployment.endsWith('C006')) await freeLater!(); // its own wave is over
        return await fleet.activities.deployBatchModel!(given);
      },
    }, { lockWaitMs: 2_000 }, async (handle) => {
      [freeSoon, freeLater] = [await claim('firstRelease', 'P001/C002'), await claim('secondRelease', 'P001/C003')];
      return await passBoth(handle);
    });
    assert.deepEqual([result.outcome, result.leftOut, result.updated], ['succeeded', [], fleet.labels]);
    assert.deepEqual([order.slice(0, 2), order.at(-1)], [['C001', 'C002'], 'C003']);
  });

  it('a rollback takes a circuit out of a wave: what serves there is left to it, and all others are updated', async () => {
    const fleet = fleetOf(4);
    let giveBack = async (): Promise<void> => undefined;
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        if (!production(given) || !given.deployment.endsWith('C003')) return await fleet.activities.deployBatchModel!(given);
        giveBack = await claim('rollBackModel', 'P001/C003', { preempts: true });
        throw ApplicationFailure.nonRetryable('lock:P001:C003 has passed from one epoch to another; nothing was written', FailureType.Preempted); // as the write does that asks before it
      },
    }, {}, async (handle) => {
      const ended = await passBoth(handle);
      assert.equal(await holderOf('P001/C003'), 'rollBackModel:P001:C003');
      await giveBack();
      return ended;
    });
    assert.deepEqual([result.outcome, result.leftOut, result.updated], ['succeeded', ['P001/C003'], ['P001/C001', 'P001/C002', 'P001/C004']]);
    assert.match(fleet.tables.at(-1)!, /\nP001\/C003,takenOver,taken over by rollBackModel:P001:C003 \(rollBackModel\)\n/);
    assert.equal(fleet.environments()[2], 'custom-tf-env:1.5.0');
  });

  it('leaves to a rollback also what was read back before the rollback took it, when the environment\'s own puts all others back', async () => {
    const fleet = fleetOf(4);
    let giveBack = async (): Promise<void> => undefined;
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        const served = await fleet.activities.deployBatchModel!(given);
        if (production(given) && given.deployment.endsWith('C003')) giveBack = await claim('secondRollback', 'P001/C003', { preempts: true });
        return served;
      },
      watchAlertRates: async () => ({ kind: 'breached', poll: 1, alerts: 9, expected: 0, rules: [] }),
    }, {}, async (handle) => {
      const ended = await passBoth(handle);
      await giveBack();
      return ended;
    });
    assert.deepEqual([result.outcome, result.production, result.rolledBack, result.leftOut], ['rejected', 'changed', ['P001/C001', 'P001/C002', 'P001/C004'], ['P001/C003']]);
    assert.match(result.reason, /^rolled back \(put back 3 deployments; left alone: P001\/C003 \(taken over by secondRollback:P001:C003 \(secondRollback\)\)\)/);
    assert.deepEqual([result.changes?.takenOver, result.changes?.putBack, result.changes?.kept], [1, 3, 0]);
    assert.deepEqual(fleet.environments(), ['custom-tf-env:1.5.0', 'custom-tf-env:1.5.0', 'custom-tf-env:1.5.1', 'custom-tf-env:1.5.0']);
  });

  it('a wave that fails leaves to a rollback what it took, and puts back the others', async () => {
    const fleet = fleetOf(4);
    let giveBack = async (): Promise<void> => undefined;
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        if (production(given) && given.deployment.endsWith('C004')) {
          await eventually(() => assert.notEqual(fleet.environments()[2], 'custom-tf-env:1.5.0'));
          giveBack = await claim('thirdRollback', 'P001/C003', { preempts: true });
          throw ApplicationFailure.nonRetryable('the image cannot be pulled', FailureType.OperationFailed);
        }
        return await fleet.activities.deployBatchModel!(given);
      },
    }, {}, async (handle) => {
      const left = resultOf(await failureOf(passBoth(handle)));
      await giveBack();
      return left;
    });
    assert.deepEqual([result.outcome, result.production, result.rolledBack, result.leftOut], ['failed', 'changed', ['P001/C001', 'P001/C002'], ['P001/C003']]);
    assert.equal(fleet.environments()[2], 'custom-tf-env:1.5.1', 'whoever took it decides whether it stays');
    assert.deepEqual([result.changes?.takenOver, result.changes?.putBack], [1, 2]);
  });

  it('does not put a deployment back that another run has the lock of, and says so', async () => {
    const fleet = fleetOf(4);
    let giveBack = async (): Promise<void> => undefined;
    const result = await update(temporal, fleet, {
      watchAlertRates: async () => {
        giveBack = await claim('rollBackModel', 'P001/C004', { preempts: true });
        return { kind: 'breached', poll: 1, alerts: 9, expected: 0, rules: [] };
      },
    }, { lockWaitMs: 500 }, async (handle) => {
      const left = resultOf(await failureOf(passBoth(handle)));
      await giveBack();
      return left;
    });
    assert.match(result.reason, /put back 3, but not P001\/C004 \(its lock is held by rollBackModel:P001:C004 \(rollBackModel\)\)/);
    assert.deepEqual([result.rolledBack, result.changes?.kept], [['P001/C001', 'P001/C002', 'P001/C003'], 1]);
  });

  it('writes nothing while an emergency stop holds one of its circuits back; cancelled there, production is as it was', async () => {
    const fleet = fleetOf(3);
    const hold = { scope: { plant: 'P001' }, by: 'alice' };
    await update(temporal, fleet, {}, {}, async (handle) => {
      await holdReleases(temporal.client, { ...hold, reason: 'meters are exchanged', since: '2026-11-21T03:00:00.000Z' });
      const ended = failureOf(passBoth(handle));
      await eventually(async () => assert.match(await details(handle), /Stopped before production by alice: meters are exchanged/), { timeoutMs: 30_000 });
      await handle.cancel();
      await ended;
      const result = await leftResult(handle);
      assert.deepEqual([result.outcome, result.production, result.changes?.untouched], ['aborted', 'unchanged', 3]);
      await liftHold(temporal.client, hold);
    });
    assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.0'));
  });

  it('stopped between two waves it holds no lock and writes nothing; lifted, it goes on where it was, and each deployment is written once', async () => {
    const fleet = fleetOf(5);
    const hold = { scope: target('P001/C003'), by: 'coordinateIncident:P001' };
    const { epochs, deployBatchModel } = noting(fleet);
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        if (production(given)) assert.equal(epochs.has(`P001/${given.deployment.slice(-4)}`), false, 'written once');
        if (production(given) && given.deployment.endsWith('C002')) await holdReleases(temporal.client, { ...hold, reason: 'meters are exchanged', since: '2026-11-21T03:00:00.000Z' });
        return await deployBatchModel(given);
      },
    }, {}, async (handle) => {
      await pass(handle, 'stage1', 'alice');
      await pass(handle, 'stage3', 'bob');
      await eventually(async () => assert.match(await details(handle), /Stopped before production by coordinateIncident:P001: meters are exchanged/), { timeoutMs: 60_000 });
      assert.deepEqual([...epochs.keys()].sort(), ['P001/C001', 'P001/C002']);
      for (const label of ['P001/C001', 'P001/C002']) await eventually(async () => assert.equal(await holderOf(label), null), { timeoutMs: 30_000 });
      await liftHold(temporal.client, hold);
      await eventually(async () => assert.doesNotMatch(await details(handle), /Stopped before production/), { timeoutMs: 60_000 });
      return await handle.result();
    });
    assert.deepEqual([result.outcome, result.updated, result.changes?.updated], ['succeeded', fleet.labels, 5]);
    assert.equal(epochs.size, 5);
  });

  it('stopped between two waves, an alert about what is written puts that back, though the stop stands', async () => {
    const fleet = fleetOf(4);
    const hold = { scope: target('P001/C003'), by: 'dana' };
    const result = await update(temporal, fleet, {
      deployBatchModel: async (given) => {
        if (production(given) && given.deployment.endsWith('C002')) await holdReleases(temporal.client, { ...hold, reason: 'meters are exchanged', since: '2026-11-21T03:00:00.000Z' });
        return await fleet.activities.deployBatchModel!(given);
      },
    }, {}, async (handle) => {
      const ended = passBoth(handle);
      await eventually(async () => assert.match(await details(handle), /Stopped before production by dana: meters are exchanged/), { timeoutMs: 60_000 });
      await handle.signal('alert', { name: 'scoring-errors' });
      const left = await ended;
      await liftHold(temporal.client, hold);
      return left;
    });
    assert.match(result.reason, /while wave 2 of 2 was held: alert scoring-errors came in/);
    assert.deepEqual([result.outcome, result.production, result.rolledBack, result.changes?.untouched], ['rejected', 'unchanged', ['P001/C001', 'P001/C002'], 2]);
  });

  it('stopped while a wave waits for a lock, the circuit is not written as soon as the lock is free, but when the stop is lifted', async () => {
    const fleet = fleetOf(2);
    const hold = { scope: target('P001/C002'), by: 'carol' };
    const { epochs, deployBatchModel } = noting(fleet);
    const result = await update(temporal, fleet, { deployBatchModel }, { lockWaitMs: 60_000 }, async (handle) => {
      const giveBack = await claim('thirdRelease', 'P001/C002');
      await pass(handle, 'stage1', 'alice');
      await pass(handle, 'stage3', 'bob');
      await eventually(async () => assert.match(await details(handle), /Waits for the lock of P001\/C002/), { timeoutMs: 60_000 });
      await holdReleases(temporal.client, { ...hold, reason: 'the data are late', since: '2026-11-21T03:00:00.000Z' });
      await giveBack();
      await eventually(async () => assert.match(await details(handle), /Stopped before production by carol: the data are late/), { timeoutMs: 60_000 });
      assert.deepEqual([...epochs.keys()], ['P001/C001']);
      await liftHold(temporal.client, hold);
      return await handle.result();
    });
    assert.deepEqual([result.outcome, result.updated], ['succeeded', fleet.labels]);
  });
});
