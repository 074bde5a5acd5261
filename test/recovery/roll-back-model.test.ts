/** The whole of a rollback against the stand-in: a version that serves, and a release whose write arrives only after the rollback's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { rollBackModel } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { lockId, type LockState } from '../../workflows/domain/resource-lock.ts';
import type { RollBackModelResult } from '../../workflows/domain/rollback.ts';
import { ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import { eventually } from '../support/eventually.ts';
import { deploymentOf, workItems } from '../support/platform-state.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';

const requestTimeoutMs = 2_500;
const stack = await Stack.start({ requestTimeoutMs, estate: { settle: '6s', monitoring: { for: '2s', every: '1s', rollback: '2s' } } });
after(() => stack.stop());
const releases = new Releases(stack);
await stack.startWorker();

const rollBack = async (input: object): Promise<RollBackModelResult> => {
  const { workflowId } = await startRunbook(stack.client, rollBackModel, input, { startedBy: 'alice' });
  return (await stack.client.workflow.getHandle(workflowId).result()) as RollBackModelResult;
};
const lockOf = (target: { plant: string; circuit: string }) => stack.client.workflow.getHandle(lockId(target)).query<LockState>('status');

test('a version that serves is rolled back: tags, registry, incident, review', async (context) => {
  const target = { plant: 'P001', circuit: 'C001' };
  const { releases: [release] } = await releases.train(circuitChange(target));
  await releases.approveStages(release!);
  const { outcome, version } = await releases.result(release!);
  assert.equal(outcome, 'succeeded');
  assert.equal((await lockOf(target)).holder, null);

  const result = await rollBack({ target, reason: 'predictions are far off' });
  context.diagnostic(JSON.stringify(result));
  assert.deepEqual([result.outcome, result.from, result.to, result.serving, result.production], ['succeeded', version, '1', '1', 'changed']);
  const { tags, model } = await deploymentOf(stack, target);
  assert.match(model!, /\/models\/P001-C001\/versions\/1$/);
  assert.deepEqual([tags['model_version'], tags['rolled_back_from'], tags['previous_version']], ['1', version, undefined]);
  assert.ok(result.inference?.passed);
  const incidents = (await workItems(stack)).filter(({ title }) => title.startsWith('Incident: P001/C001'));
  assert.deepEqual(incidents.map(({ id }) => id), [result.workItem!.id]);

  const again = await rollBack({ target, reason: 'still far off' });
  assert.deepEqual([again.outcome, again.offered, again.production], ['rejected', null, 'unchanged']);
  assert.match(again.reason, /1 has no previous version \(tag previous_version\)/);
});

test("a release's write that arrives after the rollback's is overwritten", async (context) => {
  const target = { plant: 'P001', circuit: 'C002' };
  const { releases: [release] } = await releases.train(circuitChange(target));
  await stack.standIn.fault({ method: 'PUT', path: `prod-ml-workspace/.*/deployments/deployment-circuit-${target.circuit}$`, times: 1 }, { kind: 'delayAccept', ms: 5_000 });
  await releases.approveStages(release!);
  await releases.reaches(release!, ReleaseModelPhase.Deployment);
  const path = `/deployments/deployment-circuit-${target.circuit}`;
  await eventually(async () => assert.equal((await stack.standIn.faults()).filter(({ match, seen }) => match.path.includes(path.slice(1)) && seen > 0).length, 1));
  const result = await rollBack({ target, reason: 'the release was a mistake' });
  context.diagnostic(JSON.stringify(result));
  const released = await releases.result(release!);
  context.diagnostic(JSON.stringify(released));
  assert.equal(released.outcome, 'rejected');
  assert.match(released.reason, /^pre-empted by rollBackModel:P001:C002/);
  assert.deepEqual([result.outcome, result.to, result.serving], ['succeeded', '1', '1']);
  assert.deepEqual([result.preempted?.workflowId, result.preempted?.hasClosed], [release, true]);
  const { tags } = await deploymentOf(stack, target);
  assert.deepEqual([tags['model_version'], tags['run']?.startsWith('rollBackModel:')], ['1', true]);
  const writes = (await stack.standIn.ledger()).filter(({ method, path: written, changed }) => method === 'PUT' && changed && written.includes('prod-ml-workspace') && written.endsWith('deployment-circuit-C002'));
  assert.equal(writes.length, 3, 'the rollback, the late write, and the second look');
});
