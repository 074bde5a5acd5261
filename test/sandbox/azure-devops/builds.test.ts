import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPOSITORY_ID } from '../../../sandbox/core/tenancy.ts';
import { layGround } from '../../../sandbox/seed/seed.ts';
import { MachineLearningClients } from '../support/machine-learning.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

interface BuildBody {
  id: number;
  status: string;
  result?: string;
  sourceVersion: string;
  sourceBranch: string;
  tags: string[];
  definition: { name: string };
}

async function subscribe(standIn: StandIn, url: string, publisherId: string, eventType: string, publisherInputs: object = {}): Promise<void> {
  const body = { publisherId, eventType, resourceVersion: '1.0', consumerId: 'webHooks', consumerActionId: 'httpRequest', publisherInputs, consumerInputs: { url } };
  const { status } = await standIn.call('POST', '/ado/contoso/_apis/hooks/subscriptions?api-version=7.1', body, { authorization: `Basic ${btoa(':sandbox-pat')}` });
  assert.equal(status, 200);
}

const order = async (standIn: StandIn, body: object): Promise<number> => {
  const { status, body: made } = await standIn.call<{ buildId: number }>('POST', '/_sandbox/builds', body);
  assert.equal(status, 201, JSON.stringify(made));
  return made.buildId;
};
const read = async (standIn: StandIn, id: number): Promise<BuildBody> => (await standIn.devOps<BuildBody>('GET', `build/builds/${id}`)).body;
const pullRequest = async (standIn: StandIn, status = 'completed'): Promise<number> =>
  (await standIn.call<{ pullRequestId: number }>('POST', '/_sandbox/pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'config/plants/P001/C001.yml': 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.001\n    epochs: 2\n' }, status, deliver: false })).body.pullRequestId;

void test('a build ends by the clock with the wanted result, is found by its repository and branch, and leads to its pull request', async (t) => {
  const standIn = await StandIn.start(t);
  const pullRequestId = await pullRequest(standIn);
  const failing = await order(standIn, { pullRequestId, result: 'failed', durationMs: 60_000, tags: ['nightly'] });
  const other = await order(standIn, { branch: 'refs/heads/main', pipeline: 'lint' });
  assert.deepEqual([(await read(standIn, failing)).status, (await read(standIn, failing)).result], ['inProgress', undefined]);
  await standIn.advance(60_000);
  const ended = await read(standIn, failing);
  assert.deepEqual([ended.status, ended.result, ended.tags, ended.definition.name], ['completed', 'failed', ['nightly'], 'sensor-predictions']);

  const { body } = await standIn.devOps<{ value: BuildBody[] }>('GET', `build/builds?repositoryId=${REPOSITORY_ID}&repositoryType=TfsGit&branchName=refs/heads/main`);
  assert.deepEqual(body.value.map(({ id }) => id), [other, failing]);
  assert.equal((await standIn.devOps('GET', `build/builds?repositoryId=${REPOSITORY_ID}`)).status, 400);
  assert.deepEqual((await standIn.devOps<{ value: unknown[] }>('GET', `build/builds?repositoryId=another&repositoryType=TfsGit`)).body.value, []);
  const query = { queries: [{ type: 'lastMergeCommit', items: [ended.sourceVersion] }] };
  const { body: found } = await standIn.devOps<{ results: Record<string, { pullRequestId: number }[]>[] }>('POST', `git/repositories/${REPOSITORY_ID}/pullrequestquery`, query);
  assert.deepEqual(found.results[0]?.[ended.sourceVersion]?.map((each) => each.pullRequestId), [pullRequestId]);
  assert.equal((await standIn.devOps('GET', 'build/builds/999')).status, 404);
});

