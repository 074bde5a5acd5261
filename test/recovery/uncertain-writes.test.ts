/** Writes of which nobody knows whether they were accepted, and writes that the platform turns away: each kind of write that a release sends meets each of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { FaultEffect } from '../../sandbox/core/faults.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import type { ReleaseModelResult } from '../../workflows/domain/release.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { mixedChange } from './support/kill-scenario.ts';
import { assertOnce, assertRolledBack, fromNow, noTwins, type LateTwins } from './support/once.ts';
import { vendorWrites, writeName, type VendorWrite } from './support/vendor-writes.ts';

const requestTimeoutMs = 1_500;
/** Longer than the product waits for an answer, and longer than it waits before it tries again. */
const lateMs = 3_500;

const stack = await Stack.start({ requestTimeoutMs, estate: { settle: '4s', monitoring: { for: '6s', every: '1s', rollback: '3s', onBreach: 'rollBack' } } });
after(() => stack.stop());
const releases = new Releases(stack);
await stack.startWorker();
const production = '/workspaces/prod-ml-workspace/.*/deployments/';

/** Releases a circuit into production and back again by an alert, every kind of write but the rollback's having met the faults; that one meets them too, later. */
async function releaseAndRollBack(target: Target, writes: readonly VendorWrite[], effects: readonly FaultEffect[]): Promise<LateTwins> {
  const before = await deploymentOf(stack, target);
  const since = await fromNow(stack);
  await stack.standIn.clearFaults();
  for (const effect of effects) for (const write of writes) await stack.standIn.fault(write, effect);
  const { pullRequest, releases: [release] } = await releases.train(mixedChange(target));
  assert.ok(release, 'the circuit is released');
  await releases.approveStages(release);
  await releases.reaches(release, ReleaseModelPhase.Monitoring);
  for (const effect of effects) await stack.standIn.fault({ method: 'PUT', path: production }, effect);
  await stack.standIn.alert(target.plant, target.circuit);

  const { outcome, reason, version } = await releases.result(release);
  assert.equal(outcome, 'rejected');
  assert.match(reason, /^rolled back to 1: alert prediction-drift/);
  await assertRolledBack(stack, target, before, version);
  const missed = (await stack.standIn.faults()).filter(({ hits }) => hits === 0).map(({ match }) => match.path);
  assert.deepEqual(missed, [], 'every fault has met its write');
  return await assertOnce(stack, { target, version, pullRequestId: pullRequest.pullRequestId, production: 2, threads: 1, workItems: 1, since });
}

let writes: VendorWrite[] = [];

test('an undisturbed release tells which kinds of writes there are', async (context) => {
  const twins = await releaseAndRollBack({ plant: 'P001', circuit: 'C001' }, [], []);
  assert.deepEqual(twins, noTwins);
  writes = vendorWrites(await stack.standIn.ledger());
  context.diagnostic(writes.map(writeName).join('\n'));
  assert.equal(writes.length, 10);
});

test('every write is accepted only after the product has given it up', async () => {
  const twins = await releaseAndRollBack({ plant: 'P001', circuit: 'C002' }, writes, [{ kind: 'delayAccept', ms: lateMs }]);
  assert.deepEqual(twins, { jobs: 2, workItems: 1, threads: 1, chat: 1 }, 'what has no key was made once more; the twins are closed, and the inferences of each workspace write to one path');
});

test('every write is accepted and its answer lost', async () => {
  const twins = await releaseAndRollBack({ plant: 'P001', circuit: 'C003' }, writes, [{ kind: 'cutAfterAccept' }]);
  assert.deepEqual(twins, { ...noTwins, chat: 1 }, 'what was accepted is found again');
});

test('every write is turned away: 429 without and with Retry-After, then 500', async () => {
  const effects: FaultEffect[] = [{ kind: 'status', status: 429 }, { kind: 'status', status: 429, retryAfterS: 1 }, { kind: 'status', status: 500 }];
  const twins = await releaseAndRollBack({ plant: 'P001', circuit: 'C004' }, writes, effects);
  assert.deepEqual(twins, noTwins);
});

test('the operation of the production write fails: the run fails, and production is as it was', async () => {
  const target = { plant: 'P002', circuit: 'C001' };
  const before = await deploymentOf(stack, target);
  await stack.standIn.clearFaults();
  await stack.standIn.fault({ method: 'PUT', path: production }, { kind: 'operation', result: 'Failed' });
  const { releases: [release] } = await releases.train(circuitChange(target));
  await releases.approveStages(release!);
  const failure = await failureOf(release!);
  assert.equal(failure.type, FailureType.RunbookFailed);
  const [result] = failure.details as [ReleaseModelResult];
  assert.deepEqual([result.outcome, result.production], ['failed', 'unchanged']);
  assert.match(result.reason, /the operation ended Failed: InternalServerError/);
  assert.deepEqual(result.compensations, [{ step: 'production deployment deployment-circuit-C001', state: 'done', detail: 'put back 1' }]);
  assert.deepEqual(await deploymentOf(stack, target), before);
});

test('operations that the platform cancels are repeated', async () => {
  const target = { plant: 'P002', circuit: 'C002' };
  await stack.standIn.clearFaults();
  const operations = writes.filter(({ method, path }) => method === 'PUT' && /deployments|registries/.test(path));
  assert.equal(operations.length, 3);
  for (const write of operations) await stack.standIn.fault(write, { kind: 'operation', result: 'Canceled' });
  const { releases: [release] } = await releases.train(circuitChange(target));
  await releases.approveStages(release!);
  const { outcome, version } = await releases.result(release!);
  assert.equal(outcome, 'succeeded');
  assert.deepEqual((await stack.standIn.faults()).map(({ hits }) => hits), [1, 1, 1]);
  const { tags, provisioningState } = await deploymentOf(stack, target);
  assert.deepEqual([tags['model_version'], provisioningState], [version, 'Succeeded']);
});

async function failureOf(workflowId: string): Promise<ApplicationFailure> {
  const error: unknown = await releases.result(workflowId).then(() => assert.fail(`${workflowId} did not fail`), (reason: unknown) => reason);
  assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
  return error.cause;
}
