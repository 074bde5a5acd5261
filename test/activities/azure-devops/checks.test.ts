import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCheckActivities, createCheckClients } from '../../../activities/azure-devops/check-activities.ts';
import { openVault } from '../../../activities/secrets/open-vault.ts';
import { AUDIENCE, PROJECT_ID } from '../../../sandbox/core/tenancy.ts';
import type { StageRun } from '../../../sandbox/azure-devops/checks/stage-runs.ts';
import { attachCheck } from '../../../starters/attach/azure-pipelines.ts';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import type { CheckAddress } from '../../../workflows/domain/stage-check.ts';
import { failure, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: false });
const stateDir = mkdtempSync(join(tmpdir(), 'holdpoint-check-activities-'));
const vault = openVault({ HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: stateDir })!;
const { readStageEvidence, completeStageCheck, writeCheckLog, watchStage, forgetCheckSecret } = createCheckActivities(createCheckClients(platforms.settings, vault));
// Nobody listens there: the checks of these tests wait for what the activities do.
await attachCheck(createAzureDevOpsClients(platforms.settings).rest, { project: 'ml-platform', environment: 'production', mode: 'enforce', form: 'callback', url: 'http://127.0.0.1:9', timeoutMinutes: 43_200, credentials: { user: 'u', password: 'p' } });
process.once('exit', () => rmSync(stateDir, { recursive: true, force: true }));

interface Waiting {
  run: StageRun;
  check: CheckAddress;
  secret: string;
}

let secrets = 0;

/** A stage that waits, with the token of its check in the vault, or another's. */
async function waiting(order: object = {}, { token }: { token?: 'none' | 'foreign' } = {}): Promise<Waiting> {
  const run = await platforms.control<StageRun>('stage-runs', order);
  const { tokens, store } = platforms.sandbox.context;
  const value = tokens.issue(AUDIENCE.azureDevOps, 48 * 3600);
  const claims = tokens.verify(value, AUDIENCE.azureDevOps);
  if (typeof claims === 'object') store.put('check-job-tokens', claims.jti, { planId: token === 'foreign' ? 'another' : run.planId });
  const secret = `check-${(secrets += 1)}`;
  if (token !== 'none') await vault.put(secret, { value, expiresAt: '2099-01-01T00:00:00.000Z' });
  const { jobId, taskInstanceId } = run.checks[0]!;
  return { run, secret, check: { projectId: PROJECT_ID, hub: 'build', planId: run.planId, timelineId: run.timelineId, jobId, taskInstanceId } };
}

const posts = ({ run }: Waiting) => platforms.sandbox.context.ledger.since(0).filter(({ path }) => path.endsWith(`/plans/${run.planId}/events`)).length;

void test('completeStageCheck tells once, by the token of the check; a second call changes nothing', async () => {
  const held = await waiting();
  const first = await platforms.run(completeStageCheck, { ...held, result: 'succeeded' as const });
  assert.deepEqual([first.delivery, first.credential], ['delivered', 'jobToken']);
  const { value, changes } = await platforms.changesOf(() => platforms.run(completeStageCheck, { ...held, result: 'succeeded' as const }, { attempt: 2 }));
  assert.deepEqual([value.delivery, changes, posts(held)], ['already', [], 1]);
  const other = await platforms.run(completeStageCheck, { ...held, result: 'failed' as const });
  assert.deepEqual([other.delivery, posts(held)], ['late', 1]);
});

void test('completeStageCheck finds its own decision when the answer was lost', async () => {
  const held = await waiting();
  platforms.fault({ method: 'POST', path: `/plans/${held.run.planId}/events$` }, { kind: 'cutAfterAccept' });
  const { result, failures } = await platforms.retried(completeStageCheck, { ...held, result: 'failed' as const });
  assert.deepEqual([result.delivery, failures, posts(held)], ['already', [FailureType.Unavailable], 1]);
});

