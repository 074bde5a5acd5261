/** A gate of `releaseModel` that demands identity `attributed`, on Server 1.32.1: whose signal it is says the server, not the payload and not the client. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { attributeAnswers } from '../../activities/record/attribution.ts';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../activities/record/index.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import type { BulkResult } from '../../starters/bulk/decide-all.ts';
import { createDecisionSigner } from '../../starters/decision-signer.ts';
import { listWaitingGates } from '../../starters/gates/waiting-gates.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { GatePolicy } from '../../workflows/domain/policy.ts';
import { eventually } from '../support/eventually.ts';
import { holdpointAt } from '../starters/run-holdpoint.ts';
import { gateOf, openGate, witnessed, type Witness } from '../support/gate-runs.ts';
import { ProductionTemporal, uniqueId } from '../support/production-temporal.ts';
import { testInput } from '../support/release-activities.ts';
import { gateOpen, status, type Handle } from '../support/release-model-runs.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';

describe('a gate of identity attributed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-attributed-'));
  let temporal: ProductionTemporal;
  let clients: Record<'alice' | 'bob' | 'carol' | 'dana' | 'forger' | 'worker', Client>;

  before(async () => {
    await mintKeys(directory);
    temporal = await ProductionTemporal.start();
    const [alice, bob, carol, dana, forger, worker] = await Promise.all([
      temporal.client('alice'), temporal.client('bob'), temporal.client('carol'), temporal.client('dana@example.com'), temporal.client('bob', { identity: 'alice' }), temporal.client('holdpoint-worker'),
    ]);
    clients = { alice, bob, carol, dana, forger, worker };
  });
  after(async () => {
    await temporal?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs a release whose Stage 1 is attributed, with the real verification. */
  const release = async (stage1: Partial<GatePolicy>, body: (handle: Handle, witness: Witness) => Promise<void>): Promise<void> => {
    const store = (name: string) => openFolderStore(join(directory, uniqueId(name).replace(':', '-')));
    const { verifyAnswers } = createRecordActivities({ record: store('record'), anchors: store('anchors'), keysDirectory: directory, build: 'test', attribute: (input) => attributeAnswers(clients.worker, input) });
    const { activities, witness } = witnessed({ identity: 'attributed', ...stage1 }, { verifyAnswers });
    const environment = { nativeConnection: await temporal.workerConnection(), namespace: temporal.namespace, client: clients.worker };
    await withReleaseWorkers(environment, activities, async () => {
      const handle = (await clients.worker.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: uniqueId('releaseModel'), args: [testInput] })) as Handle;
      await openGate(handle, 'stage1');
      await body(handle, witness);
      if ((await handle.describe()).status.name === 'RUNNING') await handle.terminate('the test is over');
    });
  };
  const send = (client: Client, { workflowId }: Handle, signal: 'approve' | 'reject', value: Answer) => client.workflow.getHandle(workflowId).signal(signal, value);
  const lastReason = async (handle: Handle): Promise<string> => (await status(handle)).lastAnswer?.reason ?? '';
  const by = { gate: 'stage1', by: 'alice' };

  it('counts alice’s signal, sent with alice’s token', () =>
    release({}, async (handle, { entries }) => {
      await send(clients.alice, handle, 'approve', by);
      await gateOpen(handle, 'stage3');
      const [answers] = entries.filter((entry) => entry.kind === 'answers');
      assert.deepEqual(answers?.answers.map(({ channel, counted, by: who, level, via }) => ({ channel, counted, who, level, via })), [{ channel: 'approve', counted: true, who: 'alice', level: 'attributed', via: 'Temporal (jwt)' }]);
    }));

  it('does not count what says "by": "alice" and was sent with bob’s token, whatever bob’s client calls itself, until alice sends it herself', () =>
    release({}, async (handle) => {
      for (const client of [clients.bob, clients.forger]) {
        await send(client, handle, 'approve', by);
        await eventually(async () => assert.match(await lastReason(handle), /identity is only claimed \(it says "alice", but bob sent it\)/));
        assert.equal((await status(handle)).gate?.id, 'stage1');
      }
      await send(clients.alice, handle, 'approve', by);
      await gateOpen(handle, 'stage3');
    }));

  it('takes a decision by update for a proposal, and says how its author confirms it', () =>
    release({}, async (handle) => {
      const result = await clients.alice.workflow.getHandle(handle.workflowId).executeUpdate<{ counted: boolean; reason?: string; state: string }, [Answer]>('decide', { args: [{ ...by, verdict: 'approve' }] });
      assert.deepEqual([result.counted, result.state], [false, 'open']);
      assert.match(result.reason!, /send it as the signal/);
      assert.deepEqual((await gateOf(handle))?.proposals.map((proposal) => [proposal.by, proposal.verdict]), [['alice', 'approve']]);
      await send(clients.alice, handle, 'approve', by);
      await gateOpen(handle, 'stage3');
    }));

  it('counts the command line, called with alice’s token, and tells bob in alice’s name why he does not count', () =>
    release({}, async (handle) => {
      const approve = async (token: string) => await holdpointAt(temporal.address)(['approve', handle.workflowId, '--gate', 'stage1', '--as', 'alice'], { environment: { TEMPORAL_API_KEY: token, TEMPORAL_TLS: 'false' } });
      const forged = await approve(await temporal.token('bob'));
      assert.equal(forged.code, 0, forged.stderr);
      await eventually(async () => assert.match(await lastReason(handle), /it says "alice", but bob sent it/));
      const { code, stdout, stderr } = await approve(await temporal.token('alice'));
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Sent, as the signal approve of stage1 of /);
      await gateOpen(handle, 'stage3');
    }));

  it('counts what the command line decides together, called with alice’s token, and tells bob that his are proposals', () =>
    release({}, async (handle) => {
      const approveAll = async (token: string) => await holdpointAt(temporal.address)(['approve', '--all', '--gate', 'stage1', '--as', 'alice', '--yes', '--json'], { environment: { TEMPORAL_API_KEY: token, TEMPORAL_TLS: 'false' } });
      const own = ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        assert.notEqual(stdout, '', stderr);
        return (JSON.parse(stdout) as { results: BulkResult[] }).results.filter(({ workflowId }) => workflowId === handle.workflowId).map(({ result, channel }) => [result, channel]);
      };
      await eventually(async () => assert.ok((await listWaitingGates(clients.worker)).some(({ workflowId }) => workflowId === handle.workflowId)));
      assert.deepEqual(own(await approveAll(await temporal.token('bob'))), [['proposed', 'signal']]);
      assert.deepEqual(own(await approveAll(await temporal.token('alice'))), [['counted', 'signal']]);
      await gateOpen(handle, 'stage3');
    }));

  it('takes a signed answer of the receiver for a proposal: the gate wants more', () =>
    release({}, async (handle) => {
      const view = await gateOf(handle);
      const sign = createDecisionSigner({ privateKeysFile: join(directory, 'decisions.private.json') });
      const signed = await sign({ workflowId: handle.workflowId, runId: view!.runId, via: 'inbox', by: 'alice', answer: { ...by, verdict: 'approve' } });
      const result = await handle.executeUpdate<{ counted: boolean; reason?: string }, [Answer]>('decide', { args: [signed] });
      assert.equal(result.counted, false);
      assert.match(result.reason!, /identity is only authenticated/);
    }));

  it('holds four eyes on the principal, under every alias', () =>
    release({ approvers: ['alice', 'dana'] }, async (handle) => {
      // Dana asked for the change. In her own name she is refused at once; in alice's she is found out.
      await send(clients.dana, handle, 'approve', { gate: 'stage1', by: 'dana' });
      await eventually(async () => assert.match(await lastReason(handle), /dana asked for this change/));
      await send(clients.dana, handle, 'approve', by);
      await eventually(async () => assert.match(await lastReason(handle), /it says "alice", but dana sent it/));
      assert.equal((await status(handle)).gate?.id, 'stage1');
    }));

  it('wants two principals for a quorum of two, and rejects by a principal’s signal', () =>
    release({ quorum: 2 }, async (handle) => {
      await send(clients.alice, handle, 'approve', by);
      await eventually(async () => assert.deepEqual((await gateOf(handle))?.decisions.map((decision) => [decision.by, decision.level]), [['alice', 'attributed']]));
      await send(clients.alice, handle, 'approve', { ...by, by: 'bob' });
      await eventually(async () => assert.match(await lastReason(handle), /it says "bob", but alice sent it/));
      await send(clients.carol, handle, 'reject', { gate: 'stage1', by: 'carol', comment: 'the log shows a spike' });
      const result = (await handle.result());
      assert.deepEqual([result.outcome, result.reason], ['rejected', 'carol: the log shows a spike']);
    }));
});
