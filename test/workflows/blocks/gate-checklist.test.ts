/** Checklists of a release's gates: what machines answer, when they look again, and what an approval then is worth. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ChecklistItem, GatePolicy } from '../../../workflows/domain/policy.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, gateOf, openGate, refused, stop, witnessed } from '../../support/gate-runs.ts';
import { gateClock, type ReleaseActivities } from '../../support/release-activities.ts';
import { details, releaseRuns, type Handle } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

const machine = (id: string): ChecklistItem => ({ id, text: `Is it so: ${id}?`, by: 'machine', people: null });
const approve = (by = 'alice') => ({ gate: 'stage1', verdict: 'approve', by });
const tend = (handle: Handle) => handle.executeUpdate<{ changes: string[] }, [object]>('tendGate', { args: [{ action: 'remeasure', by: 'bob' }] });

/** A release whose alerts are what the test says just now. `watch` is over before they fire for its own deployment. */
function alerting(stage1: Partial<GatePolicy>, replaced: Partial<ReleaseActivities> = {}) {
  const alerts = { rules: [] as string[], looks: 0 };
  return {
    alerts,
    ...witnessed({ checklist: [machine('no-firing-alerts')], ...stage1 }, {
      readFiringAlerts: async () => {
        alerts.looks += 1;
        return { ids: alerts.rules.map((rule) => `/alerts/${rule}`), rules: alerts.rules };
      },
      ...replaced,
    }),
  };
}

/** The open gate, once its machines have looked. */
async function looked(handle: Handle, generation = 0) {
  return await eventually(async () => {
    const view = await openGate(handle, 'stage1', generation);
    assert.ok(view.checklist.every(({ by, ok }) => by === 'person' || ok !== null));
    return view;
  });
}