void test('completeStageCheck goes by the service where the token is missing, and where it is refused', async () => {
  for (const token of ['none', 'foreign'] as const) {
    const answer = await platforms.run(completeStageCheck, { ...(await waiting({}, { token })), result: 'succeeded' as const });
    assert.deepEqual([answer.delivery, answer.credential], ['delivered', 'service']);
  }
});

void test('completeStageCheck reports what Azure DevOps has ended meanwhile, without a word about the token', async () => {
  const held = await waiting();
  await platforms.control(`stage-runs/${held.run.buildId}/cancel`, {});
  const { delivery, detail } = await platforms.run(completeStageCheck, { ...held, result: 'succeeded' as const });
  assert.deepEqual([delivery, detail], ['late', 'too late: the check had ended as "canceled" before "succeeded" could be told']);
  platforms.fault({ path: `/plans/` , times: 3 }, { kind: 'status', status: 500 });
  const token = (await vault.get(held.secret))!.value;
  const error: unknown = await platforms.run(completeStageCheck, { ...held, result: 'succeeded' as const }).then(() => null, (thrown: unknown) => thrown);
  assert.ok(error instanceof Error && !JSON.stringify([error.message, error.stack, { ...error }]).includes(token));
  platforms.sandbox.context.faults.clear();
});

void test('readStageEvidence tells the pull request, the changes, the tests and the deployment before', async () => {
  const { pullRequestId } = await platforms.control<{ pullRequestId: number }>('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'a.txt': 'a' }, deliver: false });
  const former = await waiting();
  await platforms.run(completeStageCheck, { ...former, result: 'succeeded' as const });
  const { run } = await waiting({ pullRequestId, tests: { total: 10, passed: 9 }, requestedFor: 'erin@example.com' });
  const evidence = await platforms.run(readStageEvidence, { projectId: PROJECT_ID, buildId: run.buildId, environmentId: run.environmentId });
  assert.deepEqual([evidence.pullRequest?.id, evidence.pullRequest?.createdBy, evidence.requestedFor, evidence.tests, evidence.commit], [pullRequestId, 'dana@example.com', 'erin@example.com', { total: 10, passed: 9 }, run.sourceVersion]);
  assert.deepEqual([evidence.previous?.buildId, evidence.previous?.commit, evidence.changes.length], [former.run.buildId, former.run.sourceVersion, 1]);
  assert.equal(evidence.pullRequestStatus, 'completed');
  await assert.rejects(platforms.run(readStageEvidence, { projectId: PROJECT_ID, buildId: 99_999, environmentId: 2 }), failure(FailureType.NotFound, true));
});

void test('watchStage polls by failing, and tells when the stage needs no decision any more', async () => {
  const { run } = await waiting();
  const input = { projectId: PROJECT_ID, buildId: run.buildId, stage: run.stage, attempt: 1, intervalMs: 1000 };
  await assert.rejects(platforms.run(watchStage, input), failure(FailureType.StillWatching, false));
  await platforms.control(`stage-runs/${run.buildId}/cancel`, {});
  assert.match((await platforms.run(watchStage, input)).reason, /was cancelled/);
  assert.match((await platforms.run(watchStage, { ...input, buildId: 99_999 })).reason, /does not exist/);
});

void test('writeCheckLog makes one log for each check, and only adds to it', async () => {
  const held = await waiting();
  const first = await platforms.run(writeCheckLog, { ...held, lines: ['one'] });
  const second = await platforms.run(writeCheckLog, { ...held, lines: ['two'] });
  assert.equal(first.logId, second.logId);
  assert.equal(platforms.sandbox.context.store.get<{ text: string }>('check-logs', String(first.logId))!.text, 'one\ntwo\n');
});

void test('forgetCheckSecret removes the token; a second call changes nothing', async () => {
  const { secret } = await waiting();
  assert.deepEqual([await platforms.run(forgetCheckSecret, { secret }), await platforms.run(forgetCheckSecret, { secret })], [{ removed: true }, { removed: false }]);
});
