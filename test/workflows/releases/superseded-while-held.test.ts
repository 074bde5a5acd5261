import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { holdReleases } from '../../../activities/runs/emergency-stop.ts';
import { claimLock } from '../../../activities/runs/locks.ts';
import { ReleaseModelPhase as Phase } from '../../../workflows/domain/phases.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import { lockId, lockPriority, type LockState } from '../../../workflows/domain/resource-lock.ts';
import { eventually } from '../../support/eventually.ts';
import { stop } from '../../support/gate-runs.ts';
import { releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details, gateOpen, passBothStages, releaseRuns, type Handle } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

/** One circuit, whose newer releases retire older ones: what is on record of it, and how often its production was written to. */
class Circuit {
  readonly target: { plant: string; circuit: string };
  readonly entries: { by: string; entry: RecordEntry }[] = [];
  writes = 0;
  /** What a write to production waits for. */
  mayWrite: Promise<void> = Promise.resolve();

  constructor(circuit: string) {
    this.target = { plant: 'P001', circuit };
  }

  start(version: string): Promise<Handle> {
    return start({ ...testInput, target: this.target, version });
  }

  found(what: string): string[] {
    return this.entries.flatMap(({ entry }) => (entry.kind === 'finding' && entry.what === what ? [entry.detail] : []));
  }

  /** The end of an older release, and the newer one that has ended it. */
  async superseded(older: Handle, by: Handle): Promise<void> {
    const { outcome, reason, production, workItem } = await older.result();
    assert.deepEqual([outcome, reason, production, workItem, this.writes], ['rejected', `superseded by version 43-0badcafe (${by.workflowId})`, 'unchanged', null, 0]);
    await gateOpen(by, 'stage1');
    await stop(by);
  }
}

function activitiesOf(circuits: readonly Circuit[]): Partial<ReleaseActivities> {
  const plain = releaseActivities();
  const of = (name: string | undefined): Circuit | undefined => circuits.find(({ target }) => target.circuit === name);
  return {
    loadPolicy: async ({ target }) => ({ ...testPolicy(target), supersede: 'retire' }),
    readBatchDeployment: plain.readBatchDeployment,
    deployBatchModel: async (input) => {
      if (input.workspace.workspace === 'prod-ml-workspace') {
        const circuit = of(/C\d+/.exec(input.deployment)?.[0])!;
        circuit.writes += 1;
        await circuit.mayWrite;
      }
      return await plain.deployBatchModel(input);
    },
    appendToRecord: async ({ run: { workflowId, target }, entries }) => {
      of(target?.circuit)?.entries.push(...entries.map((entry) => ({ by: workflowId, entry })));
      return { block: 1, digest: '0'.repeat(64) };
    },
  };
}

/** As a newer release would find it: lists are a little behind. */
const listedIn = (handle: Handle, phase: string) =>
  eventually(async () => assert.equal((await Array.fromAsync(temporal.client.workflow.list({ query: `WorkflowId = '${handle.workflowId}' AND Phase = '${phase}'` }))).length, 1));

async function heldByStop(circuit: Circuit): Promise<void> {
  await holdReleases(temporal.client, { scope: circuit.target, by: 'coordinateIncident:a', reason: 'P0', since: '2026-11-21T03:00:00.000Z' });
  const older = await circuit.start('42-3f2a91c0');
  await passBothStages(older);
  await listedIn(older, Phase.Stopped);
  await circuit.superseded(older, await circuit.start('43-0badcafe'));
  assert.match(circuit.found('held by an emergency stop').join('|'), /^coordinateIncident:a \(P0\): from \S+ until \S+; superseded by version 43-0badcafe \([^|]*$/);
  assert.deepEqual(circuit.found('superseded an older release'), [`${older.workflowId}, which an emergency stop held`]);
}

async function waitingForTheLock(circuit: Circuit): Promise<void> {
  const idle = async (workflowId: string) => ({ workflowId, runId: (await temporal.client.workflow.start('idle', { taskQueue: 'nobody', workflowId })).firstExecutionRunId });
  const [holder, behind] = [await idle('holder'), await idle('behind')];
  const claim = { target: circuit.target, version: null, preempts: false, preImage: null };
  await claimLock(temporal.client, { ...holder, ...claim, what: 'recovery', priority: lockPriority('recovery', 'P2') });
  const older = await circuit.start('42-3f2a91c0');
  await passBothStages(older);
  await eventually(async () => assert.match(await details(older), /waiting for the lock[^]*Waits for the lock of \S+: place 1; held by holder/));
  await claimLock(temporal.client, { ...behind, ...claim, what: 'retraining', priority: lockPriority('retraining', 'P2') });
  await listedIn(older, Phase.Queued);
  const newer = await circuit.start('43-0badcafe');
  await circuit.superseded(older, newer);
  await eventually(async () => {
    const { holder: now, queue } = await temporal.client.workflow.getHandle(lockId(circuit.target)).query<LockState>('status');
    assert.deepEqual([now?.workflowId, queue.map(({ workflowId }) => workflowId)], ['holder', ['behind']]);
  });
  assert.deepEqual(circuit.found('waited for the lock'), [`P001/${circuit.target.circuit}; superseded by version 43-0badcafe (${newer.workflowId})`]);
  assert.deepEqual(circuit.found('superseded an older release'), [`${older.workflowId}, which waited for its lock`]);
}

async function writing(circuit: Circuit): Promise<void> {
  let write = (): void => undefined;
  circuit.mayWrite = new Promise((done) => (write = done));
  const older = await circuit.start('42-3f2a91c0');
  await passBothStages(older);
  await eventually(() => assert.equal(circuit.writes, 1));
  await listedIn(older, Phase.Deployment);
  const newer = await circuit.start('43-0badcafe');
  await gateOpen(newer, 'stage1'); // it has looked
  await older.signal('supersede', { by: newer.workflowId, version: '43-0badcafe' }); // and even if it had been told
  write();
  assert.deepEqual([(await older.result()).outcome, circuit.found('superseded an older release')], ['succeeded', []]);
  await stop(newer);
}

it('a newer version ends an older release that an emergency stop holds, and one that waits for its lock, whose place goes to the next; one that writes goes on', async () => {
  const [stopped, queued, writes] = [new Circuit('C001'), new Circuit('C002'), new Circuit('C003')];
  await run(activitiesOf([stopped, queued, writes]), async () => {
    await Promise.all([heldByStop(stopped), waitingForTheLock(queued), writing(writes)]);
  });
});
