/** Between the decision and its effect: who may still stop it, and what may not carry it where nobody let it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { eventually } from '../../support/eventually.ts';
import { answer, openGate, refused, stop, witnessed, type Witness } from '../../support/gate-runs.ts';
import { gateClock, releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { releaseRuns } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

const approve = (by: string, more: object = {}) => ({ gate: 'stage1', verdict: 'approve', by, ...more });
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const closings = ({ entries }: Witness) => entries.flatMap((entry) => (entry.kind === 'gateClosed' && entry.gate === 'stage1' ? [entry] : []));

/** Says after a while that each signed answer is its author's. */
const verifying = (afterMs: number): Partial<ReleaseActivities> => ({
  verifyAnswers: async ({ answers }) => {
    await sleep(afterMs);
    return { answers: answers.map(({ id, answer: { by } }) => ({ id, level: 'authenticated', by: by ?? null, via: 'inbox', problem: null })) };
  },
});
const signedBy = (by: string) => ({ signature: `header.${by}.signature` });

describe('an approval that waits for its effect', () => {
  it('is withdrawn by its author: the gate asks again, and says why', async () => {
    const { activities, witness } = witnessed({});
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, approve('alice', { effectiveAt: tomorrow() }));
      await eventually(async () => assert.equal((await openGate(handle, 'stage1')).state, 'decided'));
      assert.equal((await answer(handle, { gate: 'stage1', verdict: 'withdraw', by: 'alice' })).counted, true);
      assert.deepEqual((await openGate(handle, 'stage1', 1)).changes, ['the approval of alice no longer counts']);
      await answer(handle, approve('bob'));
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    assert.deepEqual(closings(witness).map(({ state, by }) => [state, by]), [['reopened', []], ['approved', ['bob']]]);
  });

  it('is rejected by its own author', () => run(witnessed({}).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    await answer(handle, approve('alice', { effectiveAt: tomorrow() }));
    assert.equal((await answer(handle, { gate: 'stage1', verdict: 'reject', by: 'alice', comment: 'I misread it' })).state, 'rejected');
    assert.equal((await handle.result()).reason, 'alice: I misread it');
  }));

  it('is not waited for by whoever breaks the glass', async () => {
    const { activities, witness } = witnessed({ breakGlass: ['carol'] });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, approve('alice', { effectiveAt: tomorrow() }));
      await answer(handle, { gate: 'stage1', verdict: 'bypass', by: 'carol', comment: 'Plant stands still', incident: 'INC-7' });
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    assert.deepEqual(closings(witness).map(({ state, bypass }) => [state, bypass?.incident]), [['approved', 'INC-7']]);
  });

  it('no longer counts when its author has left meanwhile', async () => {
    const { activities, estate } = witnessed({});
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      estate.stage1 = { approvers: ['bob', 'carol'] };
      await answer(handle, approve('alice', { effectiveAt: new Date(Date.now() + 2_000).toISOString() }));
      const again = await openGate(handle, 'stage1', 1);
      assert.deepEqual([again.changes, again.eligible], [['the approval of alice no longer counts'], ['bob', 'carol']]);
      await refused(handle, approve('alice'), /not among the approvers/);
      await stop(handle);
    });
  });

  it('takes effect in the next opening when measuring took longer than the first was open', async () => {
    const asked: string[] = [];
    let measured = 0;
    const promoted: number[] = [];
    const { activities } = witnessed({ opening: 'office' }, {
      nextOpening: async ({ from }) => {
        asked.push(from);
        const opensAt = Date.parse(asked[0]!);
        return Date.parse(from) < opensAt + 1_000 ? { from, until: new Date(opensAt + 1_000).toISOString() } : { from: new Date(opensAt + 5_000).toISOString(), until: new Date(opensAt + 3_600_000).toISOString() };
      },
      readRunMetrics: async (input) => {
        measured += 1;
        if (measured === 2) await sleep(2_000);
        return await releaseActivities().readRunMetrics(input);
      },
      promoteModel: async () => {
        promoted.push(Date.now());
        return { assetId: 'model-2' };
      },
    });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, approve('alice'));
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    assert.ok(promoted[0]! >= Date.parse(asked[0]!) + 5_000, 'not while it was closed');
    assert.equal(measured, 3);
  });
});

describe('an answer that came in time', () => {
  it('counts although it was found out only after the deadline whose it is', async () => {
    const { activities, witness } = witnessed({ identity: 'authenticated', clock: gateClock(2_000, 1_000) }, verifying(3_000));
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      assert.equal((await answer(handle, approve('alice', signedBy('alice')))).counted, true);
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    assert.deepEqual(closings(witness).map(({ state, by }) => [state, by]), [['approved', ['alice']]]);
  });

  it('stops what silence would let pass', async () => {
    const { activities } = witnessed({ onSilence: 'approve', clock: gateClock(2_000, 1_000) }, verifying(3_000));
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await handle.signal('reject', { gate: 'stage1', by: 'bob', comment: 'a storm', ...signedBy('bob') });
      assert.equal((await handle.result()).reason, 'bob: a storm');
    });
  });
});

