import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { eventually } from '../../support/eventually.ts';
import { answer, openGate, refused, stop, witnessed } from '../../support/gate-runs.ts';
import { details, releaseRuns, status } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);
const approve = (by: string, more: object = {}) => ({ gate: 'stage1', verdict: 'approve', by, ...more });

describe('who decides', () => {
  it('takes a quorum with somebody of each mandatory group; withdrawal takes an approval back; the record has the policy, the groups and every answer', async () => {
    const { activities, witness } = witnessed({ quorum: 2, groups: [{ name: 'leads', members: ['carol'] }], mandatoryGroups: ['leads'] });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      assert.deepEqual(await answer(handle, approve('alice')), { state: 'open', missing: 1, missingGroups: ['leads'], counted: true });
      assert.deepEqual(await answer(handle, approve('bob')), { state: 'open', missing: 0, missingGroups: ['leads'], counted: true });
      await refused(handle, approve('bob'), /bob has decided already/);
      assert.match(await details(handle), /2 of alice, bob, carol, one of leads among them, so far alice, bob/);
      assert.deepEqual(await answer(handle, { gate: 'stage1', verdict: 'withdraw', by: 'alice' }), { state: 'open', missing: 1, missingGroups: ['leads'], counted: true });
      await refused(handle, { gate: 'stage1', verdict: 'withdraw', by: 'alice' }, /nothing that could be withdrawn/);
      assert.deepEqual(await answer(handle, approve('carol', { comment: 'seen' })), { state: 'approved', by: ['bob', 'carol'], counted: true });
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    const opened = witness.entries.find((entry) => entry.kind === 'gateOpened');
    assert.deepEqual(opened?.kind === 'gateOpened' && [opened.policy.groups, opened.requestedBy, opened.items.map(({ name }) => name)], [[{ name: 'leads', members: ['carol'] }], ['dana'], ['metrics', 'comparison', 'training log']]);
    const answers = witness.entries.flatMap((entry) => (entry.kind === 'answers' && entry.gate === 'stage1' ? entry.answers : []));
    assert.deepEqual(answers.map(({ verdict, by, counted }) => [verdict, by, counted]), [['approve', 'alice', true], ['approve', 'bob', true], ['withdraw', 'alice', true], ['approve', 'carol', true]]);
    const closed = witness.entries.findIndex((entry) => entry.kind === 'gateClosed');
    const effect = witness.entries.findIndex((entry) => entry.kind === 'effect');
    assert.ok(closed >= 0 && effect > closed, 'the decision is on record before the effect that it permits');
  });

  it('rejects by as many as must approve, where the policy says so', () => run(witnessed({ quorum: 2, rejection: 'quorum' }).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    assert.deepEqual(await answer(handle, { gate: 'stage1', verdict: 'reject', by: 'alice', comment: 'noisy' }), { state: 'open', missing: 2, missingGroups: [], counted: true });
    assert.equal((await answer(handle, { gate: 'stage1', verdict: 'reject', by: 'bob', comment: 'R² fell' })).state, 'rejected');
    assert.deepEqual((({ outcome, reason }) => ({ outcome, reason }))(await handle.result()), { outcome: 'rejected', reason: 'alice, bob: noisy; R² fell' });
  }));

  it('lets an absent approver name somebody, who counts for the absent one and once', () => run(witnessed({ quorum: 2, approvers: ['alice', 'bob'] }).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    await refused(handle, approve('carol'), /carol is not among the approvers/);
    await refused(handle, { gate: 'stage1', verdict: 'delegate', by: 'alice', to: 'dana@example.com' }, /dana asked for this change/);
    await refused(handle, { gate: 'stage1', verdict: 'delegate', by: 'alice', to: 'bob' }, /bob is an approver, and one person counts once/);
    await answer(handle, { gate: 'stage1', verdict: 'delegate', by: 'alice', to: 'carol' });
    assert.deepEqual((await status(handle)).gate?.approvers, ['alice', 'bob', 'carol']);
    assert.equal((await answer(handle, approve('carol'))).counted, true);
    assert.deepEqual((await openGate(handle, 'stage1')).decisions.map(({ by, onBehalfOf }) => [by, onBehalfOf]), [['carol', 'alice']]);
    assert.equal((await answer(handle, approve('alice'))).state, 'open'); // back, she speaks for herself, and counts once
    assert.deepEqual((await openGate(handle, 'stage1')).decisions.map(({ by, onBehalfOf }) => [by, onBehalfOf]), [['alice', null]]);
    assert.equal((await answer(handle, approve('bob'))).state, 'approved');
    await openGate(handle, 'stage3');
    await stop(handle);
  }));

  it('opens for a decision when the checklist is answered, by machine and by named person', () => run(witnessed({ checklist: [{ id: 'backup', text: 'Backup completed', by: 'person', people: ['bob'] }] }).activities, async () => {
    const handle = await start();
    assert.equal((await openGate(handle, 'stage1')).state, 'checklist');
    await refused(handle, approve('alice'), /the checklist is not answered: backup/);
    await refused(handle, { gate: 'stage1', verdict: 'check', item: 'backup', by: 'alice' }, /alice is not among those who answer backup \(bob\)/);
    await answer(handle, { gate: 'stage1', verdict: 'check', item: 'backup', by: 'bob', comment: 'of 03:00' });
    const view = await openGate(handle, 'stage1');
    assert.deepEqual([view.state, view.checklist.map(({ answeredBy, ok }) => [answeredBy, ok])], ['open', [['bob', true]]]);
    assert.equal((await answer(handle, approve('alice'))).state, 'approved');
    await openGate(handle, 'stage3');
    await stop(handle);
  }));
});

