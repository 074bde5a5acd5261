/** Where `recoverBatchJob` does not simply succeed: it changes nothing that is not its own, and leaves nothing behind that did not help. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { logBlobName } from '../../sandbox/jobs/job-runs.ts';
import { PROD_WORKSPACE } from '../../sandbox/core/tenancy.ts';
import { decide } from '../../starters/decide.ts';
import { RecoverBatchJobPhase as Phase } from '../../workflows/domain/phases.ts';
import { settingsOf, type RecoverBatchJobResult } from '../../workflows/domain/batch-recovery.ts';
import { eventually } from '../support/eventually.ts';
import { Recoveries, weather } from '../support/recoveries.ts';

const recoveries = await Recoveries.start({ maxRetries: 2 });
after(() => recoveries.stop());

/** Scores in no mini-batch, however small. */
const hopeless = { memoryMb: 64, rowMb: 90 };

async function cancelled(handle: Awaited<ReturnType<Recoveries['recover']>>): Promise<RecoverBatchJobResult> {
  await handle.cancel();
  await assert.rejects(handle.result(), { name: 'WorkflowFailedError' });
  const { status, memo } = await handle.describe();
  assert.equal(status.name, 'CANCELLED');
  return memo?.['result'] as RecoverBatchJobResult;
}

test('remedies used up: what did not help is put back, a person is asked with the log, and says no', async () => {
  const before = await recoveries.deployment('C001');
  recoveries.ails('C001', hopeless);
  const handle = await recoveries.recover('C001', await recoveries.failedJob('C001'));
  const { card } = await recoveries.gate(handle);
  assert.match(card.recommendation, /2 remedies were tried, which is as many as the estate allows/);
  assert.ok(card.facts.includes('mini_batch_size from 5 to 2: the retry ended Failed (out of memory)'), card.facts.join('\n'));
  assert.ok(card.facts.includes('what was changed in the deployment: put back 1'));
  assert.deepEqual(await recoveries.deployment('C001'), before);
  await decide(recoveries.temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'recovery', verdict: 'reject', by: 'carol', comment: 'needs a bigger compute' });
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.production, result.attempts.length], ['rejected', 'unchanged', 2]);
  assert.match(result.reason, /carol: needs a bigger compute$/);
  assert.ok(result.workItem);
  recoveries.ails('C001');
});

test('a deployment that somebody changes meanwhile is reported and never overwritten', async () => {
  recoveries.ails('C002', hopeless);
  const invoked = recoveries.invocations('P001');
  const handle = await recoveries.recover('C002', await recoveries.failedJob('C002'));
  await eventually(() => assert.equal(recoveries.invocations('P001'), 1 + invoked));
  await recoveries.changeByHand('C002', { errorThreshold: 7 });
  const theirs = await recoveries.deployment('C002');
  const { card } = await recoveries.gate(handle);
  assert.match(card.recommendation, /was changed meanwhile; nothing was overwritten. Different: properties.errorThreshold/);
  const result = await cancelled(handle);
  assert.deepEqual([result.outcome, result.production], ['aborted', 'changed']);
  assert.equal(theirs.tags['run']?.startsWith('recoverBatchJob:'), true);
  assert.deepEqual(await recoveries.deployment('C002'), theirs, 'their change carries the tag of the run, and still stands');
  recoveries.ails('C002');
});

test('a job that somebody else has retried is not retried again', async () => {
  const jobName = await recoveries.failedJob('C003', { dataUri: `${weather}.old` });
  const theirs = await recoveries.scheduledJob('C003');
  const result = await recoveries.result(await recoveries.recover('C003', jobName));
  assert.deepEqual([result.outcome, result.attempts, result.nextJob], ['succeeded', [], { jobName: theirs, status: 'Completed' }], result.reason);
  assert.match(result.reason, /which this run did not start, has completed/);
});

test('a log that is missing: the run history tells the cause', async () => {
  const jobName = await recoveries.failedJob('C003', { dataUri: `${weather}.old` });
  recoveries.sandbox.context.blobs.delete(logBlobName(PROD_WORKSPACE, jobName));
  const handle = await recoveries.recover('C003', jobName);
  await recoveries.phase(handle, Phase.Monitoring);
  await recoveries.scheduledJob('C003');
  const result = await recoveries.result(handle);
  assert.deepEqual([result.outcome, result.cause, result.evidence?.source], ['succeeded', 'dataNotFound', 'run history'], result.reason);
});

test('cancelled before the next job has ended: the settings are put back', async () => {
  recoveries.ails('C004', { memoryMb: 72, rowMb: 8 });
  const before = await recoveries.deployment('C004');
  const handle = await recoveries.recover('C004', await recoveries.failedJob('C004'));
  await recoveries.phase(handle, Phase.Monitoring);
  assert.equal(settingsOf(await recoveries.deployment('C004')).miniBatchSize, 5);
  const result = await cancelled(handle);
  assert.deepEqual([result.production, result.compensations], ['unchanged', [{ step: 'settings of deployment-circuit-C004', state: 'done', detail: 'put back 1' }]]);
  assert.deepEqual(await recoveries.deployment('C004'), before);
  recoveries.ails('C004');
});

test('what is no failed job of this circuit is refused, with what it is', async () => {
  const reason = async (circuit: string, jobName: string) => {
    const { outcome, reason: why } = await recoveries.result(await recoveries.recover(circuit, jobName));
    assert.equal(outcome, 'rejected');
    return why;
  };
  assert.match(await reason('C001', 'nobody-knows-it'), /batch-endpoint-plant-P001 has no job nobody-knows-it/);
  const completed = await recoveries.scheduledJob('C001');
  await eventually(() => assert.equal(recoveries.statusOf(completed), 'Completed'));
  assert.match(await reason('C001', completed), /there is nothing to recover/);
  assert.match(await reason('C002', completed), /is of deployment-circuit-C001, not of deployment-circuit-C002/);
});
