/** Who stops an environment's update in its middle, against the stand-in: a model's emergency rollback (whose circuit it is, what serves there, what either run says of it), and an emergency stop. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { holdReleases, liftHold } from '../../activities/runs/emergency-stop.ts';
import { STORAGE_ACCOUNT } from '../../sandbox/core/tenancy.ts';
import { rollBackModel } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { UpdateEnvironmentResult } from '../../workflows/domain/environment.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import { lockId, type LockState } from '../../workflows/domain/resource-lock.ts';
import type { RollBackModelResult } from '../../workflows/domain/rollback.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { eventually } from '../support/eventually.ts';
import { FleetStack } from '../support/fleet-stack.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { details } from '../support/release-model-runs.ts';
import { circuitChange, Releases } from '../support/releases.ts';

const fleet = await FleetStack.start({ circuits: 8, jobMs: 200, nodes: 6, estate: { settle: '6s', monitoring: { for: '2s', every: '1s', rollback: '1s' } } });
after(() => fleet.stack.stop());
const { stack } = fleet;
const releases = new Releases(stack);
const labels = fleet.targets.map(targetLabel);
await stack.startWorker();

const inHand = { plant: 'P001', circuit: 'C001' };
const written = { plant: 'P001', circuit: 'C002' };
const neighbour = { plant: 'P001', circuit: 'C003' };

const deployment = ({ plant, circuit }: Target) => `prod-ml-workspace/batchEndpoints/batch-endpoint-plant-${plant}/deployments/deployment-circuit-${circuit}$`;
/** The next write to the circuit arrives so much later than it is sent. */
const delay = (target: Target, ms: number) => stack.standIn.fault({ method: 'PUT', path: deployment(target), times: 1 }, { kind: 'delayAccept', ms });
const isSent = (target: Target) => eventually(async () => assert.ok((await stack.standIn.faults()).some(({ match, seen }) => match.path === deployment(target) && seen > 0)), { timeoutMs: 120_000 });
const lockOf = (target: Target) => stack.client.workflow.getHandle(lockId(target)).query<LockState>('status');
const newest = async () => (await stack.standIn.ledger()).at(-1)?.seq ?? 0;

/** Starts an update and lets it come to its waves. */
async function updating(): Promise<{ workflowId: string; version: string; ended: () => Promise<UpdateEnvironmentResult> }> {
  const { workflowId, version } = await fleet.update({ waveSize: 3 });
  await releases.decide(workflowId, { gate: 'stage1', by: 'alice' });
  await releases.decide(workflowId, { gate: 'stage3', by: 'bob' });
  return { workflowId, version, ended: async () => (await stack.client.workflow.getHandle(workflowId).result()) as UpdateEnvironmentResult };
}

async function rolledBack(target: Target): Promise<{ workflowId: string; result: RollBackModelResult }> {
  const { workflowId } = await startRunbook(stack.client, rollBackModel, { target, reason: 'predictions are far off' }, { startedBy: 'carol' });
  return { workflowId, result: (await stack.client.workflow.getHandle(workflowId).result()) as RollBackModelResult };
}

/** The table by reference: state and detail of each deployment. */
async function table({ changes }: UpdateEnvironmentResult): Promise<Map<string, string>> {
  const text = await stack.azureMl.blob.read({ account: STORAGE_ACCOUNT, container: 'test-ml-workspace', name: changes!.table!.uri.split('/paths/')[1]! }, 100_000);
  return new Map(text!.trim().split('\n').slice(1).map((row) => [row.split(',')[0]!, row.slice(row.indexOf(',') + 1)]));
}

test('two circuits serve a second version, so that there is something to go back to', async () => {
  const { releases: started } = await releases.train({ ...circuitChange(inHand), ...circuitChange(written) });
  assert.equal(started.length, 2);
  for (const release of started) {
    await releases.approveStages(release);
    await releases.reaches(release, ReleaseModelPhase.Monitoring);
  }
  for (const release of started) assert.equal((await releases.result(release)).outcome, 'succeeded');
});

