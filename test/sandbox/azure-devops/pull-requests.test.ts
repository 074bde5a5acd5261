import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIENCE, REPOSITORY_ID } from '../../../sandbox/core/tenancy.ts';
import { StandIn } from '../support/stand-in.ts';

const REPOSITORY = `git/repositories/${REPOSITORY_ID}`;
const order = (files: Record<string, string | null>, more: object = {}) =>
  ({ title: 'Tune', createdBy: 'dana@example.com', targetRefName: 'refs/heads/main', files, deliver: 'none', ...more });

interface PullRequest {
  pullRequestId: number;
  status: string;
  mergeStatus: string;
  targetRefName: string;
  createdBy: { uniqueName: string; displayName: string };
  lastMergeCommit: { commitId: string };
  lastMergeSourceCommit: { commitId: string };
}

interface Changes {
  changeEntries: { changeType: string; item: { path: string; objectId?: string }; sourceServerItem?: string }[];
  nextSkip: number;
  nextTop: number;
}

async function complete(standIn: StandIn, files: Record<string, string | null>, more?: object): Promise<PullRequest> {
  const created = await standIn.call<{ pullRequestId: number; repository: string; repositoryId: string }>('POST', '/_sandbox/pull-requests', order(files, more));
  assert.equal(created.status, 201);
  assert.deepEqual([created.body.repository, created.body.repositoryId], ['sensor-predictions', REPOSITORY_ID]);
  return (await standIn.devOps<PullRequest>('GET', `${REPOSITORY}/pullRequests/${created.body.pullRequestId}`)).body;
}

const item = (standIn: StandIn, path: string, commit: string, more = '', accept = '*/*') =>
  standIn.devOps<unknown>('GET', `${REPOSITORY}/items?path=${encodeURIComponent(path)}&versionDescriptor.version=${commit}&versionDescriptor.versionType=commit${more}`, undefined, { accept });

void test('a completed pull request is merged, and its files are readable at the merge commit and on the branch', async (t) => {
  const standIn = await StandIn.start(t);
  const pullRequest = await complete(standIn, { 'config/plants/P001/C001.yml': 'plant: P001\n' });
  assert.deepEqual([pullRequest.status, pullRequest.mergeStatus, pullRequest.targetRefName], ['completed', 'succeeded', 'refs/heads/main']);
  assert.deepEqual([pullRequest.createdBy.uniqueName, pullRequest.createdBy.displayName], ['dana@example.com', 'Dana']);

  const { commitId } = pullRequest.lastMergeCommit;
  assert.equal((await item(standIn, '/config/plants/P001/C001.yml', commitId)).body, 'plant: P001\n');
  const json = await item(standIn, 'config/plants/P001/C001.yml', commitId, '&includeContent=true', 'application/json');
  const { content, path, gitObjectType } = json.body as { content: string; path: string; gitObjectType: string };
  assert.deepEqual([content, path, gitObjectType], ['plant: P001\n', '/config/plants/P001/C001.yml', 'blob']);
  const branch = await standIn.devOps('GET', `${REPOSITORY}/items?path=/config/plants/P001/C001.yml&versionDescriptor.version=main`);
  assert.equal(branch.body, 'plant: P001\n');
  const folder = await standIn.devOps<{ value: { path: string }[] }>('GET', `${REPOSITORY}/items?scopePath=/config&recursionLevel=full`);
  assert.deepEqual(folder.body.value.map((file) => file.path), ['/config/plants/P001/C001.yml']);
});

void test('the iteration shows additions, edits, deletions and renames, in pages', async (t) => {
  const standIn = await StandIn.start(t);
  await complete(standIn, { 'a.yml': 'a', 'b.yml': 'b', 'c.yml': 'c' });
  const { pullRequestId } = await complete(standIn, { 'a.yml': 'changed', 'b.yml': null, 'c.yml': null, 'd.yml': 'c', 'e.yml': 'e' });
  const root = `${REPOSITORY}/pullRequests/${pullRequestId}/iterations`;
  const { body: iterations } = await standIn.devOps<{ count: number; value: { id: number; sourceRefCommit: { commitId: string } }[] }>('GET', root);
  assert.deepEqual([iterations.count, iterations.value[0]?.id], [1, 1]);

  const { body: all } = await standIn.devOps<Changes>('GET', `${root}/1/changes`);
  assert.deepEqual(all.changeEntries.map(({ changeType, item: { path }, sourceServerItem }) => [changeType, path, sourceServerItem]), [
    ['edit', '/a.yml', undefined],
    ['delete', '/b.yml', undefined],
    ['rename', '/d.yml', '/c.yml'],
    ['add', '/e.yml', undefined],
  ]);
  assert.deepEqual([all.nextSkip, all.nextTop], [0, 0]);

  const { body: page } = await standIn.devOps<Changes>('GET', `${root}/1/changes?$top=3`);
  assert.deepEqual([page.changeEntries.length, page.nextSkip, page.nextTop], [3, 3, 1]);
  const { body: rest } = await standIn.devOps<Changes>('GET', `${root}/1/changes?$top=${page.nextTop}&$skip=${page.nextSkip}`);
  assert.deepEqual(rest.changeEntries.map((change) => change.item.path), ['/e.yml']);
});

