/** `attributeAnswers` against Server 1.32.1 with its own authorizer and claim mapper: what the server says about the senders, and what must not be believed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { attributeAnswers } from '../../activities/record/attribution.ts';
import { refuseUnattributable } from '../../workers/principal-check.ts';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import type { VerifiedAnswer, WaitingAnswer } from '../../workflows/domain/identity.ts';
import { ProductionTemporal, uniqueId } from '../support/production-temporal.ts';

const people = ['alice', 'bob', 'carol'].map((id) => ({ id, aliases: [`${id.toUpperCase()}@example.com`] }));
const approval = { gate: 'stage1', by: 'alice', evidence: '0123456789ab' };
const taskQueue = 'answering';

describe('answers attributed by the server', () => {
  let temporal: ProductionTemporal;
  let worker: { stop: () => Promise<void>; client: Client };
  let alice: Client;
  let bob: Client;
  let carol: Client;

  before(async () => {
    temporal = await ProductionTemporal.start();
    worker = await startWorker(temporal, temporal.namespace);
    [alice, bob, carol] = await Promise.all([temporal.client('alice'), temporal.client('bob', { identity: 'alice' }), temporal.client('carol')]);
  });
  after(async () => {
    await worker?.stop();
    await temporal?.stop();
  });

  const start = async (): Promise<WorkflowHandle> => await carol.workflow.start('answering', { taskQueue, workflowId: uniqueId('answering') });
  const as = (client: Client, { workflowId }: WorkflowHandle): WorkflowHandle => client.workflow.getHandle(workflowId);
  /** What the run has noted, and what history says about it, read as the record worker reads it. */
  const attribute = async (handle: WorkflowHandle, pick: (answers: WaitingAnswer[]) => WaitingAnswer[] = (answers) => answers): Promise<VerifiedAnswer[]> => {
    const { runId } = await handle.describe();
    const answers = pick(await handle.query<WaitingAnswer[]>('noted'));
    return await attributeAnswers(worker.client, { workflowId: handle.workflowId, runId, firstRunId: runId, wanted: 'attributed', people, answers });
  };
  const settled = async (handle: WorkflowHandle, count: number): Promise<void> => {
    for (let tries = 0; (await handle.query<WaitingAnswer[]>('noted')).length < count; tries += 1) assert.ok(tries < 400, 'the answers came');
  };
  const resetTo = async (handle: WorkflowHandle, client: Client): Promise<WorkflowHandle> => {
    await client.workflowService.resetWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: handle.workflowId }, reason: 'test', workflowTaskFinishEventId: 4 as unknown as Long, requestId: uniqueId('reset') });
    return carol.workflow.getHandle(handle.workflowId);
  };

  it('takes the person from the token, by id and by alias, whatever the letters', async () => {
    const handle = await start();
    await as(alice, handle).signal('approve', approval);
    await as(await temporal.client('Bob@Example.com'), handle).signal('reject', { gate: 'stage1', by: 'bob', comment: 'no' });
    const [first, second] = await attribute(handle);
    assert.deepEqual(first, { id: 1, level: 'attributed', by: 'alice', via: 'Temporal (jwt)', problem: null });
    assert.deepEqual([second?.level, second?.by, second?.problem], ['attributed', 'bob', null]);
  });

  it('does not count a payload that names alice and was sent with bob’s token, whose client calls itself alice', async () => {
    const handle = await start();
    await as(bob, handle).signal('approve', approval);
    const [answer] = await attribute(handle);
    assert.deepEqual(answer, { id: 1, level: 'claimed', by: null, via: null, problem: 'it says "alice", but bob sent it' });
  });

  it('tells the repetitions of one payload apart by their time, and never gives bob’s to alice', async () => {
    const handle = await start();
    await as(alice, handle).signal('approve', approval);
    await settled(handle, 1);
    await as(bob, handle).signal('approve', approval);
    await settled(handle, 2);
    await as(alice, handle).signal('approve', approval);
    await settled(handle, 3);
    const problem = 'it says "alice", but bob sent it';
    assert.deepEqual((await attribute(handle)).map(({ by, problem }) => by ?? problem), ['alice', problem, 'alice']);
    // Each alone, as when the others were verified before or come later.
    for (const [index, expected] of ['alice', problem, 'alice'].entries()) {
      const [answer] = await attribute(handle, (answers) => [answers[index]!]);
      assert.equal(answer?.by ?? answer?.problem, expected);
    }
  });

  it('pairs one payload of two senders within one workflow task in order, and counts none that cannot be told apart', async () => {
    const handle = await start();
    await settled(handle, 0);
    await worker.stop();
    await as(bob, handle).signal('approve', approval);
    await as(alice, handle).signal('approve', approval);
    worker = await startWorker(temporal, temporal.namespace);
    await settled(handle, 2);
    const noted = await handle.query<WaitingAnswer[]>('noted');
    assert.equal(noted[0]!.receivedAt, noted[1]!.receivedAt);
    assert.deepEqual((await attribute(handle)).map(({ by, problem }) => by ?? problem), ['it says "alice", but bob sent it', 'alice']);
    const [alone] = await attribute(handle, ([, second]) => [second!]);
    assert.match(alone!.problem!, /in the same moment/);
  });

  it('knows that the server gives an update to the worker that accepted it', async () => {
    const handle = await start();
    await assert.rejects(as(alice, handle).executeUpdate('decide', { args: [{ by: 'alice' }] }), 'the validator refuses it');
    await as(alice, handle).executeUpdate('decide', { args: [{ ...approval, verdict: 'approve' }] });
    const history = await handle.fetchHistory();
    const accepted = history.events?.filter(({ workflowExecutionUpdateAcceptedEventAttributes: attributes }) => attributes) ?? [];
    assert.deepEqual(accepted.map(({ principal }) => principal?.name), ['holdpoint-worker'], 'if this fails, the server has learnt to tell, and updates can be attributed');
    const [answer] = await attribute(handle);
    assert.equal(answer?.level, 'claimed');
    assert.match(answer.problem!, /send it as the signal/);
    // The same person's signal counts.
    await as(alice, handle).signal('approve', approval);
    await settled(handle, 2);
    assert.equal((await attribute(handle))[1]?.by, 'alice');
  });

  it('keeps the senders when somebody resets the run, and takes what comes after from its own events', async () => {
    const handle = await start();
    await settled(handle, 0); // the first task is done: everything comes after the point of the reset
    await as(bob, handle).signal('approve', approval);
    await settled(handle, 1);
    await as(bob, handle).signal('approve', { ...approval, by: 'bob' });
    await settled(handle, 2);
    // Carol resets, so the server calls both hers; alice's own comes after.
    const again = await resetTo(handle, carol);
    await settled(again, 2);
    await as(alice, again).signal('approve', approval);
    await settled(again, 3);
    assert.deepEqual((await attribute(again)).map(({ by, problem }) => by ?? problem), ['it says "alice", but bob sent it', 'bob', 'alice']);
    // Alice resets the run that was reset: bob's forgery must not become hers.
    const twice = await resetTo(again, alice);
    await settled(twice, 3);
    assert.deepEqual((await attribute(twice)).map(({ by, problem }) => by ?? problem), ['it says "alice", but bob sent it', 'bob', 'alice']);
    const { events } = await twice.fetchHistory();
    assert.deepEqual(events?.flatMap(({ workflowExecutionSignaledEventAttributes: signal, principal }) => (signal ? [principal?.name] : [])), ['alice', 'alice', 'alice'], 'the server calls all three alice’s');
  });

  it('counts nobody for a signal from another workflow, which may bear the worker’s principal', async () => {
    const handle = await start();
    await bob.workflow.execute('answerFor', { taskQueue, workflowId: uniqueId('answerFor'), args: [handle.workflowId, approval] });
    await settled(handle, 1);
    const [answer] = await attribute(handle);
    assert.equal(answer?.level, 'claimed');
    assert.match(answer.problem!, /another workflow sent it/);
  });

  it('knows nobody behind a principal that the estate does not know', async () => {
    const handle = await start();
    await as(await temporal.client('mallory'), handle).signal('approve', approval);
    const [answer] = await attribute(handle);
    assert.equal(answer?.problem, 'it was sent by "mallory" (jwt), whom the estate does not know');
  });

  it('finds the answers of a long run from its newest events', async () => {
    const handle = await start();
    for (let n = 0; n < 150; n += 1) await as(bob, handle).signal('approve', { gate: 'stage1', by: `stranger-${n}` });
    await as(alice, handle).signal('approve', approval);
    await settled(handle, 151);
    const [answer] = await attribute(handle, (answers) => answers.slice(-1));
    assert.equal(answer?.by, 'alice');
  });

  it('lets gates of identity attributed through at a worker’s start, by the worker’s own token', async () => {
    const connection = await temporal.workerConnection();
    await refuseUnattributable(connection.workflowService, { estateFile: 'estate.yml', gates: ['stage1'] });
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    assert.equal(serverVersion, '1.32.1');
  });

  it('says so when the namespace propagates no principals', async () => {
    const plain = await startWorker(temporal, temporal.plainNamespace);
    try {
      const client = await temporal.client('alice', { namespace: temporal.plainNamespace });
      const handle = await client.workflow.start('answering', { taskQueue, workflowId: uniqueId('answering') });
      await handle.signal('approve', approval);
      const answers = await handle.query<WaitingAnswer[]>('noted');
      const { runId } = await handle.describe();
      const [answer] = await attributeAnswers(plain.client, { workflowId: handle.workflowId, runId, firstRunId: runId, wanted: 'attributed', people, answers });
      assert.equal(answer?.level, 'claimed');
      assert.match(answer.problem!, /attributed nobody to this event/);
    } finally {
      await plain.stop();
    }
  });
});

type Long = NonNullable<Parameters<Client['workflowService']['resetWorkflowExecution']>[0]['workflowTaskFinishEventId']>;

/** A worker of the answering workflows, and a client as its activities would have one. */
async function startWorker(temporal: ProductionTemporal, namespace: string): Promise<{ stop: () => Promise<void>; client: Client }> {
  const worker = await Worker.create({
    connection: await temporal.workerConnection(), namespace, taskQueue, dataConverter: { payloadConverterPath }, stickyQueueScheduleToStartTimeout: '1s',
    workflowsPath: fileURLToPath(new URL('./answering-workflow.ts', import.meta.url)),
  });
  const running = worker.run();
  const client = await temporal.client('holdpoint-worker', { namespace });
  return {
    client,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    },
  };
}
