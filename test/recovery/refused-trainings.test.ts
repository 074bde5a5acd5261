/** Trainings whose submission Azure ML refuses: they leave no job, and count all the same. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startRelease } from '../../starters/receiver/temporal-releases.ts';
import { DEV_WORKSPACE } from '../../sandbox/core/tenancy.ts';
import { failureCountId, resolveTrainingFailuresId, type FailureCount } from '../../workflows/domain/failure-count.ts';
import { releaseChangeId } from '../../workflows/domain/ids.ts';
import type { ResolveTrainingFailuresResult } from '../../workflows/domain/training-failures.ts';
import { eventually } from '../support/eventually.ts';
import { Stack } from '../support/stack.ts';

const stack = await Stack.start({ estate: { settle: '1s' } });
after(() => stack.stop());
const { client: { workflow }, standIn } = stack;
const name = 'Standard DSv2 Family Cluster Dedicated vCPUs';
const config = (epochs: number): string => `training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    epochs: ${epochs}\n`;
const circuits = ['P001/C001', 'P001/C002', 'P001/C003', 'P001/C004', 'P002/C001', 'P002/C002'];

test('six submissions that are refused for a quota start one run, which requests the quota, retries nothing and says which change to start again', async () => {
  await stack.startWorker();
  await standIn.quota({ name, used: 24, limit: 24, over: 'refuse' });
  const { repositoryId, pullRequestId } = await standIn.completePullRequest(Object.fromEntries(circuits.map((circuit, index) => [`config/plants/${circuit}.yml`, config(index + 2)])), { deliver: false });
  await startRelease(stack.client, { repositoryId, pullRequestId });
  await assert.rejects(workflow.getHandle(releaseChangeId(repositoryId, pullRequestId)).result());

  const resolution = workflow.getHandle(resolveTrainingFailuresId(DEV_WORKSPACE));
  await eventually(async () => void (await resolution.describe()), { timeoutMs: 60_000 });
  const result = (await resolution.result()) as ResolveTrainingFailuresResult;
  assert.deepEqual([result.outcome, result.failures, result.causes, result.retried], ['rejected', 6, { quota: 6 }, null], result.reason);
  assert.deepEqual(result.rows.map(({ circuit, cause, retry }) => `${circuit} ${cause} ${retry}`).sort(), circuits.map((circuit) => `${circuit} quota left`));
  assert.match(result.rows[0]!.line ?? '', /^400 UserError: Not enough quota available for STANDARD_DS3_V2/);
  assert.match(result.rows[0]!.fix, new RegExp(`^its submission was refused, so there is no job to retry: start the change of pull request ${pullRequestId} again .* the request is drafted in work item \\d+$`));
  assert.deepEqual(result.quota.map(({ compute, used, limit }) => [compute, used, limit]), [['cpu-cluster', 24, 24]]);
  await eventually(async () => {
    const { counted, run, settled } = await workflow.getHandle(failureCountId(DEV_WORKSPACE)).query<FailureCount>('status');
    assert.deepEqual([counted.length, run, settled.length], [0, null, 6]);
  });
});