void test('a build trains and registers for real, with tags that name it, also across a restart', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  layGround(standIn.context);
  const pullRequestId = await pullRequest(standIn);
  const id = await order(standIn, { pullRequestId, publish: [{ plant: 'P001', circuit: 'C001' }], deliver: false });
  await standIn.restart();
  await eventually(async () => (await read(standIn, id)).status === 'completed');
  const { result, sourceVersion } = await read(standIn, id);
  assert.equal(result, 'succeeded');
  const version = await clients.raw<{ properties: { tags: Record<string, string>; modelUri: string } }>('GET', 'workspaces/dev-ml-workspace/models/P001-C001/versions/1');
  const { tags, modelUri } = version.properties;
  assert.deepEqual([tags['build_id'], tags['commit'], tags['training_job']], [String(id), sourceVersion, `ci-train-P001-C001-${id}`]);
  assert.equal(modelUri, `azureml://jobs/ci-train-P001-C001-${id}/outputs/model`);
  const run = await clients.mlflowRun(`ci-train-P001-C001-${id}`);
  assert.equal(String(run.data.metrics.find(({ key }) => key === 'mae')?.value), tags['mae']);
});

void test('the end of a build is told in the documented shapes, and once more on request', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, receiver.url, 'tfs', 'build.complete');
  await subscribe(standIn, receiver.url, 'pipelines', 'ms.vss-pipelines.run-state-changed-event', { runStateId: 'Completed' });
  await subscribe(standIn, receiver.url, 'tfs', 'build.complete', { definitionName: 'another' });
  const id = await order(standIn, { pullRequestId: await pullRequest(standIn), result: 'partiallySucceeded' });
  await eventually(() => receiver.received.length === 2);
  const bodies = receiver.received.map(({ body }) => body).sort((left, right) => left.eventType.localeCompare(right.eventType));
  const [complete, changed] = bodies as [(typeof bodies)[number], (typeof bodies)[number]];
  const { sourceVersion } = await read(standIn, id);
  const resource = complete.resource as Record<string, unknown>;
  assert.deepEqual([resource.id, resource.status, resource.sourceGetVersion], [id, 'partiallySucceeded', `LG:refs/heads/main:${sourceVersion}`]);
  const { run, pipeline } = changed.resource as { run: Record<string, unknown>; pipeline: { name: string } };
  assert.deepEqual([changed.publisherId, run.id, run.state, run.result, pipeline.name], ['pipelines', id, 'completed', 'succeeded', 'sensor-predictions']);
  assert.equal((await standIn.call<{ deliveries: number }>('POST', `/_sandbox/builds/${id}/deliver`)).body.deliveries, 2);
  await eventually(() => receiver.received.length === 4);
  assert.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 2);
});

