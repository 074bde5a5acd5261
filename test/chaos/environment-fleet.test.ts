/** An environment's update for 200 deployments on the stand-in, with everything that can go wrong on the way: exactly which were and were not changed, each effect once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORAGE_ACCOUNT } from '../../sandbox/core/tenancy.ts';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { UpdateEnvironmentResult } from '../../workflows/domain/environment.ts';
import type { FleetChanges } from '../../workflows/domain/fleet-changes.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { UpdateEnvironmentPhase as Phase } from '../../workflows/domain/phases.ts';
import { eventually } from '../support/eventually.ts';
import { FleetStack, isInvocation } from '../support/fleet-stack.ts';
import { Releases } from '../support/releases.ts';

const models = 200;
const fleet = await FleetStack.start({ circuits: models, jobMs: 500, nodes: 6 });
after(() => fleet.stack.stop());
const { stack } = fleet;
const releases = new Releases(stack);
const labels = fleet.targets.map(targetLabel);

async function killAndRestart(): Promise<void> {
  await stack.worker!.kill();
  await sleep(500);
  await stack.startWorker();
}

/** So many test inferences, or writes to production, have been made since. */
const tested = async (since: number, count: number) => eventually(async () => assert.ok((await stack.standIn.ledger(since)).filter(isInvocation).length >= count), { timeoutMs: 600_000, everyMs: 500 });
const written = async (since: number, count: number) => eventually(async () => assert.ok((await fleet.productionWrites(since)).size >= count), { timeoutMs: 600_000, everyMs: 500 });
const newest = async () => (await stack.standIn.ledger()).at(-1)?.seq ?? 0;

/** What was kept by reference, whose digest must be the one that the result names. */
async function kept({ uri, sha256 }: { uri: string; sha256: string }): Promise<string[][]> {
  const text = await stack.azureMl.blob.read({ account: STORAGE_ACCOUNT, container: 'test-ml-workspace', name: uri.split('/paths/')[1]! }, 1_000_000);
  assert.equal(sha256Hex(text!), sha256);
  return text!.trim().split('\n').slice(1).map((row) => row.split(','));
}

const counts = ({ table: _table, ...rest }: FleetChanges) => rest;
const none = { total: models, updated: 0, putBack: 0, kept: 0, takenOver: 0, leftOut: 0, untouched: 0 };

test('ten failing models, and the worker killed among the tests and among the waves: ten keep their environment, 190 have the new one, each written once', async () => {
  await stack.standIn.ailScoring({ match: '^test-ml-workspace/batch-endpoint-plant-P003/deployment-circuit-C0(0[1-9]|10)$', memoryMb: 24, rowMb: 8 });
  const failing = labels.filter((label) => /^P003\/C0(0[1-9]|10)$/.test(label));
  const since = await newest();
  await stack.startWorker();
  const { workflowId } = await fleet.update({ maxParallel: 6, failureBudget: 10, waveSize: 20 });
  const handle = stack.client.workflow.getHandle(workflowId);
  await releases.decide(workflowId, { gate: 'stage1', by: 'alice' });
  await tested(since, 60);
  await killAndRestart();
  await releases.reaches(workflowId, Phase.Stage3);
  for (const label of failing) await handle.executeUpdate('decide', { args: [{ gate: 'stage3', by: 'bob', verdict: 'check', item: `except-${label.replace('/', '-')}`, ok: true }] });
  await releases.decide(workflowId, { gate: 'stage3', by: 'bob' });
  await written(since, 50);
  await killAndRestart();
  const result = (await handle.result()) as UpdateEnvironmentResult;

  assert.equal(result.outcome, 'succeeded', result.reason);
  const { total, passed, failed, cancelled, notStarted } = result.test!;
  assert.deepEqual({ total, passed, failed, cancelled, notStarted }, { total: models, passed: 190, failed: 10, cancelled: 0, notStarted: 0 });
  assert.deepEqual((await kept(result.test!.table!)).filter(([, state]) => state === 'failed').map(([label]) => label), failing);
  assert.deepEqual(result.leftOut, failing);
  assert.deepEqual(counts(result.changes!), { ...none, updated: 190, leftOut: 10 });
  assert.deepEqual((await kept(result.changes!.table!)).map(([label, state]) => [label, state]), labels.map((label) => [label, failing.includes(label) ? 'leftOut' : 'updated']));
  const environments = await fleet.environments();
  for (const label of labels) assert.equal(environments.get(label), failing.includes(label) ? 'sensor-env:1' : 'custom-tf-env:1.5.1', label);
  assert.deepEqual([...(await fleet.productionWrites(since))].sort(), result.updated.map((label) => [label, 1] as [string, number]).sort(), 'each was written once, the ten never');
  assert.ok(((await handle.fetchHistory()).events?.length ?? 0) < 10_240);
});

test('one failing model, and a cancellation in the middle of the waves: what was written is put back, exactly that, and the rest was never touched', async () => {
  await stack.standIn.cureScoring();
  await stack.standIn.ailScoring({ match: '^test-ml-workspace/batch-endpoint-plant-P005/deployment-circuit-C007$', memoryMb: 24, rowMb: 8 });
  const ailing = ['P005/C007'];
  const before = await fleet.environments();
  const since = await newest();
  const { workflowId } = await fleet.update({ maxParallel: 6, failureBudget: 1, waveSize: 20 });
  const handle = stack.client.workflow.getHandle(workflowId);
  await releases.decide(workflowId, { gate: 'stage1', by: 'alice' });
  await releases.reaches(workflowId, Phase.Stage3);
  for (const label of ailing) await handle.executeUpdate('decide', { args: [{ gate: 'stage3', by: 'bob', verdict: 'check', item: `except-${label.replace('/', '-')}`, ok: true }] });
  await releases.decide(workflowId, { gate: 'stage3', by: 'bob' });
  await written(since, 70);
  await handle.cancel();
  await assert.rejects(handle.result(), { name: 'WorkflowFailedError' });
  const result = (await handle.describe()).memo?.['result'] as UpdateEnvironmentResult;

  assert.deepEqual([result.outcome, result.production, result.updated, result.leftOut], ['aborted', 'unchanged', [], ailing]);
  assert.deepEqual(counts(result.changes!), { ...none, leftOut: ailing.length, putBack: result.rolledBack.length, untouched: models - ailing.length - result.rolledBack.length });
  assert.ok(result.rolledBack.length >= 60);
  assert.deepEqual(await fleet.environments(), before);
  const writes = await fleet.productionWrites(since);
  assert.deepEqual([...writes].filter(([, count]) => count === 2).map(([label]) => label).sort(), [...result.rolledBack].sort(), 'written once and put back once');
  assert.deepEqual([...writes].filter(([, count]) => count !== 2), []);
  const rows = new Map((await kept(result.changes!.table!)).map(([label, state]) => [label, state]));
  for (const label of labels) assert.equal(rows.get(label), ailing.includes(label) ? 'leftOut' : result.rolledBack.includes(label) ? 'putBack' : 'untouched', label);
});
