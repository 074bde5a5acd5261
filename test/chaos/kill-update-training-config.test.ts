/** `updateTrainingConfig` as a whole, its worker killed over each effect before it is recorded: one branch, one pull request, one merge, one release. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesApi } from '../../activities/azure-devops/changes-rest.ts';
import { REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { updateTrainingConfig } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { UpdateTrainingConfigResult } from '../../workflows/domain/configuration-change.ts';
import type { Stack } from '../support/stack.ts';
import { sameThoughKilled } from '../recovery/support/whole-runs.ts';

const target = { plant: 'P001', circuit: 'C001' };
const branch = 'refs/heads/feature/tune-P001-C001';
const proposed = ({ azureDevOps: { rest, project } }: Stack) => changesApi(rest, project).pullRequestsBetween(REPOSITORY_ID, branch, 'refs/heads/main');

test('updateTrainingConfig leaves the same behind though the worker dies over each effect before it is recorded', async (context) => {
  await sameThoughKilled<UpdateTrainingConfigResult, undefined>(context, {
    estate: { settle: '2s', changes: { pollEvery: '1s' } },
    prepare: () => Promise.resolve(undefined),
    start: async (stack) => (await startRunbook(stack.client, updateTrainingConfig, { target, hyperparameters: { learning_rate: 0.0005, lstm_units: 24 }, rationale: 'The loss still falls at the last epoch.' }, { startedBy: 'alice' })).workflowId,
    people: (stack) => {
      let hasVoted = false;
      return async () => {
        // Only when it has been asked for: a review that is decided before that tells nobody.
        const open = hasVoted || (await stack.standIn.chat()).length === 0 ? undefined : (await proposed(stack)).find(({ status }) => status === 'active');
        if (open === undefined) return;
        hasVoted = true;
        await stack.standIn.vote(open.pullRequestId, 'dana@example.com', 10, { deliver: false });
      };
    },
    effects: ['pushConfigurationChange', 'openPullRequest', 'notify', 'completePullRequest', 'withdrawChange'],
    isOwn: (change) => /pull-?requests|pushes|refs|threads|workitems/i.test(change),
    messages: /Tune hyperparameters/,
    started: ['updateTrainingConfig', 'releaseChange'],
  }, async ({ stack, result }) => {
    assert.deepEqual([result.outcome, result.reviewedBy, result.release?.startedBy], ['succeeded', ['dana'], 'run'], result.reason);
    assert.deepEqual((await proposed(stack)).map(({ pullRequestId, status }) => [pullRequestId, status]), [[result.pullRequest!.pullRequestId, 'completed']], 'one pull request, merged');
    assert.equal(await changesApi(stack.azureDevOps.rest, stack.azureDevOps.project).tip(REPOSITORY_ID, branch), null, 'the branch is gone');
  });
});