describe('a gate that opens again', () => {
  it('keeps what the estate has said meanwhile, and who stands in for whom', async () => {
    const measured = { mae: 1.9 };
    const { activities, estate, witness } = witnessed({ clock: gateClock(3_600_000, 1_000) }, {
      readRunMetrics: async (input) => {
        const read = await releaseActivities().readRunMetrics(input);
        return { ...read, metrics: { ...read.metrics, candidate: { ...read.metrics.candidate, mae: measured.mae } } };
      },
    });
    estate.target = { people: [...testPolicy({ plant: 'P001', circuit: 'C001' }).people, { id: 'erin', aliases: [], calendar: null }] };
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, { gate: 'stage1', verdict: 'delegate', by: 'bob', to: 'erin' });
      estate.stage1 = { ...estate.stage1, approvers: ['alice', 'bob'] };
      await eventually(async () => assert.deepEqual((await openGate(handle, 'stage1')).policy.approvers, ['alice', 'bob']));
      measured.mae = 2.4;
      await answer(handle, approve('alice'));
      const again = await openGate(handle, 'stage1', 1);
      assert.deepEqual(again.eligible, ['alice', 'bob', 'erin']);
      await refused(handle, approve('carol'), /not among the approvers/);
      await stop(handle);
    });
    const opened = witness.entries.flatMap((entry) => (entry.kind === 'gateOpened' ? [entry.policy.approvers] : []));
    assert.deepEqual(opened, [['alice', 'bob', 'carol'], ['alice', 'bob']]);
  });

  it('makes what became stale anew once, however many ask for it', async () => {
    let invoked = 0;
    const { activities } = witnessed({}, {
      invokeBatchEndpoint: async (input) => {
        invoked += 1;
        await sleep(invoked === 1 ? 0 : 3_000); // all have asked by then, and no heartbeat is missed
        return { ...(await releaseActivities().invokeBatchEndpoint(input)), jobName: `batchjob-${invoked}` };
      },
    });
    const { loadPolicy } = activities;
    await run({
      ...activities,
      loadPolicy: async (input) => {
        const policy = await loadPolicy!(input);
        return { ...policy, gates: { ...policy.gates, stage3: { ...policy.gates.stage3, evidence: { lifetimeMs: 1_500, tolerance: {} } } } };
      },
    }, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, approve('alice'));
      await openGate(handle, 'stage3');
      await sleep(2_000);
      const tend = () => handle.executeUpdate<{ changes: string[] }, [object]>('tendGate', { args: [{ action: 'remeasure', by: 'unblockRelease' }] });
      const [one, other] = await Promise.all([tend(), tend(), answer(handle, { gate: 'stage3', verdict: 'approve', by: 'bob' })]);
      assert.deepEqual(one, other);
      await openGate(handle, 'stage3', 1);
      assert.equal(invoked, 2);
      await stop(handle);
    });
  });
});

describe('what changes nothing is refused, and leaves no event', () => {
  it('a signature that was found to prove nothing, a second time', () => run(witnessed({ identity: 'authenticated' }).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    assert.match((await answer(handle, approve('alice', signedBy('alice')))).reason ?? '', /no key is known here/);
    await refused(handle, approve('alice', signedBy('alice')), /found to prove nothing/);
    await stop(handle);
  }));

  it('care for a gate that has nothing to be cared for', () => run(witnessed({}).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    await assert.rejects(handle.executeUpdate('tendGate', { args: [{ action: 'widen', by: 'unblockRelease' }] }), (error: Error) => /nobody more who might decide/.test(String(error.cause)));
    await stop(handle);
  }));

  it('keeps a signal without the digest that the policy wants as a proposal, and refuses the update', () => run(witnessed({ bindEvidence: true }).activities, async () => {
    const handle = await start();
    const { evidence } = await openGate(handle, 'stage1');
    await refused(handle, approve('alice'), /on which evidence/);
    await handle.signal('approve', { gate: 'stage1', by: 'alice' });
    await eventually(async () => assert.deepEqual((await openGate(handle, 'stage1')).proposals.map(({ by, verdict }) => [by, verdict]), [['alice', 'approve']]));
    assert.equal((await answer(handle, approve('alice', { evidence }))).counted, true);
    await openGate(handle, 'stage3');
    await stop(handle);
  }));
});

describe('a run that is cancelled at its gate', () => {
  it('tells those who were asked that nobody needs to answer any more', async () => {
    const { activities, witness } = witnessed({});
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await stop(handle);
    });
    assert.deepEqual(witness.told.map(({ kind, to }) => [kind, to]), [['opened', ['alice', 'bob', 'carol']], ['decided', ['alice', 'bob', 'carol']]]);
    assert.match(witness.told[1]!.text, /Nobody needs to answer any more: the run was cancelled/);
  });
});

describe('the record', () => {
  it('has what an answer says beyond its verdict, and what the checklist was answered', async () => {
    const { activities, witness } = witnessed({ checklist: [{ id: 'backup', text: 'Backup completed', by: 'person', people: ['bob'] }] });
    const effectiveAt = new Date(Date.now() + 1_000).toISOString();
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, { gate: 'stage1', verdict: 'check', by: 'bob', item: 'backup', comment: 'seen' });
      await answer(handle, approve('alice', { effectiveAt }));
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    const answers = witness.entries.flatMap((entry) => (entry.kind === 'answers' ? entry.answers : []));
    assert.deepEqual(answers.map(({ verdict, item, effectiveAt: from }) => ({ verdict, item, from })), [{ verdict: 'check', item: 'backup', from: undefined }, { verdict: 'approve', item: undefined, from: effectiveAt }]);
    assert.deepEqual(closings(witness)[0]?.checks.map(({ at, ...check }) => ({ ...check, isDated: !Number.isNaN(Date.parse(at)) })), [{ item: 'backup', by: 'bob', ok: true, comment: 'seen', isDated: true }]);
  });
});
