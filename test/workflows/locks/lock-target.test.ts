import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { claimLock, freeLock } from '../../../activities/runs/locks.ts';
import { lockId, type LockClaim, type LockNews, type LockState } from '../../../workflows/domain/resource-lock.ts';
import { eventually } from '../../support/eventually.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

interface Party {
  handle: WorkflowHandle;
  claim: LockClaim;
}

/** A run that goes on without a worker of its own: it takes signals, and does nothing. */
async function party(name: string, circuit: string, more: Partial<LockClaim> = {}): Promise<Party> {
  const workflowId = `${name}:${circuit}`;
  const handle = await temporal.client.workflow.start('idle', { taskQueue: 'nobody', workflowId });
  return { handle, claim: { workflowId, runId: handle.firstExecutionRunId, target: { plant: 'P001', circuit }, what: name, version: name, priority: 20, preempts: false, preImage: { version: '1', model: 'model-1' }, ...more } };
}

const claim = ({ claim }: Party) => claimLock(temporal.client, claim);
const lockOf = (circuit: string) => temporal.client.workflow.getHandle(lockId({ plant: 'P001', circuit }));
const state = (circuit: string) => lockOf(circuit).query<LockState>('status');
const release = ({ claim: { workflowId, runId, target } }: Party) => lockOf(target.circuit).signal('release', { workflowId, runId });

/** What the lock has told a run by signal. */
async function heard({ handle }: Party): Promise<LockNews[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName === 'lock' ? [JSON.parse(Buffer.from(signal.input!.payloads![0]!.data!).toString()) as LockNews] : []));
}

describe('lockTarget', () => {
  it('grants by priority, then by arrival, and tells each who waits where', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'order';
    const [first, second, third, severe] = [await party('first', circuit), await party('second', circuit), await party('third', circuit), await party('severe', circuit, { priority: 40 })];
    assert.deepEqual(await claim(first), { kind: 'granted', epoch: 1, preempted: null });
    assert.deepEqual(await claim(second), { kind: 'queued', place: 1, heldBy: 'first:order', what: 'first' });
    assert.deepEqual(await claim(third), { kind: 'queued', place: 2, heldBy: 'first:order', what: 'first' });
    assert.deepEqual(await claim(severe), { kind: 'queued', place: 1, heldBy: 'first:order', what: 'first' });
    assert.deepEqual((await state(circuit)).queue.map(({ what }) => what), ['severe', 'second', 'third']);
    assert.match(await details(lockOf(circuit)), /epoch 1\n\n\*\*Held by\*\* first:order[^]*1\. severe:order[^]*2\. second:order/);
    await eventually(async () => assert.deepEqual((await heard(third)).map((news) => 'place' in news && news.place), [3]));

    await release(first);
    await eventually(async () => assert.equal((await heard(severe)).at(-1)?.kind, 'granted'));
    const { epoch, holder } = await state(circuit);
    assert.deepEqual([epoch, holder?.what, holder?.epoch], [2, 'severe', 2]);
    await release(second); // leaves the queue
    await release(severe);
    await eventually(async () => assert.deepEqual((await heard(third)).at(-1), { kind: 'granted', epoch: 3, preempted: null, runId: third.claim.runId, target: third.claim.target }));
  }));

  it('is not changed by claims and releases that come again', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'again';
    const [holder, waiting, stranger] = [await party('holder', circuit), await party('waiting', circuit), await party('stranger', circuit)];
    await claim(holder);
    await claim(waiting);
    const before = await state(circuit);
    assert.deepEqual([await claim(holder), (await claim(waiting)).kind], [{ kind: 'granted', epoch: 1, preempted: null }, 'queued']);
    await release(stranger);
    const after = await state(circuit);
    assert.deepEqual([after.epoch, after.holder?.what, after.queue.length], [before.epoch, 'holder', 1]);
    await release(holder);
    await release(holder);
    await eventually(async () => assert.deepEqual([(await state(circuit)).holder?.what, (await state(circuit)).epoch], ['waiting', 2]));
  }));

  it('is taken at once by a rollback, which hears what was there before, also when it asks again', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'rollback';
    const [holder, waiting, rollback] = [await party('holder', circuit), await party('waiting', circuit), await party('rollback', circuit, { preempts: true, preImage: null })];
    await claim(holder);
    await claim(waiting);
    const preempted = { workflowId: 'holder:rollback', runId: holder.claim.runId, version: 'holder', preImage: { version: '1', model: 'model-1' }, epoch: 1 };
    assert.deepEqual(await claim(rollback), { kind: 'granted', epoch: 2, preempted });
    assert.deepEqual(await claim(rollback), { kind: 'granted', epoch: 2, preempted });
    await eventually(async () => assert.deepEqual((await heard(holder)).at(-1), { kind: 'preempted', by: 'rollback:rollback', what: 'rollback', epoch: 2, runId: holder.claim.runId, target: holder.claim.target }));
    await eventually(async () => assert.deepEqual((await heard(waiting)).at(-1), { kind: 'queued', place: 1, heldBy: 'rollback:rollback', what: 'rollback', runId: waiting.claim.runId, target: waiting.claim.target }));
    assert.equal((await heard(holder)).length, 1);
  }));

  it('is taken back from a run that was terminated, as soon as somebody wants it', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'terminated';
    const [holder, waiting] = [await party('holder', circuit), await party('waiting', circuit)];
    await claim(holder);
    await holder.handle.terminate();
    await claim(waiting);
    await eventually(async () => assert.equal((await state(circuit)).holder?.what, 'waiting'));
    await eventually(async () => assert.equal((await heard(waiting)).at(-1)?.kind, 'granted'));
  }));

  it('is freed by whoever finds the run that held it', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'swept';
    const holder = await party('holder', circuit);
    await claim(holder);
    const { workflowId, runId, target } = holder.claim;
    assert.deepEqual(await freeLock(temporal.client, { workflowId, runId, target }), { was: 'held' });
    await eventually(async () => assert.equal((await state(circuit)).holder, null));
    assert.deepEqual(await freeLock(temporal.client, { workflowId, runId, target }), { was: 'neither' });
    assert.deepEqual(await freeLock(temporal.client, { workflowId, runId, target: { plant: 'P001', circuit: 'never' } }), { was: 'neither' });
  }));

  it('goes on in a new run before its history grows long, holder, queue and epoch kept', () => withReleaseWorkers(temporal, {}, async () => {
    const circuit = 'long';
    const [holder, waiting, other] = [await party('holder', circuit), await party('waiting', circuit), await party('other', circuit)];
    await claim(other);
    const { runId: firstRun } = await lockOf(circuit).describe();
    await release(other);
    for (let round = 0; round < 400; round += 1) {
      await claim(other).catch(async () => await claim(other)); // an update that meets the new run is claimed again, as the activity does
      await release(other);
      if ((await lockOf(circuit).describe()).runId !== firstRun) break;
    }
    await claim(holder);
    await claim(waiting);
    const { runId, historyLength } = await lockOf(circuit).describe();
    assert.notEqual(runId, firstRun);
    assert.ok(historyLength < 2_100, `${historyLength} events`);
    const { epoch, holder: held, queue } = await state(circuit);
    assert.deepEqual([held?.what, queue.map(({ what }) => what), epoch > 100], ['holder', ['waiting'], true]);
  }));
});