describe('break-glass', () => {
  it('passes the gate alone, with reason and incident, on record, and starts a review that outlives the run', async () => {
    const { activities, witness } = witnessed({ quorum: 3, breakGlass: ['dana'] });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await refused(handle, { gate: 'stage1', verdict: 'bypass', by: 'alice', comment: 'now', incident: 'INC-1' }, /alice may not break the glass here \(dana\)/);
      await refused(handle, { gate: 'stage1', verdict: 'bypass', by: 'dana', comment: 'plant down' }, /needs an incident/);
      await answer(handle, { gate: 'stage1', verdict: 'bypass', by: 'dana', comment: 'plant down', incident: 'INC-1' });
      await openGate(handle, 'stage3');
      const { events } = await handle.fetchHistory();
      const child = events?.find(({ startChildWorkflowExecutionInitiatedEventAttributes }) => startChildWorkflowExecutionInitiatedEventAttributes)?.startChildWorkflowExecutionInitiatedEventAttributes;
      assert.equal(child?.workflowType?.name, 'reviewBypass');
      assert.match(child?.workflowId ?? '', new RegExp(`^reviewBypass:${handle.workflowId}:stage1:[0-9a-f]{8}$`));
      await stop(handle);
    });
    const closed = witness.entries.find((entry) => entry.kind === 'gateClosed');
    assert.deepEqual(closed?.kind === 'gateClosed' && closed.bypass, { by: 'dana', reason: 'plant down', incident: 'INC-1' });
  });
});

describe('identity', () => {
  it('keeps what is not proven as a proposal, and counts what is; a proof of somebody else counts for nobody', () => run(witnessed({ identity: 'authenticated' }, {
    verifyAnswers: async ({ answers }) => ({ answers: answers.map(({ id, answer: { signature } }) => (signature === 'bad' ? { id, level: 'claimed' as const, by: null, via: null, problem: 'the signature does not fit' } : { id, level: 'authenticated' as const, by: signature!, via: 'inbox', problem: null })) }),
  }).activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    const proposed = await answer(handle, approve('alice'));
    assert.deepEqual([proposed.counted, proposed.state], [false, 'open']);
    assert.match(proposed.reason!, /identity is only claimed, and this gate wants authenticated/);
    await refused(handle, approve('alice'), /it is kept already/);
    await handle.signal('approve', { gate: 'stage1', by: 'bob' });
    assert.deepEqual((await openGate(handle, 'stage1')).proposals.map(({ by }) => by), ['alice', 'bob']);
    assert.match(await details(handle), /Only signed decisions count/);
    assert.match((await answer(handle, approve('alice', { signature: 'bad' }))).reason!, /claimed \(the signature does not fit\)/);
    assert.match((await answer(handle, approve('alice', { signature: 'bob' }))).reason!, /it says "alice", but is bob's/);
    assert.match((await answer(handle, approve('mallory', { signature: 'mallory' })).catch((error: Error) => ({ reason: String(error.cause) }))).reason!, /mallory is not among the approvers/);
    assert.deepEqual(await answer(handle, approve('alice', { signature: 'alice' })), { state: 'approved', by: ['alice'], counted: true });
    await openGate(handle, 'stage3');
    await stop(handle);
  }));
});

