/** A change of hyperparameters from the command to the release, with the real worker, receiver and stand-in: the vote comes by service hook, the merge starts one release. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { changesApi } from '../../activities/azure-devops/changes-rest.ts';
import { azureDevOpsApi } from '../../activities/azure-devops/rest.ts';
import { REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { updateTrainingConfig } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { UpdateTrainingConfigInput, UpdateTrainingConfigResult } from '../../workflows/domain/configuration-change.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { eventually } from '../support/eventually.ts';
import { trainingJobs } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { subscribe } from './support/hooks.ts';

// Looked at once an hour: what comes sooner comes by hook.
const stack = await Stack.start({ estate: { settle: '1s', changes: { pollEvery: '1h' } } });
after(() => stack.stop());
const releases = new Releases(stack);
const changes = changesApi(stack.azureDevOps.rest, stack.azureDevOps.project);
const api = azureDevOpsApi(stack.azureDevOps.rest, stack.azureDevOps.project);
const [hookUrl] = await Promise.all([stack.startReceiver(), stack.startWorker()]);
await subscribe(stack, hookUrl);

const main = 'refs/heads/main';
const target = { plant: 'P001', circuit: 'C001' };

async function start(input: Partial<UpdateTrainingConfigInput> = {}): Promise<{ workflowId: string; result: () => Promise<UpdateTrainingConfigResult> }> {
  const { workflowId, runId } = await startRunbook(stack.client, updateTrainingConfig, { target, hyperparameters: { learning_rate: 0.0005, lstm_units: 24 }, rationale: 'The loss still falls at the last epoch.', ...input }, { startedBy: 'alice' });
  return { workflowId, result: async () => (await stack.client.workflow.getHandle(workflowId, runId).result()) as UpdateTrainingConfigResult };
}

const opened = async (circuit: string) => {
  let found: Awaited<ReturnType<typeof changes.pullRequestsBetween>>[number] | undefined;
  await eventually(async () => {
    found = (await changes.pullRequestsBetween(REPOSITORY_ID, `refs/heads/feature/tune-P001-${circuit}`, main)).find(({ status }) => status === 'active');
    assert.ok(found);
  });
  return found!;
};

test('tuned, voted for, merged: only this circuit is trained, by one release, and whoever asked may not approve it', async () => {
  const { result } = await start();
  const { pullRequestId, title, description = '' } = await opened('C001');
  assert.equal(title, 'Tune hyperparameters for P001/C001');
  assert.match(description, /The loss still falls[^]*-\s+learning_rate: 0\.001\n\+\s+learning_rate: 0\.0005\n[^]*\+\s+hidden_units: 24[^]*for alice/);

  await stack.standIn.vote(pullRequestId, 'mallory@example.com', 10); // nobody whom the estate names
  await stack.standIn.vote(pullRequestId, 'dana@example.com', 10);
  const { outcome, reason, release, reviewedBy, notes } = await result();
  assert.equal(outcome, 'succeeded', reason);
  assert.deepEqual(reviewedBy, ['dana']);
  assert.match(notes.join(), /lstm_units is changed as hidden_units/);
  assert.equal(release?.workflowId, `releaseChange:${REPOSITORY_ID}:${pullRequestId}`);

  const merged = await api.fileAt(REPOSITORY_ID, '/config/plants/P001/C001.yml', (await changes.tip(REPOSITORY_ID, main))!);
  assert.match(merged, /cutoff_date: 2015-06-30\n[^]*learning_rate: 0\.0005\n\s+epochs: 14\n\s+hidden_units: 24\n/);
  assert.equal(await changes.tip(REPOSITORY_ID, 'refs/heads/feature/tune-P001-C001'), null);

  const { result: change, releases: started } = await releases.trained({ repositoryId: REPOSITORY_ID, pullRequestId });
  assert.deepEqual(change.circuits.map((circuit) => circuit.target), [target]);
  assert.equal((await trainingJobs(stack, target)).length, 1);
  await releases.reaches(started[0]!, 'Stage 1 approval');
  const handle = stack.client.workflow.getHandle(started[0]!);
  await eventually(async () => assert.equal((await handle.query<GateView | null>('gate'))?.gate, 'stage1'));
  const refused: unknown = await handle.executeUpdate('decide', { args: [{ gate: 'stage1', by: 'alice', verdict: 'approve' }] }).then((answer) => answer, (error: unknown) => error);
  assert.match(JSON.stringify(refused, Object.getOwnPropertyNames(refused)) + String((refused as { cause?: unknown }).cause), /asked|four|may not/i);
  await handle.cancel();
});

test('a vote that no hook tells is found by the poll', async () => {
  stack.writeEstate({ settle: '1s', changes: { pollEvery: '1s' } });
  const { result } = await start({ target: { plant: 'P001', circuit: 'C002' }, hyperparameters: { learning_rate: 0.002 } });
  const { pullRequestId } = await opened('C002');
  await stack.standIn.vote(pullRequestId, 'carol', -10, { comment: 'It diverged last year.', deliver: false });
  const { outcome, reason } = await result();
  assert.deepEqual([outcome, reason], ['rejected', `carol rejected pull request ${pullRequestId}: It diverged last year.`]);
  assert.equal((await changes.pullRequestsBetween(REPOSITORY_ID, 'refs/heads/feature/tune-P001-C002', main))[0]?.status, 'abandoned');
  assert.equal(await changes.tip(REPOSITORY_ID, 'refs/heads/feature/tune-P001-C002'), null);
});
