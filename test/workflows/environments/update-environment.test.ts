import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { cancelled, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { UpdateEnvironmentInput } from '../../../workflows/domain/environment.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { answer, failureOf, leftResult, notebook, open, pass, passBoth, resultOf, update as updateOn, type EnvironmentRun } from '../../support/environment-runs.ts';
import { eventually } from '../../support/eventually.ts';
import { fleetOf, type Fleet } from '../../support/fleet.ts';
import { DeclaredFreezes } from '../../support/declared-freezes.ts';
import type { ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const update = <T>(fleet: Fleet, replaced: Partial<ReleaseActivities>, input: Partial<UpdateEnvironmentInput>, body: (handle: EnvironmentRun) => Promise<T>): Promise<T> => updateOn(temporal, fleet, replaced, input, body);

describe('updateEnvironment', () => {
  it('registers, tests every model, updates all deployments in waves, reads back, and watches', async () => {
    const fleet = fleetOf(6);
    const result = await update(fleet, {}, {}, passBoth);
    assert.equal(result.outcome, 'succeeded');
    assert.deepEqual(result.environment, { name: 'custom-tf-env', version: '1.5.1', previous: '1.5.0' });
    const { table, ...counts } = result.test!;
    assert.deepEqual(counts, { total: 6, passed: 6, failed: 0, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 0, failures: [] });
    assert.match(table!.uri, /integration-test\.csv$/);
    assert.deepEqual(result.updated, fleet.labels);
    assert.deepEqual([result.leftOut, result.rolledBack, result.production], [[], [], 'changed']);
    assert.deepEqual({ ...result.changes, table: null }, { total: 6, updated: 6, putBack: 0, kept: 0, takenOver: 0, leftOut: 0, untouched: 0, table: null });
    assert.deepEqual(fleet.registered, ['dev-ml-workspace', 'test-ml-workspace', 'prod-ml-workspace']);
    assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.1'));
    assert.equal(fleet.tables.at(-1)?.split('\n').length, 6 + 2);
  });

  it('refuses a file that is no patch, tells its author, and changes nothing', async () => {
    const fleet = fleetOf(2);
    let told = '';
    const result = await update(fleet, {
      readEnvironmentChange: async (given) => ({ ...(await fleet.activities.readEnvironmentChange!(given)), environment: null, refused: [{ path: 'environment/custom_tf_env.yml', line: 2, reason: 'version: 1.5.0 → 1.6.0 is a MINOR step' }] }),
      commentOnPullRequest: async ({ markdown }) => {
        told = markdown;
        return { threadId: 1, uncertain: false };
      },
    }, {}, (handle) => handle.result());
    assert.deepEqual([result.outcome, result.production, fleet.registered], ['rejected', 'unchanged', []]);
    assert.match(result.reason, /environment\/custom_tf_env\.yml:2: version: 1\.5\.0 → 1\.6\.0 is a MINOR step/);
    assert.match(told, /MINOR/);
  });

  it('waits for the notebook, refuses what is none, and shows what was found in it; whoever attached it may not approve', async () => {
    const fleet = fleetOf(2);
    await update(fleet, { checkNotebook: async ({ notebook: given }) => ({ ...given, isRead: true, findings: ['a cell failed: ValueError: shape'], cells: 4, executed: 3 }) }, { notebook: undefined }, async (handle) => {
      await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).phase, 'test in the dev workspace'));
      await assert.rejects(handle.executeUpdate('attachNotebook', { args: [{ link: 'somewhere', sha256: notebook.sha256, by: 'carol' }] }), (error: Error) => /link: must be an address/.test(String(error.cause)));
      await handle.executeUpdate('attachNotebook', { args: [{ ...notebook, by: 'carol' }] });
      const view = await open(handle, 'stage1');
      assert.match(view.card.recommendation, /reject: the notebook: a cell failed: ValueError/);
      assert.deepEqual(view.requestedBy, ['dana', 'carol']);
      await answer(handle, { gate: 'stage1', by: 'alice', verdict: 'reject', comment: 'the notebook failed' });
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.reason, result.production], ['rejected', 'alice: the notebook failed', 'unchanged']);
      assert.deepEqual(fleet.registered, ['dev-ml-workspace']);
    });
  });

  it('opens Stage 3 with a failed model only as a named exception, and leaves it out', async () => {
    const fleet = fleetOf(4, { failing: ['P001/C002'] });
    const result = await update(fleet, {}, { failureBudget: 1 }, async (handle) => {
      await pass(handle, 'stage1', 'alice');
      const view = await open(handle, 'stage3');
      assert.equal(view.state, 'checklist');
      assert.deepEqual(view.checklist.map(({ id }) => id), ['except-P001-C002']);
      await answer(handle, { gate: 'stage3', by: 'bob', verdict: 'check', item: 'except-P001-C002', ok: true });
      await answer(handle, { gate: 'stage3', by: 'bob', except: ['P001/C004'] });
      return await handle.result();
    });
    assert.equal(result.outcome, 'succeeded');
    assert.deepEqual(result.test?.failures, [{ item: 'P001/C002', detail: 'the job ended Failed: out of memory' }]);
    assert.deepEqual([result.updated, result.leftOut], [['P001/C001', 'P001/C003'], ['P001/C002', 'P001/C004']]);
    assert.deepEqual(fleet.environments(), ['custom-tf-env:1.5.1', 'custom-tf-env:1.5.0', 'custom-tf-env:1.5.1', 'custom-tf-env:1.5.0']);
  });

  it('stops the integration test when too many models fail, and asks nobody', async () => {
    const fleet = fleetOf(20, { failing: ['P001/C001', 'P001/C002', 'P001/C003'] });
    const result = await update(fleet, {}, { failureBudget: 1, maxParallel: 2 }, async (handle) => {
      await pass(handle, 'stage1', 'alice');
      return await handle.result();
    });
    assert.equal(result.outcome, 'rejected');
    assert.match(result.reason, /the integration test was stopped: [23] of 20 models failed, 1 are borne; 1\d were not tested/);
    assert.equal(result.test?.stopped, true);
    assert.deepEqual([result.production, result.updated], ['unchanged', []]);
  });

  it('puts everything back, in waves, when a deployment fails in the middle', async () => {
    const fleet = fleetOf(6);
    const error = await update(fleet, {
      deployBatchModel: async (given) => {
        if (given.workspace.workspace === 'prod-ml-workspace' && given.deployment.endsWith('C004')) throw ApplicationFailure.nonRetryable('ImageBuildFailure', 'OperationFailed');
        return await fleet.activities.deployBatchModel!(given);
      },
    }, {}, async (handle) => failureOf(passBoth(handle)));
    const result = resultOf(error);
    assert.equal(result.outcome, 'failed');
    assert.match(result.reason, /ImageBuildFailure/);
    assert.deepEqual([result.updated, result.production], [[], 'unchanged']);
    assert.deepEqual(result.rolledBack, ['P001/C001', 'P001/C002', 'P001/C003']);
    assert.equal(fleet.tables.at(-1), 'deployment,state,detail\nP001/C001,putBack,\nP001/C002,putBack,\nP001/C003,putBack,\nP001/C004,untouched,\nP001/C005,untouched,\nP001/C006,untouched,\n');
    assert.deepEqual(result.compensations?.map(({ state, detail }) => [state, detail]), [['done', 'put back 3 deployments']]);
    assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.0'));
  });

  it('ten models fail: each is named as an exception before anybody can approve, and exactly those keep their environment', async () => {
    const failing = Array.from({ length: 10 }, (_, n) => `P001/C${String(3 * n + 1).padStart(3, '0')}`);
    const fleet = fleetOf(30, { failing });
    const result = await update(fleet, {}, { failureBudget: 10, waveSize: 8 }, async (handle) => {
      await pass(handle, 'stage1', 'alice');
      const { checklist } = await open(handle, 'stage3');
      assert.deepEqual(checklist.map(({ id }) => id), failing.map((label) => `except-${label.replace('/', '-')}`));
      await assert.rejects(answer(handle, { gate: 'stage3', by: 'bob' }));
      for (const { id } of checklist) await answer(handle, { gate: 'stage3', by: 'bob', verdict: 'check', item: id, ok: true });
      await answer(handle, { gate: 'stage3', by: 'bob' });
      return await handle.result();
    });
    assert.deepEqual([result.outcome, result.test?.passed, result.test?.failed, result.leftOut], ['succeeded', 20, 10, failing]);
    assert.deepEqual(result.updated, fleet.labels.filter((label) => !failing.includes(label)));
    assert.deepEqual(fleet.environments(), fleet.labels.map((label) => `custom-tf-env:1.5.${failing.includes(label) ? 0 : 1}`));
    assert.deepEqual({ ...result.changes, table: null }, { total: 30, updated: 20, putBack: 0, kept: 0, takenOver: 0, leftOut: 10, untouched: 0, table: null });
    assert.match(fleet.tables.at(-1)!, /\nP001\/C004,leftOut,test failed: the job ended Failed: out of memory\nP001\/C005,updated,\n/);
  });

  it('a readback that fails in the second wave of the rollback: that deployment is named, all others are put back', async () => {
    const fleet = fleetOf(6);
    const error = await update(fleet, {
      watchAlertRates: async () => ({ kind: 'breached', poll: 1, alerts: 9, expected: 0, rules: [] }),
      restoreBatchDeployment: async (given) => {
        if (given.deployment.endsWith('C003')) throw ApplicationFailure.nonRetryable('read back differently than written: properties.environmentId', 'ReadBackMismatch');
        return await fleet.activities.restoreBatchDeployment!(given);
      },
    }, {}, async (handle) => failureOf(passBoth(handle)));
    const result = resultOf(error);
    assert.match(result.reason, /put back 5, but not P001\/C003 \(read back differently than written/);
    assert.deepEqual([result.outcome, result.production, result.updated, result.rolledBack], ['failed', 'changed', [], fleet.labels.filter((label) => label !== 'P001/C003')]);
    assert.deepEqual({ ...result.changes, table: null }, { total: 6, updated: 0, putBack: 5, kept: 1, takenOver: 0, leftOut: 0, untouched: 0, table: null });
    assert.deepEqual(fleet.environments(), fleet.labels.map((label) => `custom-tf-env:1.5.${label === 'P001/C003' ? 1 : 0}`));
  });

  it('rolls back in the same waves when the alert rates breach, or an alert comes in', async () => {
    for (const how of ['rates', 'signal'] as const) {
      const fleet = fleetOf(4);
      const watchAlertRates: ReleaseActivities['watchAlertRates'] = async () => {
        if (how === 'signal') await sleep('1h');
        return { kind: 'breached', poll: 3, alerts: 9, expected: 1.5, rules: ['batch-failed'] };
      };
      const result = await update(fleet, { watchAlertRates }, {}, async (handle) => {
        const ended = passBoth(handle);
        if (how === 'signal') {
          await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).phase, 'monitoring'));
          await handle.signal('alert', { name: 'scoring-errors' });
        }
        return await ended;
      });
      assert.equal(result.outcome, 'rejected');
      assert.match(result.reason, how === 'rates' ? /rolled back \(put back 4 deployments\): 9 alerts since the update \(batch-failed\), 1\.5 expected by the week before/ : /rolled back .*alert scoring-errors came in/);
      assert.deepEqual([result.updated, result.rolledBack, result.production], [[], fleet.labels, 'unchanged']);
      assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.0'));
    }
  });

  it('rolls back when batch jobs fail more often than in the week before', async () => {
    const fleet = fleetOf(2);
    const result = await update(fleet, { readBatchSuccess: async () => ({ before: { ended: 14, failed: 1 }, after: { ended: 4, failed: 3 } }) }, {}, passBoth);
    assert.match(result.reason, /rolled back \(put back 2 deployments\): 3 of 4 batch jobs failed since the update, 1 of 14 in the week before/);
    assert.deepEqual([result.outcome, result.rolledBack], ['rejected', fleet.labels]);
  });

  it('leaves alone, and names, what somebody changed before the rollback', async () => {
    const fleet = fleetOf(3);
    const error = await update(fleet, {
      watchAlertRates: async () => ({ kind: 'breached', poll: 1, alerts: 9, expected: 0, rules: [] }),
      restoreBatchDeployment: async (given) => (given.deployment.endsWith('C002') ? { state: 'changedByHand', found: { definition: {}, model: 'other', tags: { run: 'releaseModel:x/1' }, provisioningState: 'Succeeded' } } : await fleet.activities.restoreBatchDeployment!(given)),
    }, {}, async (handle) => failureOf(passBoth(handle)));
    const result = resultOf(error);
    assert.match(result.reason, /put back 2, but not P001\/C002 \(changed by releaseModel:x\/1 meanwhile; nothing was overwritten\)/);
    assert.deepEqual([result.rolledBack, result.updated, result.production], [['P001/C001', 'P001/C003'], [], 'changed']);
    const { table, ...changes } = result.changes!;
    assert.deepEqual(changes, { total: 3, updated: 0, putBack: 2, kept: 1, takenOver: 0, leftOut: 0, untouched: 0 });
    assert.match(table!.uri, /deployments\.csv$/);
    assert.match(fleet.tables.at(-1)!, /^deployment,state,detail\nP001\/C001,putBack,\nP001\/C002,kept,changed by releaseModel:x\/1 meanwhile; nothing was overwritten\nP001\/C003,putBack,\n$/);
  });

  it('cancelled in the middle of the integration test: the tests at work are cancelled, production is as it was, and the account is exact', async () => {
    const fleet = fleetOf(12, { testing: async (label) => (label < 'P001/C004' ? undefined : sleep('10m')) });
    await update(fleet, {}, { maxParallel: 3 }, async (handle) => {
      await pass(handle, 'stage1', 'alice');
      await eventually(async () => assert.equal((await handle.describe()).raw.pendingChildren?.length, 3));
      await eventually(async () => assert.ok(fleet.testing.size === 3));
      await handle.cancel();
      await failureOf(handle.result());
      const result = await leftResult(handle);
      assert.deepEqual([result.outcome, result.production, result.updated], ['aborted', 'unchanged', []]);
      const { passed, cancelled, notStarted, total } = result.test!;
      assert.deepEqual({ passed, cancelled, notStarted, total }, { passed: 3, cancelled: 3, notStarted: 6, total: 12 });
      assert.match(result.test!.table!.uri, /integration-test\.csv$/);
      const rows = fleet.tables.at(-1)!.trim().split('\n').slice(1).map((row) => row.split(',')[1]);
      assert.deepEqual(rows, [...Array<string>(3).fill('passed'), ...Array<string>(3).fill('cancelled'), ...Array<string>(6).fill('notStarted')]);
      assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.0'));
    });
  });

  it('cancelled in the middle of the update of all: what was written is put back', async () => {
    const fleet = fleetOf(6);
    let stuck = false;
    await update(fleet, {
      deployBatchModel: async (given) => {
        if (given.workspace.workspace === 'prod-ml-workspace' && given.deployment.endsWith('C004')) {
          stuck = true;
          await cancelled();
        }
        return await fleet.activities.deployBatchModel!(given);
      },
    }, {}, async (handle) => {
      const ended = failureOf(passBoth(handle));
      await eventually(async () => assert.deepEqual([stuck, fleet.environments()[2]], [true, 'custom-tf-env:1.5.1']));
      await handle.cancel();
      await ended;
      const result = await leftResult(handle);
      assert.deepEqual([result.outcome, result.production, result.updated, result.rolledBack], ['aborted', 'unchanged', [], ['P001/C001', 'P001/C002', 'P001/C003']]);
      assert.deepEqual(fleet.environments(), fleet.labels.map(() => 'custom-tf-env:1.5.0'));
    });
  });

  it('is held as a whole by a freeze of one of its circuits, and writes nothing meanwhile', async () => {
    const fleet = fleetOf(4);
    const freezes = await DeclaredFreezes.create();
    const frozen = (action: string) => freezes.freeze('audit', Date.now() - 60_000, Date.now() + 3_600_000, `, targets: [P001/C002], actions: [${action}]`);
    try {
      await frozen('environmentUpdate');
      const [result, before] = await update(fleet, freezes.activities(1_000), {}, async (handle) => {
        await pass(handle, 'stage1', 'alice');
        await pass(handle, 'stage3', 'bob');
        await eventually(async () => assert.deepEqual((await handle.query<RunStatus>('status')).frozen?.by, ['audit']));
        const meanwhile = fleet.environments();
        await frozen('release'); // lifted for updates
        return [await handle.result(), meanwhile] as const;
      });
      assert.deepEqual([result.outcome, result.updated.length, before.every((name) => name.includes('1.5.0'))], ['succeeded', 4, true]);
    } finally {
      await freezes.remove();
    }
  });

  describe('a freeze that begins while the waves run', () => {
    let freezes: DeclaredFreezes;
    beforeEach(async () => {
      freezes = await DeclaredFreezes.create();
      await freezes.declare(null);
    });
    afterEach(() => freezes.remove());
    const begin = (name = 'sudden', more = '') => freezes.freeze(name, Date.now() - 60_000, Date.now() + 3_600_000, `, actions: [environmentUpdate]${more}`);
    /** The freeze is declared with the first write of the first wave. */
    const fleetFrozenBy = (declare: () => Promise<unknown>) => {
      const fleet = fleetOf(6);
      let isDeclared = false;
      const deployBatchModel: ReleaseActivities['deployBatchModel'] = async (given) => {
        if (given.workspace.workspace === 'prod-ml-workspace' && !isDeclared) {
          isDeclared = true;
          await declare();
        }
        return await fleet.activities.deployBatchModel!(given);
      };
      return { fleet, replaced: { ...freezes.activities(1_000), deployBatchModel } };
    };
    const statusOf = (handle: EnvironmentRun) => handle.query<RunStatus>('status');
    const isHeld = (handle: EnvironmentRun) => eventually(async () => assert.equal((await statusOf(handle)).frozen?.by[0], 'sudden'), { timeoutMs: 60_000 });
    const versions = (fleet: Fleet) => fleet.environments().map((name) => name.at(-1)).join('');

    it('holds the next wave, shows it and the opening, and goes on when it is lifted', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      const result = await update(fleet, replaced, {}, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        const { phase, frozen } = await statusOf(handle);
        assert.deepEqual([phase, Date.parse(frozen!.until!) > Date.now(), versions(fleet)], ['waiting out a freeze', true, '110000']);
        assert.match(await details(handle), /Frozen until .*It goes on by itself then\.[^]*2 have the new environment, and the others wait: cancel the run to put them back, which no freeze holds/);
        await freezes.declare(null);
        return await ended;
      });
      assert.deepEqual([result.outcome, result.updated.length, versions(fleet)], ['succeeded', 6, '111111']);
    });

    it('looks at the alerts of the waves before when it is over, before the next one is written, and puts them back on a breach', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      const looks: string[] = [];
      const watchAlertRates: ReleaseActivities['watchAlertRates'] = async (given) => {
        if (given.polls > 1) return await fleet.activities.watchAlertRates!(given);
        looks.push(given.places.map(({ label }) => label).join());
        return { kind: 'breached', poll: 1, alerts: 9, expected: 0, rules: ['batch-failed'] };
      };
      const result = await update(fleet, { ...replaced, watchAlertRates }, {}, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        assert.deepEqual(looks, []);
        await freezes.declare(null);
        return await ended;
      });
      assert.match(result.reason, /^rolled back \(put back 2 deployments\) while wave 2 of 3 was held: 9 alerts since the update \(batch-failed\)/);
      assert.deepEqual([result.outcome, result.production, looks, result.rolledBack, versions(fleet)], ['rejected', 'unchanged', ['P001/C001,P001/C002'], ['P001/C001', 'P001/C002'], '000000']);
      assert.deepEqual({ ...result.changes, table: null }, { total: 6, updated: 0, putBack: 2, kept: 0, takenOver: 0, leftOut: 0, untouched: 4, table: null });
    });

    it('watches those of the waves before for as long as it lasts: an alert puts them back at once', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      const result = await update(fleet, replaced, {}, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        await handle.signal('alert', { name: 'scoring-errors' });
        return await ended; // the freeze stands
      });
      assert.match(result.reason, /while wave 2 of 3 was held: alert scoring-errors came in/);
      assert.deepEqual([result.outcome, result.rolledBack, versions(fleet)], ['rejected', ['P001/C001', 'P001/C002'], '000000']);
    });

    it('asks whether they stay when nobody could look, and a "no" lets the waves go on', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      const watchAlertRates: ReleaseActivities['watchAlertRates'] = async (given) => {
        if (given.polls === 1) throw ApplicationFailure.nonRetryable('nobody may read the alerts', FailureType.InvalidRequest);
        return await fleet.activities.watchAlertRates!(given);
      };
      const result = await update(fleet, { ...replaced, watchAlertRates }, {}, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        await freezes.declare(null);
        const { card } = await open(handle, 'rollback');
        assert.deepEqual([card.question, card.facts.at(-1)], ['Put 2 deployments back from custom-tf-env 1.5.1 to 1.5.0?', '4 more wait for it']);
        assert.match(card.change, /Rejecting keeps 1\.5\.1, and the waves go on\./);
        await answer(handle, { gate: 'rollback', by: 'alice', verdict: 'reject', comment: 'it looks well' });
        return await ended;
      });
      assert.deepEqual([result.outcome, result.updated.length, versions(fleet)], ['succeeded', 6, '111111']);
    });

    it('is overridden once, for all waves that are left of its window; another window holds the next wave', async () => {
      const named = ', mayOverride: [carol]';
      const { fleet, replaced } = fleetFrozenBy(() => begin('sudden', named));
      let isNext = false;
      const deployBatchModel: ReleaseActivities['deployBatchModel'] = async (given) => {
        if (given.workspace.workspace === 'prod-ml-workspace' && given.deployment.endsWith('C003') && !isNext) {
          isNext = true;
          await begin('sudden', named); // until later
        }
        return await replaced.deployBatchModel(given);
      };
      const result = await update(fleet, { ...replaced, deployBatchModel }, { waveSize: 1 }, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        assert.deepEqual(await handle.executeUpdate<unknown, [object]>('overrideFreeze', { args: [{ by: 'alice', reason: 'half of them is worse' }] }), { asks: ['carol'] });
        const { card } = await open(handle, 'freeze');
        assert.equal(card.question, 'Let wave 2 of 6 of the update to custom-tf-env 1.5.1 go on in spite of the freeze sudden?');
        await answer(handle, { gate: 'freeze', by: 'carol' });
        await eventually(() => assert.equal(versions(fleet), '111000'), { timeoutMs: 60_000 });
        await isHeld(handle);
        assert.equal(versions(fleet), '111000');
        await freezes.declare(null);
        return await ended;
      });
      assert.deepEqual([result.outcome, result.updated.length, versions(fleet)], ['succeeded', 6, '111111']);
    });

    it('holds no rollback: cancelled, what was written is put back at once', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      await update(fleet, replaced, {}, async (handle) => {
        const ended = failureOf(passBoth(handle));
        await isHeld(handle);
        await handle.cancel();
        await ended;
        const { outcome, production, rolledBack } = await leftResult(handle);
        assert.deepEqual([outcome, production, rolledBack, versions(fleet)], ['aborted', 'unchanged', ['P001/C001', 'P001/C002'], '000000']);
      });
    });

    it('a newer version ends the update that it holds, and what was written is put back', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin());
      const result = await update(fleet, replaced, {}, async (handle) => {
        const ended = passBoth(handle);
        await isHeld(handle);
        await handle.signal('supersede', { by: 'updateEnvironment:b1a7:999', version: '1.5.2' });
        return await ended;
      });
      assert.deepEqual([result.outcome, result.production, result.rolledBack, versions(fleet)], ['rejected', 'unchanged', ['P001/C001', 'P001/C002'], '000000']);
      assert.match(result.reason, /superseded by version 1\.5\.2/);
    });

    it('of a circuit that is updated already holds none of the others', async () => {
      const { fleet, replaced } = fleetFrozenBy(() => begin('sudden', ', targets: [P001/C001]'));
      const result = await update(fleet, replaced, {}, passBoth);
      assert.deepEqual([result.outcome, versions(fleet)], ['succeeded', '111111']);
    });
  });

  it('leaves out, and names, a deployment whose model is another than its test scored with', async () => {
    const fleet = fleetOf(4);
    let isReleased = false;
    const result = await update(fleet, {
      deployBatchModel: async (given) => {
        if (given.workspace.workspace === 'prod-ml-workspace' && !isReleased) {
          isReleased = true;
          const { workspace } = given;
          const [endpoint, deployment] = [given.endpoint, given.deployment.replace(/C\d+$/, 'C003')];
          const before = await fleet.activities.readBatchDeployment!({ workspace, endpoint, deployment });
          await fleet.activities.deployBatchModel!({ ...given, deployment, before, model: before.model!.replace(/1$/, '2'), tags: { model_version: '2' }, environment: undefined });
        }
        return await fleet.activities.deployBatchModel!(given);
      },
    }, {}, passBoth);
    const why = 'its model changed since its test: tested 1, serves 2';
    assert.deepEqual([result.outcome, result.updated, result.leftOut], ['succeeded', ['P001/C001', 'P001/C002', 'P001/C004'], ['P001/C003']]);
    assert.ok(result.reason.endsWith(`; not updated: P001/C003 (${why})`), result.reason);
    assert.deepEqual({ ...result.changes, table: null }, { total: 4, updated: 3, putBack: 0, kept: 0, takenOver: 0, leftOut: 1, untouched: 0, table: null });
    assert.match(fleet.tables.at(-1)!, new RegExp(`\nP001/C003,leftOut,"${why}"\n`));
    assert.deepEqual(fleet.environments(), ['custom-tf-env:1.5.1', 'custom-tf-env:1.5.1', 'custom-tf-env:1.5.0', 'custom-tf-env:1.5.1']);
  });

  it('refuses a budget whose exceptions nobody could name, and an estate without circuits', async () => {
    for (const [fleet, input, reason] of [[fleetOf(2), { failureBudget: 21 }, /failureBudget: at most 20/], [fleetOf(0), {}, /the estate has no circuit/], [fleetOf(201), {}, /201 circuits; an environment is updated for at most 200/]] as const) {
      const error = await update(fleet, {}, input, (handle) => failureOf(handle.result()));
      assert.match(error.cause?.message ?? '', reason);
    }
  });

  it('takes 200 models in one history', async () => {
    const fleet = fleetOf(200);
    await update(fleet, {}, { waveSize: 10 }, async (handle) => {
      const result = await passBoth(handle);
      assert.deepEqual([result.outcome, result.test?.passed, result.updated.length], ['succeeded', 200, 200]);
      const events = (await handle.fetchHistory()).events?.length ?? 0;
      console.log(`events: ${events} for 200 models`);
      assert.ok(events < 10_240, `${events} events`);
    });
  });
});