describe('machine items', () => {
  it('are answered by looking at the platforms, each with a sentence, and let the gate be approved', async () => {
    const ids = ['pull-request-completed', 'model-registered', 'artifact-readable', 'production-deployment-healthy', 'previous-version-available', 'no-firing-alerts'];
    const asked: unknown[] = [];
    const { activities, witness } = alerting({ checklist: ids.map(machine) }, {
      readBatchDeployment: async () => ({ definition: {}, model: 'azureml://registries/ml-registry/models/P001-C001/versions/1', tags: {}, provisioningState: 'Succeeded' }),
      readModelVersion: async (place) => {
        asked.push(place);
        return { found: true, isArchived: false, provisioningState: null };
      },
    });
    await run(activities, async () => {
      const handle = await start();
      const view = await looked(handle);
      assert.equal(view.state, 'open');
      assert.deepEqual(view.checklist.map(({ id, answeredBy, ok, comment }) => [id, answeredBy, ok, comment]), [
        ['pull-request-completed', 'machine', true, 'pull request 42 into main is completed'],
        ['model-registered', 'machine', true, 'version 42-3f2a91c0 of P001-C001 is in dev-ml-workspace'],
        ['artifact-readable', 'machine', true, '2 files with 14000 bytes, all readable'],
        ['production-deployment-healthy', 'machine', true, 'deployment-circuit-C001 is Succeeded'],
        ['previous-version-available', 'machine', true, 'version 1 of P001-C001 is in ml-registry'],
        ['no-firing-alerts', 'machine', true, 'no alert fires for deployment-circuit-C001'],
      ]);
      assert.ok(view.checklist.every(({ answeredAt }) => Date.parse(answeredAt!) >= Date.parse(view.openedAt)));
      assert.match(await details(handle), /\*\*Checklist:\*\* done \(pull-request-completed, model-registered/);
      await refused(handle, { gate: 'stage1', verdict: 'check', item: 'no-firing-alerts', by: 'alice' }, /no-firing-alerts is answered by a machine/);
      assert.equal((await answer(handle, approve())).state, 'approved');
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    assert.equal(asked.length, 4, 'two, once more before the effect');
    const closed = witness.entries.find((entry) => entry.kind === 'gateClosed');
    assert.deepEqual(closed?.kind === 'gateClosed' && closed.checks.map(({ item, by, ok }) => [item, by, ok]).sort(), ids.map((id) => [id, 'machine', true]).sort(), 'and on record');
  });

  it('that say no keep the gate from being approved, say so on the card, and are looked at again when somebody asks', async () => {
    const { alerts, activities } = alerting({});
    alerts.rules = ['error rate', '<b>[latency](https://evil.example)'];
    await run(activities, async () => {
      const handle = await start();
      const view = await looked(handle);
      assert.deepEqual([view.state, view.checklist[0]!.ok], ['checklist', false]);
      assert.equal(view.checklist[0]!.comment, '2 alerts fire for deployment-circuit-C001: error rate, blatency(https://evil.example)', 'without the markup');
      assert.match(await details(handle), /\*\*Checklist, still open:\*\* no-firing-alerts \(2 alerts fire for deployment-circuit-C001: error rate/);
      assert.equal((await details(handle)).includes('[latency]'), false);
      await refused(handle, approve(), /the checklist is not answered: no-firing-alerts/);
      assert.deepEqual(await tend(handle), { changes: [] }, 'nothing is different');
      alerts.rules = [];
      assert.deepEqual(await tend(handle), { changes: ['no-firing-alerts: no alert fires for deployment-circuit-C001'] });
      assert.equal((await answer(handle, approve())).state, 'approved');
      await openGate(handle, 'stage3');
      await stop(handle);
    });
  });

  it('that say no are looked at again at each tick of the clock', async () => {
    const { alerts, activities } = alerting({ clock: gateClock(3_600_000, 1_500) });
    alerts.rules = ['error rate'];
    await run(activities, async () => {
      const handle = await start();
      assert.equal((await looked(handle)).checklist[0]!.ok, false);
      alerts.rules = [];
      await eventually(async () => assert.equal((await gateOf(handle))?.state, 'open'));
      assert.equal(alerts.looks, 2);
      await stop(handle);
    });
  });

  it('that cannot be looked at are answered with no, and the run goes on', async () => {
    let isAway = true;
    const { activities } = alerting({}, {
      readFiringAlerts: async () => {
        if (isAway) throw ApplicationFailure.nonRetryable('AuthorizationFailed: no right to read alerts', 'Unauthorized');
        return { ids: [], rules: [] };
      },
    });
    await run(activities, async () => {
      const handle = await start();
      const view = await looked(handle);
      assert.deepEqual([view.state, view.checklist[0]!.comment], ['checklist', 'could not be looked at: AuthorizationFailed: no right to read alerts']);
      isAway = false;
      assert.equal((await tend(handle)).changes.length, 1);
      assert.equal((await gateOf(handle))?.state, 'open');
      await stop(handle);
    });
  });
});

describe('immediately before the effect', () => {
  it('machine items are looked at again: one that says no asks anew, says why, and cannot be overruled by approving again, however often', async () => {
    const { alerts, activities, witness } = alerting({});
    const promoted: string[] = [];
    await run({ ...activities, promoteModel: async ({ tags }) => { promoted.push(tags['approved_by']!); return { assetId: 'model-2' }; } }, async () => {
      const handle = await start();
      for (let generation = 0; generation < 4; generation += 1) {
        assert.equal((await looked(handle, generation)).state, generation === 0 ? 'open' : 'checklist');
        if (generation > 0) await refused(handle, approve('bob'), /the checklist is not answered/);
        alerts.rules = [];
        await tend(handle);
        alerts.rules = [`rule ${generation}`];
        assert.equal((await answer(handle, approve())).state, 'approved');
      }
      const last = await looked(handle, 4);
      assert.deepEqual([last.changes, last.decisions], [['no-firing-alerts: an alert fires for deployment-circuit-C001: rule 3'], []]);
      assert.deepEqual(promoted, []);
      alerts.rules = [];
      await tend(handle);
      await answer(handle, approve('carol'));
      await openGate(handle, 'stage3');
      assert.deepEqual(promoted, ['carol']);
      await stop(handle);
    });
    assert.deepEqual(witness.told.filter(({ kind }) => kind === 'reopened').map(({ to }) => to[0]), ['alice', 'alice', 'alice', 'alice']);
    const closed = witness.entries.flatMap((entry) => (entry.kind === 'gateClosed' && entry.gate === 'stage1' ? [[entry.state, entry.reason, entry.checks.map(({ ok, comment }) => `${ok}: ${comment}`)]] : []));
    assert.deepEqual(closed[0], ['reopened', 'no-firing-alerts: an alert fires for deployment-circuit-C001: rule 0', ['false: an alert fires for deployment-circuit-C001: rule 0']]);
    assert.deepEqual(closed.at(-1), ['approved', '', ['true: no alert fires for deployment-circuit-C001']]);
  });

  it('an approval that waits for its effect is asked anew when somebody has it looked at and a machine says no', async () => {
    const { alerts, activities } = alerting({});
    await run(activities, async () => {
      const handle = await start();
      await looked(handle);
      await answer(handle, { ...approve(), effectiveAt: '2099-01-01T00:00:00.000Z' });
      await eventually(async () => assert.equal((await gateOf(handle))?.effectiveAt, '2099-01-01T00:00:00.000Z'));
      alerts.rules = ['error rate'];
      assert.deepEqual(await tend(handle), { changes: ['no-firing-alerts: an alert fires for deployment-circuit-C001: error rate'] });
      assert.deepEqual((await looked(handle, 1)).checklist.map(({ ok }) => ok), [false]);
      await stop(handle);
    });
  });

  it('what people have answered has to be answered anew with it', async () => {
    const { alerts, activities } = alerting({ checklist: [machine('no-firing-alerts'), { id: 'backup', text: 'Backup completed', by: 'person', people: null }] });
    await run(activities, async () => {
      const handle = await start();
      await looked(handle);
      await answer(handle, { gate: 'stage1', verdict: 'check', item: 'backup', by: 'bob' });
      alerts.rules = ['error rate'];
      await answer(handle, approve());
      const { checklist } = await looked(handle, 1);
      assert.deepEqual(checklist.map(({ ok }) => ok), [false, null]);
      await stop(handle);
    });
  });
});

describe('silence', () => {
  const silent = { onSilence: 'approve' as const, clock: gateClock(1_500, 500) };

  it('that approves answers no checklist: the gate expires while a machine says no', async () => {
    const { alerts, activities } = alerting(silent);
    alerts.rules = ['error rate'];
    await run(activities, async () => assert.equal((await (await start()).result()).outcome, 'expired'));
  });

  it('expires too while a person has not answered, and goes on where all is answered', async () => {
    await run(alerting({ ...silent, checklist: [{ id: 'backup', text: 'Backup completed', by: 'person', people: null }] }).activities, async () => assert.equal((await (await start()).result()).outcome, 'expired'));
    await run(alerting(silent).activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage3');
      await stop(handle);
    });
  });
});
