import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import { azureDevOpsApi } from '../../../activities/azure-devops/rest.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: false });
const clients = createAzureDevOpsClients(platforms.settings);
const devOps = createAzureDevOpsActivities(clients);
const api = azureDevOpsApi(clients.rest, clients.project);

const valid = (epochs: number): string => `training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.001\n    epochs: ${epochs}\n`;

async function pullRequest(files: Record<string, string | null>, status = 'completed') {
  return platforms.control<{ pullRequestId: number; repositoryId: string }>('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files, status, deliver: false });
}

void test('a change is read with its circuits, refusals and notes', async () => {
  await pullRequest({ 'config/plants/P001/C003.yml': valid(1), 'config/plants/P001/C004.yml': valid(2) });
  const { pullRequestId, repositoryId } = await pullRequest({
    'README.md': 'nothing to do with circuits',
    'config/plants/P001/C001.yml': valid(20),
    'config/plants/P001/C001.yaml': valid(21),
    'config/plants/P001/C002.yml': 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.001\n    momentum: 3\n',
    'config/plants/P 1/C002.yml': valid(22),
    'config/plants/P001/C003.yml': null,
    'config/plants/P001/C004.yml': null,
    'config/plants/P002/C004.yml': valid(2),
    'config/plants/P002/C001.yml': valid(5).replace('epochs: 5', 'lstm_units: 8'),
  });
  const change = await platforms.run(devOps.readChange, { repositoryId, pullRequestId });
  const { mergeCommit, url, ...about } = change.pullRequest;
  assert.deepEqual(about, { id: pullRequestId, title: 'Tune', createdBy: 'dana@example.com', repository: 'sensor-predictions', repositoryId, targetRefName: 'refs/heads/main' });
  assert.match(mergeCommit, /^[0-9a-f]{40}$/);
  assert.match(url, new RegExp(`/_git/sensor-predictions/pullrequest/${pullRequestId}$`));
  assert.deepEqual(change.circuits.map(({ path, config }) => [path, config.hyperparameters]), [
    ['config/plants/P001/C001.yaml', { learning_rate: 0.001, epochs: 21 }],
    ['config/plants/P002/C001.yml', { learning_rate: 0.001, hidden_units: 8 }],
    ['config/plants/P002/C004.yml', { learning_rate: 0.001, epochs: 2 }],
  ]);
  assert.match(change.circuits[0]!.digest, /^[0-9a-f]{64}$/);
  assert.deepEqual(change.refused.map(({ path, line }) => [path, line]), [
    ['config/plants/P 1/C002.yml', null],
    ['config/plants/P001/C001.yml', null],
    ['config/plants/P001/C002.yml', 5],
  ]);
  assert.deepEqual(change.notes.map((note) => note.split(':')[0]).sort(), ['config/plants/P001/C003.yml', 'config/plants/P001/C004.yml', 'config/plants/P002/C001.yml']);
});

void test('changes come in pages', async () => {
  const files = Object.fromEntries(Array.from({ length: 620 }, (_, index) => [`docs/${String(index).padStart(4, '0')}.md`, `page ${index}`]));
  const { pullRequestId, repositoryId } = await pullRequest({ ...files, 'zz.md': 'last' });
  const changes = await api.changes(repositoryId, pullRequestId, 1);
  assert.deepEqual([changes.length, changes.at(-1)!.item.path], [621, '/zz.md']);
});

void test('a pull request that is not completed releases nothing', async () => {
  const { pullRequestId, repositoryId } = await pullRequest({ 'config/plants/P001/C001.yml': valid(3) }, 'active');
  await assert.rejects(platforms.run(devOps.readChange, { repositoryId, pullRequestId }), failure('InvalidRequest', true, /is active, not completed/));
  assert.equal((await platforms.run(devOps.readPullRequest, { repositoryId, pullRequestId })).status, 'active');
  await assert.rejects(platforms.run(devOps.readChange, { repositoryId, pullRequestId: 9_999 }), failure('NotFound', true));
});

void test('a comment is posted once, also when the connection is cut after it was accepted', async () => {
  const { pullRequestId, repositoryId } = await pullRequest({ 'a.md': 'a' });
  const input = { repositoryId, pullRequestId, key: freshKey(), markdown: '**Refused**: config/plants/P001/C002.yml' };
  platforms.fault({ method: 'POST', path: '/threads$' }, { kind: 'cutAfterAccept' });
  const { value, changes } = await platforms.changesOf(() => platforms.retried(devOps.commentOnPullRequest, input));
  assert.deepEqual([value.failures, changes.length], [['Unavailable'], 1]);
  const [thread, ...others] = await api.threads(repositoryId, pullRequestId);
  assert.deepEqual([thread!.id, others], [value.result.threadId, []]);
  assert.match(thread!.comments[0]!.content!, /^\*\*Refused\*\*/);
});

void test('a comment that arrives late is closed as a duplicate', async () => {
  const { pullRequestId, repositoryId } = await pullRequest({ 'b.md': 'b' });
  const input = { repositoryId, pullRequestId, key: freshKey(), markdown: '**Refused**: config/plants/P001/C003.yml' };
  platforms.fault({ method: 'POST', path: '/threads$' }, { kind: 'delayAccept', ms: 2_500 });
  const { result: kept } = await platforms.retried(devOps.commentOnPullRequest, input);
  assert.equal(kept.uncertain, true);
  const twins = { repositoryId, pullRequestId, key: input.key, keep: kept.threadId, settleMs: 3_000 };
  assert.equal((await platforms.run(devOps.closeDuplicateComments, twins)).closed.length, 1);
  const threads = await api.threads(repositoryId, pullRequestId);
  assert.deepEqual(threads.filter(({ status }) => status === 'active').map(({ id }) => id), [kept.threadId]);
  const again = await platforms.changesOf(() => platforms.run(devOps.closeDuplicateComments, { ...twins, settleMs: 0 }));
  assert.deepEqual([again.value.closed, again.changes], [[], []]);
});

function workItem() {
  return { key: freshKey(), type: 'Bug', title: 'Release was rejected', descriptionHtml: '<p>worse</p>', tags: ['holdpoint', 'P001/C001'] };
}

void test('a work item is created once, also when the connection is cut after it was accepted', async () => {
  const input = workItem();
  platforms.fault({ method: 'POST', path: '/wit/workitems/' }, { kind: 'cutAfterAccept' });
  const { value, changes } = await platforms.changesOf(() => platforms.retried(devOps.createWorkItem, input));
  assert.deepEqual([value.failures, value.result.uncertain, changes.length], [['Unavailable'], true, 1]);
  assert.match(value.result.url, new RegExp(`/_workitems/edit/${value.result.id}$`));
  const again = await platforms.changesOf(() => platforms.run(devOps.createWorkItem, input));
  assert.deepEqual([again.value.id, again.value.uncertain, again.changes], [value.result.id, false, []]);
});

void test('a work item that arrives late is closed as a duplicate', async () => {
  const input = workItem();
  platforms.fault({ method: 'POST', path: '/wit/workitems/' }, { kind: 'delayAccept', ms: 2_500 });
  const { result: kept } = await platforms.retried(devOps.createWorkItem, input);
  const { closed } = await platforms.run(devOps.closeDuplicateWorkItems, { key: input.key, keep: kept.id, settleMs: 3_000 });
  assert.equal(closed.length, 1);
  const { body } = await clients.rest.send<{ fields: Record<string, string> }>({ method: 'GET', url: `/${clients.project}/_apis/wit/workitems/${closed[0]}` });
  assert.equal(body.fields['System.State'], 'Closed');
  const again = await platforms.changesOf(() => platforms.run(devOps.closeDuplicateWorkItems, { key: input.key, keep: kept.id, settleMs: 0 }));
  assert.deepEqual([again.value.closed, again.changes], [[], []]);
});