void test('approvals of a stage and of a classic release show who approved, when and with which words', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, receiver.url, 'pipelines', 'ms.vss-pipelinechecks-events.approval-completed');
  await subscribe(standIn, receiver.url, 'rm', 'ms.vss-release.deployment-approval-completed-event');
  const buildId = await order(standIn, { tags: ['holdpoint.stage1.P001.C001.7'] });
  const { body: { approvalId } } = await standIn.call<{ approvalId: string }>('POST', '/_sandbox/approvals', { buildId, approvers: ['[ml]\\Approvers', 'bob@example.com'], minRequired: 2 });
  const decide = (by: string, status: string) => standIn.call('POST', `/_sandbox/approvals/${approvalId}/decide`, { by, status, comment: 'looks right' });
  await decide('bob@example.com', 'approved');
  assert.equal(receiver.received.length, 0);
  await decide('alice@example.com', 'approved');
  await eventually(() => receiver.received.length === 1);
  const told = receiver.received[0]!.body.resource as { approval: { id: string; status: string }; run: null };
  assert.deepEqual([told.approval.id, told.approval.status, told.run], [approvalId, 'approved', null]);

  type Approvals = { value: { id: string; status: string; pipeline: { owner: { id: number } }; steps?: { actualApprover?: { uniqueName: string }; status: string; comment: string }[] }[] };
  const { body } = await standIn.devOps<Approvals>('GET', `pipelines/approvals?approvalIds=${approvalId}&$expand=steps`);
  const [approval] = body.value;
  assert.deepEqual(approval?.steps?.map(({ actualApprover, status }) => [actualApprover?.uniqueName, status]), [['alice@example.com', 'approved'], ['bob@example.com', 'approved']]);
  assert.equal(approval?.pipeline.owner.id, buildId);
  assert.equal((await standIn.devOps<Approvals>('GET', 'pipelines/approvals?state=rejected')).body.value.length, 0);
  assert.equal((await standIn.devOps<Approvals>('GET', 'pipelines/approvals?state=approved')).body.value[0]?.steps, undefined);

  const { body: { approvalId: classic, releaseId } } = await standIn.call<{ approvalId: number; releaseId: number }>('POST', '/_sandbox/release-approvals', { buildId, approver: 'bob@example.com', tags: ['holdpoint.stage3.P001.C001.7'] });
  await standIn.call('POST', `/_sandbox/release-approvals/${classic}/decide`, { by: 'bob@example.com', status: 'rejected', comment: 'no' });
  await eventually(() => receiver.received.length === 2);
  type Classic = { status: string; approvedBy: { uniqueName: string }; comments: string; isAutomated: boolean; release: { id: number } };
  const { body: read } = await standIn.devOps<Classic>('GET', `release/approvals/${classic}`);
  assert.deepEqual([read.status, read.approvedBy.uniqueName, read.comments, read.isAutomated, read.release.id], ['rejected', 'bob@example.com', 'no', false, releaseId]);
  type Release = { tags: string[]; artifacts: { definitionReference: { version: { id: string } } }[] };
  const { body: release } = await standIn.devOps<Release>('GET', `release/releases/${releaseId}`);
  assert.deepEqual([release.tags, release.artifacts[0]?.definitionReference.version.id], [['holdpoint.stage3.P001.C001.7'], String(buildId)]);
});

void test('an approval that waits is told, stands in its run\'s timeline below its stage, and the run may be tagged meanwhile', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, receiver.url, 'pipelines', 'ms.vss-pipelinechecks-events.approval-pending');
  await subscribe(standIn, receiver.url, 'rm', 'ms.vss-release.deployment-approval-pending-event');
  const buildId = await order(standIn, { tags: ['a'] });
  const { body: { approvalId } } = await standIn.call<{ approvalId: string }>('POST', '/_sandbox/approvals', { buildId, stage: 'Gate', approvers: ['bob@example.com'] });
  await standIn.call('POST', '/_sandbox/approvals', { buildId, stage: 'Untold', approvers: ['bob@example.com'], deliver: false });
  await standIn.call('POST', '/_sandbox/release-approvals', { buildId, approver: 'bob@example.com' });
  await eventually(() => receiver.received.length === 2);
  assert.deepEqual(receiver.received.map(({ body }) => (body.resource as { approval: { status: string } }).approval.status), ['pending', 'pending']);

  type Timeline = { records: { id: string; parentId: string | null; type: string; identifier: string }[] };
  const { body: { records } } = await standIn.devOps<Timeline>('GET', `build/builds/${buildId}/timeline`);
  const above = (id: string | null): string[] => records.filter((record) => record.id === id).flatMap(({ type, identifier, parentId }) => [type === 'Stage' ? identifier : type, ...above(parentId)]);
  assert.deepEqual(above(approvalId), ['Checkpoint.Approval', 'Checkpoint', 'Gate']);

  await standIn.call('POST', `/_sandbox/builds/${buildId}/tags`, { add: ['b', 'a'] });
  assert.deepEqual((await read(standIn, buildId)).tags, ['a', 'b']);
  await standIn.call('POST', `/_sandbox/builds/${buildId}/tags`, { remove: ['a'] });
  assert.deepEqual((await read(standIn, buildId)).tags, ['b']);
});