test('a wave\'s write that arrives after the rollback\'s is put right by its second look; the update names who took the circuit, and updates all others', async (context) => {
  const bad = (await deploymentOf(stack, inHand)).tags['model_version']!;
  const { epoch } = await lockOf(inHand);
  const since = await newest();
  await delay(inHand, 4_000);
  const { workflowId, version, ended } = await updating();
  await isSent(inHand);
  const { workflowId: rollback, result } = await rolledBack(inHand);
  const update = await ended();
  context.diagnostic(JSON.stringify({ result, update }));

  assert.deepEqual([result.outcome, result.from, result.to, result.serving], ['succeeded', bad, '1', '1']);
  assert.deepEqual(result.preempted, { workflowId, hasClosed: false, writes: 1 });
  assert.ok(result.inference?.passed, 'the version has scored in the environment that it serves in');
  const others = labels.filter((label) => label !== targetLabel(inHand));
  assert.deepEqual([update.outcome, update.updated, update.leftOut, update.rolledBack], ['succeeded', others, [targetLabel(inHand)], []]);
  const { table: _table, ...counts } = update.changes!;
  assert.deepEqual(counts, { total: 8, updated: 7, putBack: 0, kept: 0, takenOver: 1, leftOut: 0, untouched: 0 });
  assert.match((await table(update)).get(targetLabel(inHand))!, new RegExp(`^takenOver,taken over by ${rollback} \\(rollback: predictions are far off\\)`));

  const { tags, model } = await deploymentOf(stack, inHand);
  const environments = await fleet.environments();
  assert.match(model!, /\/P001-C001\/versions\/1$/);
  assert.deepEqual([tags['model_version'], tags['rolled_back_from'], tags['run']?.split('/')[0]], ['1', bad, rollback]);
  assert.deepEqual([environments.get(targetLabel(inHand)), tags['environment']], ['sensor-env:1', undefined], 'the environment that the version has always served in, and no tag of another');
  for (const label of others) assert.equal(environments.get(label), `custom-tf-env:${version}`, label);
  const writes = await fleet.productionWrites(since);
  assert.deepEqual([...writes].sort(), labels.map((label) => [label, label === targetLabel(inHand) ? 3 : 1] as [string, number]), 'the rollback, the late write, the second look; every other once');
  assert.deepEqual(await lockOf(inHand).then((lock) => [lock.holder, lock.queue, lock.epoch]), [null, [], epoch + 2], 'one grant for the wave, one for the rollback');
});

test('a circuit that was written already and is taken while its wave goes on is left to the rollback, also by the environment\'s own', async (context) => {
  const before = await fleet.environments();
  const bad = (await deploymentOf(stack, written)).tags['model_version']!;
  const since = await newest();
  await delay(neighbour, 4_500);
  const { workflowId, version, ended } = await updating();
  await isSent(neighbour);
  await eventually(async () => assert.ok((await fleet.productionWrites(since)).has(targetLabel(written))));
  for (const rule of ['late', 'gaps', 'drift', 'spikes', 'silence']) await stack.standIn.alert('P002', 'C001', { rule }); // the update will be found bad
  const [{ workflowId: rollback, result }, update] = await Promise.all([rolledBack(written), ended()]);
  context.diagnostic(JSON.stringify({ result, update }));

  assert.deepEqual([result.outcome, result.from, result.to, result.preempted?.workflowId], ['succeeded', bad, '1', workflowId]);
  const others = labels.filter((label) => label !== targetLabel(written));
  assert.deepEqual([update.outcome, update.updated, update.leftOut, update.rolledBack], ['rejected', [], [targetLabel(written)], others]);
  assert.match(update.reason, new RegExp(`put back 7 deployments.*P001/C002.*taken over by ${rollback}`));
  assert.equal(update.production, 'changed', 'what the rollback kept of it is still there');
  const { table: _table, ...counts } = update.changes!;
  assert.deepEqual(counts, { total: 8, updated: 0, putBack: 7, kept: 0, takenOver: 1, leftOut: 0, untouched: 0 });
  assert.match((await table(update)).get(targetLabel(written))!, new RegExp(`^takenOver,taken over by ${rollback}`));

  const after = await fleet.environments();
  for (const label of others) assert.equal(after.get(label), before.get(label), label);
  const { tags, model } = await deploymentOf(stack, written);
  assert.match(model!, /\/P001-C002\/versions\/1$/);
  assert.equal(tags['environment'], after.get(targetLabel(written)), 'the tag says what it scores in');
  assert.equal(after.get(targetLabel(written)), `custom-tf-env:${version}`);
  assert.deepEqual([...(await fleet.productionWrites(since))].sort(), labels.map((label) => [label, 2] as [string, number]), 'the wave and who undid it, nobody else');
});

test('an emergency stop between two waves keeps the next from beginning, also over a worker that dies meanwhile; lifted, the waves go on', async () => {
  const since = await newest();
  await delay(neighbour, 3_000); // the first wave lasts until the stop stands
  const { workflowId, version, ended } = await updating();
  await isSent(neighbour);
  const hold = { scope: { plant: 'P001', circuit: 'C004' }, by: 'carol' };
  await holdReleases(stack.client, { ...hold, reason: 'the data are late', since: '2026-11-21T03:00:00.000Z' });
  await eventually(async () => assert.ok((await releases.look(workflowId)).pending.includes('awaitNoStop')), { timeoutMs: 60_000 });
  await stack.worker!.kill();
  await stack.startWorker();
  const firstWave = ['P001/C001', 'P001/C002', 'P001/C003'];
  await eventually(async () => assert.match(await details(stack.client.workflow.getHandle(workflowId)), /Stopped before production by carol: the data are late/), { timeoutMs: 30_000 });
  assert.deepEqual([...(await fleet.productionWrites(since)).keys()].sort(), firstWave);
  for (const target of fleet.targets) assert.equal((await lockOf(target)).holder, null, targetLabel(target));
  await liftHold(stack.client, hold);
  const update = await ended();
  assert.deepEqual([update.outcome, update.updated, update.changes?.updated], ['succeeded', labels, 8], update.reason);
  assert.deepEqual([...(await fleet.productionWrites(since))].sort(), labels.map((label) => [label, 1] as [string, number]));
  for (const [label, environment] of await fleet.environments()) assert.equal(environment, `custom-tf-env:${version}`, label);
});
