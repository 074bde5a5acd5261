import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailureCategory } from '@temporalio/common';
import { approvalsApi } from '../../../activities/azure-devops/approvals-rest.ts';
import { readAzureApproval, recentApprovals } from '../../../activities/azure-devops/approvals.ts';
import { buildsApi } from '../../../activities/azure-devops/builds-rest.ts';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { DEV_WORKSPACE, RESOURCE_GROUP, SUBSCRIPTION_ID } from '../../../sandbox/core/tenancy.ts';
import { defaultModelTags } from '../../../workflows/domain/build.ts';
import { eventually } from '../../support/eventually.ts';
import { Platforms, thrownBy } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const clients = createAzureDevOpsClients(platforms.settings);
const devOps = createAzureDevOpsActivities(clients);
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const apis = { builds: buildsApi(clients.rest, clients.project), approvals: approvalsApi(clients.rest, clients.project, clients.releaseUrl) };
const branch = 'refs/heads/main';
const training = 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.001\n    epochs: 2\n';

async function pullRequest(status = 'completed'): Promise<{ pullRequestId: number; repositoryId: string }> {
  return await platforms.control('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'config/plants/P001/C001.yml': `${training}# ${Math.random()}\n` }, status, deliver: false });
}

const build = (order: object) => platforms.control<{ buildId: number; commit: string }>('builds', { deliver: false, ...order });

void test('builds of a commit are waited for benignly, told however they ended, and looking changes nothing', async () => {
  const { pullRequestId, repositoryId } = await pullRequest();
  const commit = (await clients.rest.send<{ lastMergeCommit: { commitId: string } }>({ method: 'GET', url: `/${clients.project}/_apis/git/repositories/${repositoryId}/pullRequests/${pullRequestId}` })).body.lastMergeCommit.commitId;
  const input = { repositoryId, branch, commit, pipeline: null, intervalMs: 7_000 };
  const none = await thrownBy(platforms.run(devOps.awaitBuilds, input));
  assert.deepEqual([none.type, none.nonRetryable, none.nextRetryDelay, none.category], ['StillRunning', false, 7_000, ApplicationFailureCategory.BENIGN]);
  assert.match(none.message, /^no build of commit [0-9a-f]{8} yet$/);

  const slow = await build({ pullRequestId, durationMs: 60_000, result: 'failed' });
  assert.equal(slow.commit, commit);
  assert.match((await thrownBy(platforms.run(devOps.awaitBuilds, input))).message, /^build \d+\.\d+ of sensor-predictions: inProgress$/);
  await build({ pullRequestId, pipeline: 'lint' });
  await platforms.control('clock', { advanceMs: 60_000 });
  const { value, changes } = await platforms.changesOf(async () => [await platforms.run(devOps.awaitBuilds, input), await platforms.run(devOps.awaitBuilds, input)]);
  assert.deepEqual(changes, []);
  assert.deepEqual(value[0], value[1]);
  assert.deepEqual(value[0]?.map(({ pipeline, result }) => [pipeline, result]).sort(), [['lint', 'succeeded'], ['sensor-predictions', 'failed']]);
  assert.match(value[0]?.[0]?.url ?? '', /_build\/results\?buildId=\d+$/);

  assert.deepEqual((await platforms.run(devOps.awaitBuilds, { ...input, pipeline: 'lint' })).map(({ pipeline }) => pipeline), ['lint']);
  assert.match((await thrownBy(platforms.run(devOps.awaitBuilds, { ...input, pipeline: 'other' }))).message, /by other yet$/);
  platforms.fault({ path: '/build/builds$' }, { kind: 'status', status: 503 });
  assert.equal((await thrownBy(platforms.run(devOps.awaitBuilds, input))).type, 'Unavailable');
});

void test('a build leads to the completed pull request whose merge it built', async () => {
  const { pullRequestId, repositoryId } = await pullRequest('active');
  const { buildId } = await build({ pullRequestId });
  const input = { buildId, releaseBranch: branch, startWithinMs: 3_600_000, intervalMs: 5_000 };
  await eventually(async () => {
    const early = await thrownBy(platforms.run(devOps.awaitBuildOrigin, input));
    assert.deepEqual([early.type, early.category, early.nextRetryDelay], ['StillWatching', ApplicationFailureCategory.BENIGN, 5_000]);
    assert.match(early.message, new RegExp(`pull request ${pullRequestId}, .* is active`));
  });
  await platforms.control(`pull-requests/${pullRequestId}/complete`, {});
  const { value, changes } = await platforms.changesOf(async () => await platforms.run(devOps.awaitBuildOrigin, input));
  assert.deepEqual(value, { kind: 'change', repositoryId, pullRequestId, buildId, result: 'succeeded' });
  assert.deepEqual(changes, []);
  assert.match((await thrownBy(platforms.run(devOps.awaitBuildOrigin, { ...input, buildId: 99_999 }))).message, /build 99999 does not exist/);
  const elsewhere = await platforms.run(devOps.awaitBuildOrigin, { ...input, releaseBranch: 'refs/heads/release' });
  assert.equal(elsewhere.kind, 'ignored');
});

void test('the version that a build published is found by its tags, and reading it again changes nothing', async () => {
  const { pullRequestId } = await pullRequest();
  const { buildId, commit } = await build({ pullRequestId, publish: [{ plant: 'P001', circuit: 'C001' }] });
  const input = { workspace: { subscriptionId: SUBSCRIPTION_ID, resourceGroup: RESOURCE_GROUP, workspace: DEV_WORKSPACE }, model: 'P001-C001', builds: [buildId], commit, tags: defaultModelTags };
  await eventually(async () => assert.ok((await platforms.run(azureMl.readPublishedVersion, input)).found));
  const { value, changes } = await platforms.changesOf(async () => await platforms.run(azureMl.readPublishedVersion, input));
  assert.deepEqual([value.found, changes], [{ version: '1', trainingJob: `ci-train-P001-C001-${buildId}` }, []]);
  assert.equal((await platforms.run(azureMl.readPublishedVersion, { ...input, builds: [buildId + 1000] })).found, null);
  assert.equal((await platforms.run(azureMl.readPublishedVersion, { ...input, model: 'P001-C009' })).found, null);
  const named = { ...input, builds: [0], tags: { build: 'ci', commit: 'commit' } };
  assert.equal((await platforms.run(azureMl.readPublishedVersion, named)).found?.version, '1', 'by the commit, where the estate names other tags');
});

void test('approvals are read with who really gave them; those of nobody answer nothing', async () => {
  const { pullRequestId } = await pullRequest();
  const { buildId, commit } = await build({ pullRequestId, tags: ['holdpoint.stage1.P001.C001.1'] });
  const { approvalId } = await platforms.control<{ approvalId: string }>('approvals', { buildId, approvers: ['[ml]\\Approvers'] });
  assert.deepEqual((await readAzureApproval(apis, { kind: 'pipelines', id: approvalId }))?.decisions, []);
  await platforms.control(`approvals/${approvalId}/decide`, { by: 'alice@example.com', status: 'approved', comment: 'seen' });
  const { approvalId: classic } = await platforms.control<{ approvalId: number }>('release-approvals', { buildId, approver: 'bob@example.com', tags: ['x'] });
  await platforms.control(`release-approvals/${classic}/decide`, { by: 'carol@example.com', status: 'rejected', comment: 'no' });
  const { approvalId: automated } = await platforms.control<{ approvalId: number }>('release-approvals', { buildId, approver: 'bob@example.com', isAutomated: true });

  const approval = await readAzureApproval(apis, { kind: 'pipelines', id: approvalId });
  assert.deepEqual([approval?.tags, approval?.source?.commit, approval?.source?.branch], [['holdpoint.stage1.P001.C001.1'], commit, branch]);
  assert.deepEqual(approval?.decisions.map(({ by, verdict, comment }) => [by, verdict, comment]), [['alice@example.com', 'approve', 'seen']]);
  const release = await readAzureApproval(apis, { kind: 'release', id: classic });
  assert.deepEqual([release?.where, release?.tags, release?.source?.commit], ['Release-1, Production', ['x'], commit]);
  assert.deepEqual(release?.decisions.map(({ by, verdict }) => [by, verdict]), [['carol@example.com', 'reject']]);
  assert.deepEqual((await readAzureApproval(apis, { kind: 'release', id: automated }))?.decisions, []);
  assert.equal(await readAzureApproval(apis, { kind: 'release', id: 999 }), null);
  assert.equal(await readAzureApproval(apis, { kind: 'pipelines', id: '00000000-0000-4000-8000-000000000000' }), null);

  const recent = await recentApprovals(apis, 10);
  assert.deepEqual(recent.map(({ ref }) => `${ref.kind} ${ref.id}`).sort(), [`pipelines ${approvalId}`, `release ${automated}`, `release ${classic}`].sort());
  platforms.fault({ path: '/release/approvals$', times: 2 }, { kind: 'status', status: 404 });
  assert.deepEqual((await recentApprovals(apis, 10)).map(({ ref }) => ref.kind), ['pipelines'], 'a project without classic releases');
});