describe('a newer version', () => {
  it('retires a run that waits, and one that has not come to its gate yet', async () => {
    const { activities, witness } = witnessed({});
    await run(activities, async () => {
      const waiting = await start();
      await openGate(waiting, 'stage1');
      await waiting.signal('supersede', { by: 'releaseModel:P001:C001:43-aa', version: '43-aa' });
      const early = await start();
      await early.signal('supersede', { by: 'releaseModel:P001:C001:43-aa', version: '43-aa' });
      for (const handle of [waiting, early]) {
        const { outcome, reason, workItem } = await handle.result();
        assert.deepEqual({ outcome, reason, workItem }, { outcome: 'rejected', reason: 'superseded by version 43-aa (releaseModel:P001:C001:43-aa)', workItem: null });
      }
    });
    assert.deepEqual(witness.entries.flatMap((entry) => (entry.kind === 'gateClosed' ? [entry.state] : [])), ['superseded', 'superseded']);
  });
});

describe('looking after a gate', () => {
  it('reminds, widens as the policy says, and lets silence decide early where it lets nothing through', async () => {
    const { activities, witness } = witnessed({ approvers: ['alice'], onSilence: 'reject', clock: { remind: [], escalate: [], widen: [{ afterMs: 3_600_000, hours: 'elapsed', approvers: ['bob'] }], decide: { afterMs: 7_200_000, hours: 'elapsed' } } });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      const tend = (action: string, more: object = {}) => handle.executeUpdate<{ changes: string[] }, [object]>('tendGate', { args: [{ action, by: 'unblockRelease', reason: 'older than 12 h', ...more }] });
      await assert.rejects(tend('approve'), (error: Error) => /"action" is none of/.test(String(error.cause)));
      assert.deepEqual(await tend('remind'), { changes: [] });
      assert.deepEqual(await tend('widen'), { changes: ['bob'] });
      assert.deepEqual((await status(handle)).gate?.approvers, ['alice', 'bob']);
      assert.deepEqual(await tend('remeasure'), { changes: [] });
      await eventually(() => assert.equal(witness.told.length, 3)); // what is not told yet when a gate is decided is not told any more
      await tend('lapse');
      assert.deepEqual((({ outcome, reason }) => ({ outcome, reason }))(await handle.result()), { outcome: 'rejected', reason: 'unblockRelease: older than 12 h' });
    });
    assert.deepEqual(witness.told.map(({ kind, to }) => [kind, to]), [['opened', ['alice']], ['reminded', ['alice']], ['widened', ['bob']], ['decided', ['alice', 'bob']]]);
  });

  it('takes over what the estate says meanwhile: more may decide, a leaver may not, the quorum stays', async () => {
    const { activities, witness, estate } = witnessed({ quorum: 2, clock: { remind: [{ afterMs: 1_500, hours: 'elapsed' }], escalate: [], widen: [], decide: { afterMs: 3_600_000, hours: 'elapsed' } } });
    await run(activities, async () => {
      const handle = await start();
      await openGate(handle, 'stage1');
      await answer(handle, approve('alice'));
      estate.stage1 = { ...estate.stage1, quorum: 1, approvers: ['bob', 'carol', 'erin'] };
      await eventually(async () => assert.deepEqual((await status(handle)).gate?.approvers, ['bob', 'carol', 'erin']), { timeoutMs: 30_000 });
      const view = await openGate(handle, 'stage1');
      assert.deepEqual([view.decisions, view.missing, view.policy.quorum], [[], 2, 2]);
      assert.equal((await answer(handle, approve('erin'))).state, 'open');
      assert.equal((await answer(handle, approve('bob'))).state, 'approved');
      await openGate(handle, 'stage3');
      await stop(handle);
    });
    const changed = witness.entries.find((entry) => entry.kind === 'policyChanged');
    assert.deepEqual(changed?.kind === 'policyChanged' && changed.changes, ['may decide now: erin', 'may no longer decide: alice', 'the estate now asks for 1; this gate keeps 2', 'the approval of alice no longer counts']);
  });
});
