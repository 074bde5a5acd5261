import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedProperties, notRecoverable, planRemedy, recoverBatchJobId, settingsOf, type BatchJob, type RemedyFacts } from '../../../workflows/domain/batch-recovery.ts';
import { isoDuration, isoMilliseconds } from '../../../workflows/domain/iso-duration.ts';
import type { RecoveryPolicy } from '../../../workflows/domain/policy.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';

const policy: RecoveryPolicy = { miniBatchDivisor: 2, smallestMiniBatch: 2, timeoutFactor: 3, longestTimeoutMs: 120_000, maxRetries: 3, nextJobWithinMs: 1, pollMs: 1 };
const environment = { id: '/subscriptions/s/environments/env/versions/1', isThere: true };
const facts = (more: Partial<RemedyFacts> = {}): RemedyFacts => ({ settings: { miniBatchSize: 10, timeoutMs: 30_000, environmentId: '/subscriptions/S/environments/env/versions/2' }, data: [], environment, tried: [], ...more });
const snapshot = (properties: object): DeploymentSnapshot => ({ definition: { properties }, model: 'm', tags: {}, provisioningState: 'Succeeded' });

describe('remedies', () => {
  it('make mini-batches smaller, step by step, down to the smallest', () => {
    const sizes: number[] = [];
    for (let size = 10; ; size = sizes.at(-1)!) {
      const remedy = planRemedy('memory', facts({ settings: { miniBatchSize: size, timeoutMs: null, environmentId: null } }), policy);
      if (remedy.kind !== 'settings') { assert.deepEqual(remedy, { kind: 'none', reason: 'mini_batch_size is 2, and the estate allows no smaller one' }); break; }
      sizes.push((remedy.change as { miniBatchSize: number }).miniBatchSize);
    }
    assert.deepEqual(sizes, [5, 2]);
  });

  it('make the timeout longer, up to the longest', () => {
    assert.deepEqual(planRemedy('timeout', facts(), policy), { kind: 'settings', change: { timeoutMs: 90_000 }, text: 'timeout from 30 s to 90 s' });
    assert.deepEqual(planRemedy('timeout', facts({ settings: { miniBatchSize: 1, timeoutMs: 90_000, environmentId: null } }), policy), { kind: 'settings', change: { timeoutMs: 120_000 }, text: 'timeout from 90 s to 120 s' });
    assert.equal(planRemedy('timeout', facts({ settings: { miniBatchSize: 1, timeoutMs: 120_000, environmentId: null } }), policy).kind, 'none');
  });

  it('take the environment that the estate names, if it is another one and there', () => {
    assert.deepEqual(planRemedy('modelLoad', facts(), policy), { kind: 'settings', change: { environmentId: environment.id }, text: 'environment from env:2 to env:1' });
    assert.match((planRemedy('modelLoad', facts({ settings: { miniBatchSize: 1, timeoutMs: 1, environmentId: environment.id.toUpperCase() } }), policy) as { reason: string }).reason, /the model itself is suspect/);
    assert.match((planRemedy('modelLoad', facts({ environment: { ...environment, isThere: false } }), policy) as { reason: string }).reason, /does not have the environment/);
  });

  it('read from where data are, the job\'s own address first, each once', () => {
    const data = [{ uri: 'own', isThere: false }, { uri: 'estate', isThere: true }];
    assert.deepEqual(planRemedy('dataNotFound', facts({ data }), policy), { kind: 'path', dataUri: 'estate', text: 'data read from estate' });
    assert.deepEqual(planRemedy('dataNotFound', facts({ data: [{ uri: 'own', isThere: true }] }), policy), { kind: 'path', dataUri: 'own', text: 'path checked: the data are there now' });
    assert.match((planRemedy('dataNotFound', facts({ data, tried: ['data read from estate'] }), policy) as { reason: string }).reason, /a retry did not find them/);
    assert.match((planRemedy('dataNotFound', facts({ data: [{ uri: 'own', isThere: false }] }), policy) as { reason: string }).reason, /there are no data at own/);
  });

  it('are none for an unknown cause, for a deployment that does not say, and beyond the bound', () => {
    assert.deepEqual(planRemedy('unknown', facts(), policy), { kind: 'none', reason: 'the cause is unknown' });
    const silent = { miniBatchSize: null, timeoutMs: null, environmentId: null };
    assert.equal(planRemedy('memory', facts({ settings: silent }), policy).kind, 'none');
    assert.equal(planRemedy('timeout', facts({ settings: silent }), policy).kind, 'none');
    assert.match((planRemedy('memory', facts({ tried: ['a', 'b', 'c'] }), policy) as { reason: string }).reason, /3 remedies were tried/);
  });
});

describe('a deployment\'s settings', () => {
  it('are read from its definition, and only what a remedy names changes', () => {
    const found = snapshot({ miniBatchSize: 10, environmentId: 'e', retrySettings: { maxRetries: 3, timeout: 'PT1M30S' }, other: 1 });
    assert.deepEqual(settingsOf(found), { miniBatchSize: 10, timeoutMs: 90_000, environmentId: 'e' });
    assert.deepEqual(changedProperties(found, { timeoutMs: 180_000 }), { retrySettings: { maxRetries: 3, timeout: 'PT180S' } });
    assert.deepEqual(changedProperties(found, { miniBatchSize: 5 }), { miniBatchSize: 5 });
    assert.deepEqual(settingsOf({ ...found, definition: null }), { miniBatchSize: null, timeoutMs: null, environmentId: null });
  });

  it('have durations that survive being read and written', () => {
    for (const ms of [500, 1_000, 90_000, 86_400_000]) assert.equal(isoMilliseconds(isoDuration(ms)), ms);
    assert.deepEqual(['PT30S', 'PT1H', 'P1DT1M', 'PT0.5S', 'PT', 'P', '30', 'P1Y'].map(isoMilliseconds), [30_000, 3_600_000, 86_460_000, 500, null, null, null, null]);
  });
});

describe('a job', () => {
  const job: BatchJob = { jobName: 'j', status: 'Failed', deployment: 'd', dataUri: null, outputUri: null, experimentName: null, createdAt: '2026-11-21T06:00:00.000Z', key: null };
  const wanted = { jobName: 'j', endpoint: 'e', deployment: 'd' };

  it('can be recovered when it has failed, and is of the circuit as far as the service tells', () => {
    for (const found of [job, { ...job, status: 'NotResponding' }, { ...job, deployment: null }]) assert.equal(notRecoverable(found, wanted), null);
    for (const found of [null, { ...job, status: 'Completed' }, { ...job, status: 'Canceled' }, { ...job, status: 'Running' }, { ...job, deployment: 'other' }]) assert.ok(notRecoverable(found, wanted), JSON.stringify(found));
  });

  it('has one recovery, whose id has no part that proxies break', () => {
    assert.equal(recoverBatchJobId({ target: { plant: 'P001', circuit: 'C001' }, jobName: 'batch/job:1' }), 'recoverBatchJob:P001:C001:batch%2Fjob%3A1');
  });
});