void test('an active and an abandoned pull request leave the target branch as it was', async (t) => {
  const standIn = await StandIn.start(t);
  for (const status of ['active', 'abandoned']) {
    const pullRequest = await complete(standIn, { 'new.yml': status }, { status });
    assert.equal(pullRequest.status, status);
    assert.equal((await item(standIn, '/new.yml', pullRequest.lastMergeSourceCommit.commitId)).body, status);
    assert.equal((await standIn.devOps('GET', `${REPOSITORY}/items?path=/new.yml`)).status, 404);
  }
  const { body } = await standIn.devOps<{ value: PullRequest[] }>('GET', 'git/pullRequests?searchCriteria.status=all');
  assert.deepEqual(body.value.map(({ status }) => status), ['abandoned', 'active']);
});

void test('two equal threads are two, each with its comment; status and answers can be added', async (t) => {
  const standIn = await StandIn.start(t);
  const { pullRequestId } = await complete(standIn, { 'a.yml': 'a' });
  const threads = `${REPOSITORY}/pullRequests/${pullRequestId}/threads`;
  const thread = { comments: [{ parentCommentId: 0, content: 'line 3: unknown key', commentType: 1 }], status: 1, properties: { run: 'r1' } };
  const first = await standIn.devOps<{ id: number; status: string; comments: { commentType: string }[]; properties: object }>('POST', threads, thread);
  await standIn.devOps('POST', threads, thread);
  assert.deepEqual([first.status, first.body.status, first.body.comments[0]?.commentType], [200, 'active', 'text']);
  assert.deepEqual(first.body.properties, { run: { $type: 'System.String', $value: 'r1' } });

  await standIn.devOps('POST', `${threads}/${first.body.id}/comments`, { content: 'done', commentType: 'text' });
  await standIn.devOps('PATCH', `${threads}/${first.body.id}`, { status: 'closed' });
  await standIn.devOps('PATCH', `${threads}/${first.body.id}`, { status: 'closed' });
  const { body } = await standIn.devOps<{ value: { status: string; comments: unknown[] }[] }>('GET', threads);
  assert.deepEqual(body.value.map(({ status, comments }) => [status, comments.length]), [['closed', 2], ['active', 1]]);
  const changes = (await standIn.ledger()).filter(({ changed }) => changed);
  assert.deepEqual(changes.map(({ method }) => method), ['POST', 'POST', 'POST', 'PATCH']);
});

void test('what does not exist answers 404 in the shape of Azure DevOps', async (t) => {
  const standIn = await StandIn.start(t);
  const missing = await standIn.devOps<{ message: string; typeKey: string; errorCode: number; eventId: number; $id: string }>('GET', `${REPOSITORY}/pullRequests/99`);
  assert.equal(missing.status, 404);
  assert.match(missing.body.message, /^TF401180: /);
  assert.deepEqual([missing.body.typeKey, missing.body.errorCode, missing.body.eventId, missing.body.$id], ['GitPullRequestNotFoundException', 0, 3000, '1']);
  const typeKey = async (path: string) => (await standIn.devOps<{ typeKey: string }>('GET', path)).body.typeKey;
  assert.equal(await typeKey('git/repositories/unknown'), 'GitRepositoryNotFoundException');
  assert.equal(await typeKey(`${REPOSITORY}/items?path=/none`), 'GitItemNotFoundException');
  assert.equal(await typeKey(`${REPOSITORY}/items?path=/README.md&versionDescriptor.version=0&versionDescriptor.versionType=commit`), 'GitUnresolvableToCommitException');
  const { pullRequestId } = await complete(standIn, { 'a.yml': 'a' });
  assert.equal(await typeKey(`${REPOSITORY}/pullRequests/${pullRequestId}/iterations/2/changes`), 'CodeReviewIterationNotFoundException');
});

void test('a wrong credential is refused, a token of the right audience accepted, writing needs an api-version', async (t) => {
  const standIn = await StandIn.start(t);
  const path = `/ado/contoso/ml-platform/_apis/${REPOSITORY}`;
  const wrong = await standIn.call<{ message: string }>('GET', path, undefined, { authorization: `Basic ${Buffer.from(':no').toString('base64')}` });
  assert.equal(wrong.status, 401);
  assert.match(wrong.body.message, /^TF400813/);
  const authorization = `Bearer ${standIn.context.tokens.issue(AUDIENCE.azureDevOps)}`;
  assert.equal((await standIn.call('GET', path, undefined, { authorization })).status, 200);
  const unversioned = await standIn.call<{ typeKey: string }>('POST', '/ado/contoso/ml-platform/_apis/wit/wiql', { query: '' }, { authorization });
  assert.deepEqual([unversioned.status, unversioned.body.typeKey], [400, 'VssVersionNotSpecifiedException']);
});

void test('an order for a pull request with a wrong field is refused by name', async (t) => {
  const standIn = await StandIn.start(t);
  const refused = await standIn.call<{ problems: { field: string }[] }>('POST', '/_sandbox/pull-requests', { ...order({ a: 'a' }), targetRefName: 'main', files: { 'a.yml': 1 }, extra: 1 });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body.problems.map(({ field }) => field).sort(), ['body', 'files.a.yml', 'targetRefName']);
});
