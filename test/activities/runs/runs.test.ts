import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment, type TestWorkflowEnvironment } from '@temporalio/testing';
import { createRunsActivities } from '../../../activities/runs/index.ts';
import { payloadConverterPath } from '../../../workers/temporal-client.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { failure, freshKey, quiet } from '../support/platforms.ts';
import { freePort } from '../../scripts/free-port.ts';
import { eventually } from '../../support/eventually.ts';
import { testPolicy } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
let runs: ReturnType<typeof createRunsActivities>;
before(async () => {
  temporal = await startTemporal();
  runs = createRunsActivities({ client: temporal.client });
});
after(() => temporal.teardown());

const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment({ attempt: 1 }, quiet).run(activity, input);
const waiting = async (plant: string, circuit: string, version = '1') => {
  const handle = await startRelease(temporal.client, releaseInput(plant, circuit, version));
  await visible(temporal.client, `Gate = 'stage1' AND Plant = '${plant}' AND Circuit = '${circuit}' AND ModelVersion = '${version}' AND ExecutionStatus = 'Running'`, 1);
  return handle;
};
type Handle = Awaited<ReturnType<typeof waiting>>;
const gateOf = (handle: Handle) => handle.query<GateView | null>('gate');
const updatesOf = async (handle: Handle): Promise<number> => ((await handle.fetchHistory()).events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
const now = () => new Date().toISOString();

describe('gates of other runs', () => {
  it('are found by plant, circuit, gate and age, each confirmed by its run', () => withReleaseWorkers(temporal, {}, async () => {
    const handles = [await waiting('P1', 'C1'), await waiting('P1', 'C2')];
    const found = await run(runs.findWaitingGates, { now: now(), plant: 'P1' });
    assert.deepEqual(found.gates.map(({ workflowId, gate, recommends, severity }) => [workflowId, gate, recommends, severity]), handles.map(({ workflowId }) => [workflowId, 'stage1', 'approve', 'P2']));
    assert.deepEqual([found.more, found.unreadable], [0, []]);
    assert.deepEqual((await run(runs.findWaitingGates, { now: now(), plant: 'P1', circuit: 'C2' })).gates.map(({ target }) => target?.circuit), ['C2']);
    assert.deepEqual((await run(runs.findWaitingGates, { now: now(), plant: 'P1', gates: ['stage3'] })).gates, []);
    assert.deepEqual((await run(runs.findWaitingGates, { now: now(), plant: `P1' OR Plant = 'P1` })).gates, []);
    assert.deepEqual((await run(runs.findWaitingGates, { now: now(), plant: 'P1', olderThanMs: 3_600_000 })).gates, []);
    assert.equal((await run(runs.findWaitingGates, { now: new Date(Date.now() + 13 * 3_600_000).toISOString(), plant: 'P1', olderThanMs: 12 * 3_600_000 })).gates.length, 2);
    const cut = await run(runs.findWaitingGates, { now: now(), plant: 'P1', most: 1 });
    assert.deepEqual([cut.gates.length, cut.more], [1, 1]);
    const { gates } = await run(runs.readGates, { gates: [{ workflowId: handles[0]!.workflowId, gate: 'stage1' }, { workflowId: handles[1]!.workflowId, gate: 'stage3' }] });
    assert.deepEqual(gates.map(({ workflowId, figures }) => [workflowId, figures[0]]), [[handles[0]!.workflowId, { name: 'MAE', candidate: '1.900', production: '2.100', threshold: '≤ 2.100' }]]);
    await Promise.all(handles.map((handle) => handle.cancel()));
  }));

  it('that are not confirmed are said to be unreadable when no worker answers', async () => {
    let handle: Handle | undefined;
    await withReleaseWorkers(temporal, {}, async () => void (handle = await waiting('P2', 'C1')));
    const found = await run(runs.findWaitingGates, { now: now(), plant: 'P2' });
    assert.deepEqual([found.gates, found.unreadable], [[], [{ workflowId: handle!.workflowId, reason: 'no worker answers' }]]);
    await handle!.terminate();
  });

  it('take an answer once, however often it is given', () => withReleaseWorkers(temporal, {}, async () => {
    const handle = await waiting('P3', 'C1');
    const { evidence } = (await gateOf(handle))!;
    const input = { key: freshKey(), workflowId: handle.workflowId, gate: 'stage1', evidence, verdict: 'approve' as const, by: 'alice', comment: 'fine' };
    const wrong = await run(runs.answerGate, { ...input, key: freshKey(), evidence: 'ffffffffffff' });
    assert.deepEqual([wrong.state, wrong.counted], ['refused', false]);
    assert.match(wrong.reason, /other evidence/);
    const first = await run(runs.answerGate, input);
    assert.deepEqual([first.state, first.counted], ['approved', true]);
    await eventually(async () => assert.equal((await gateOf(handle))?.gate, 'stage3'));
    const again = await run(runs.answerGate, input);
    assert.deepEqual(again, first);
    assert.equal(await updatesOf(handle), 1);
    assert.match((await run(runs.answerGate, { ...input, key: freshKey() })).reason, /stage1.* is closed/);
    await handle.cancel();
  }));

  it('take the decisions of all who decided, and one that refuses stops no other', () => withReleaseWorkers(temporal, {}, async () => {
    const handles = [await waiting('P4', 'C1'), await waiting('P4', 'C2')];
    const gates = await Promise.all(handles.map(async (handle) => ({ workflowId: handle.workflowId, gate: 'stage1', evidence: (await gateOf(handle))!.evidence })));
    const input = { key: freshKey(), gates: [...gates, { workflowId: 'releaseModel:no:such:run', gate: 'stage1', evidence: '' }], verdict: 'reject' as const, decisions: [{ by: 'alice', comment: 'below threshold' }], review: { workflowId: 'reviewPendingReleases:1', runId: 'r', gate: 'group-1', generation: 0 } };
    const first = await run(runs.answerGates, input);
    assert.deepEqual(first, { settled: 2, refused: [{ workflowId: 'releaseModel:no:such:run', reason: 'the run has ended' }] });
    assert.match((await handles[1]!.result()).reason, /alice: below threshold/);
  }));

  it('are tended once under one key, and say so when they are closed', () => withReleaseWorkers(temporal, {}, async () => {
    const handle = await waiting('P5', 'C1');
    const input = { gates: [{ key: freshKey(), workflowId: handle.workflowId, reason: 'open for long' }], action: 'remind' as const, by: 'unblockRelease' };
    for (let time = 0; time < 2; time += 1) assert.deepEqual((await run(runs.tendGates, input)).gates, [{ workflowId: handle.workflowId, done: true, changes: [], reason: '' }]);
    assert.equal(await updatesOf(handle), 1);
    await handle.signal('reject', { gate: 'stage1', by: 'alice', comment: 'no' });
    await handle.result();
    const closed = await run(runs.tendGate, { key: freshKey(), workflowId: handle.workflowId, action: 'remind', by: 'x', reason: '' });
    assert.deepEqual([closed.done, closed.reason], [false, 'the run has ended']);
  }));
});

describe('older runs of the same target', () => {
  it('are found while they wait, and retired once', () => withReleaseWorkers(temporal, { loadPolicy: async ({ target }) => ({ ...testPolicy(target), supersede: 'keep' }) }, async () => {
    const older = await waiting('P6', 'C1', '1');
    const newer = await waiting('P6', 'C1', '2');
    await waiting('P6', 'C2', '1').then((other) => other.cancel());
    const target = { plant: 'P6', circuit: 'C1' };
    assert.deepEqual((await run(runs.findOlderRuns, { target, version: '2', workflowId: newer.workflowId })).runs, [{ workflowId: older.workflowId, version: '1', gate: 'stage1', phase: 'Stage 1 approval' }]);
    assert.deepEqual((await run(runs.findOlderRuns, { target, version: '1', workflowId: older.workflowId })).runs, []);
    assert.deepEqual(await run(runs.supersedeRun, { workflowId: older.workflowId, by: newer.workflowId, version: '2' }), { sent: true });
    assert.match((await older.result()).reason, /superseded by version 2/);
    assert.deepEqual(await run(runs.supersedeRun, { workflowId: older.workflowId, by: newer.workflowId, version: '2' }), { sent: false });
    await newer.cancel();
  }));
});

describe('released runs', () => {
  it('are followed until there is something new to say', () => withReleaseWorkers(temporal, {}, async () => {
    const handle = await waiting('P7', 'C1');
    const input = { workflowIds: [handle.workflowId], until: 'closed' as const, intervalMs: 1_000, tell: 'everything' as const };
    const first = await run(runs.followReleases, { ...input, seen: null });
    assert.deepEqual([first.counts.queued, first.done], [1, false]);
    await assert.rejects(run(runs.followReleases, { ...input, seen: first.counts }), (error) => error instanceof ApplicationFailure && error.type === 'StillWatching' && !error.nonRetryable && Number(error.nextRetryDelay) === 1_000);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    const last = await run(runs.followReleases, { ...input, seen: first.counts });
    assert.deepEqual([last.counts.failed, last.lost, last.done], [1, [handle.workflowId], true]);
    await assert.rejects(run(runs.followReleases, { ...input, workflowIds: ['releaseModel:no:such:run'], seen: null }), failure('NotFound', true));
  }));

  it('that are watched in production are busy', async () => {
    let watch = true;
    await withReleaseWorkers(temporal, { watchAlerts: async () => { while (watch) await new Promise((done) => setTimeout(done, 50)); return { kind: 'healthy', polls: 1, alerts: 0 }; } }, async () => {
      const handle = await waiting('P8', 'C1');
      for (const gate of ['stage1', 'stage3']) {
        await eventually(async () => assert.equal((await gateOf(handle))?.gate, gate));
        await handle.signal('approve', { gate, by: 'alice' });
      }
      await visible(temporal.client, `Phase = 'monitoring' AND Plant = 'P8'`, 1);
      assert.deepEqual(await run(runs.findBusyTargets, { plant: 'P8' }), { busy: [{ workflowId: handle.workflowId, target: { plant: 'P8', circuit: 'C1', version: '1' }, phase: 'monitoring' }] });
      watch = false;
      await handle.result();
      await eventually(async () => assert.deepEqual(await run(runs.findBusyTargets, { plant: 'P8' }), { busy: [] }));
    });
  });
});

it('a Temporal that is away is a failure that is tried again', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}`, connectTimeout: 300 });
  const away = createRunsActivities({ client: new Client({ connection, dataConverter: { payloadConverterPath } }) });
  await assert.rejects(run(away.supersedeRun, { workflowId: 'w', by: 'x', version: '1' }), failure('Unavailable', false));
  await connection.close();
});
