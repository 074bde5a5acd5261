import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FastifyInstance } from 'fastify';
import { pullRequestReader } from '../../starters/receiver/azure-devops-reader.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import type { ReleasePorts } from '../../starters/receiver/release-completed.ts';
import { createReceiver } from '../../starters/receiver/server.ts';
import { isTemporalReady, startRelease } from '../../starters/receiver/temporal-releases.ts';
import { createLazyClient } from '../../starters/temporal-connection.ts';
import { Platforms } from '../activities/support/platforms.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';

const platforms = await Platforms.start({ seed: false });
const credentials = { user: 'hooks', password: 'päss-word' };
const log: string[] = [];
let temporal: TestWorkflowEnvironment;
let address: string;
const opened: FastifyInstance[] = [];
const clients: Client[] = [];

before(async () => {
  temporal = await startTemporal();
  address = await listen(temporal.address);
});
after(async () => {
  await Promise.all(opened.map((app) => app.close()));
  await Promise.all(clients.map((client) => client.connection.close()));
  await temporal.teardown();
});

/** A receiver on a free port, with the real ways to Temporal and Azure DevOps but for the replaced ones. */
async function listen(temporalAddress: string, replaced: Partial<ReleasePorts> = {}): Promise<string> {
  const client = createLazyClient({ temporalAddress });
  const app = await createReceiver({
    credentials,
    logger: createReceiverLogger('info', { write: (line) => void log.push(line) }),
    readPullRequest: pullRequestReader(platforms.settings),
    releaseBranch: async () => 'refs/heads/main',
    startRelease: (input) => startRelease(client, input),
    isTemporalReady: () => isTemporalReady(client),
    ...replaced,
  });
  opened.push(app);
  clients.push(client);
  return await app.listen({ host: '127.0.0.1', port: 0 });
}

interface Answer {
  status: number;
  body: { workflowId?: string; started?: boolean; ignored?: string; error?: string };
  header: (name: string) => string | null;
}

async function post(body: unknown, { to = address, user = credentials.user, password = credentials.password, headers = {} }: { to?: string; user?: string; password?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const response = await fetch(`${to}/webhooks/azure-devops`, { method: 'POST', headers: { authorization, 'content-type': 'application/json; charset=utf-8', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Answer['body'], header: (name) => response.headers.get(name) };
}

async function pullRequest(order: { status?: string; targetRefName?: string } = {}): Promise<{ pullRequestId: number; repositoryId: string }> {
  return await platforms.control('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'config/plants/P001/C001.yml': `# ${Math.random()}` }, deliver: false, ...order });
}

let notifications = 0;

function event({ pullRequestId, repositoryId }: { pullRequestId: number; repositoryId: string }, eventType = 'git.pullrequest.merged'): Record<string, unknown> {
  notifications += 1;
  return { id: `event-${notifications}`, eventType, publisherId: 'tfs', subscriptionId: 'subscription-1', notificationId: notifications, resource: { pullRequestId, status: 'completed', repository: { id: repositoryId } } };
}

async function runsOf(workflowId: string): Promise<string[]> {
  const runs: string[] = [];
  for await (const { runId } of temporal.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(runId);
  return runs;
}

describe('POST /webhooks/azure-devops', () => {
  it('starts one release, however often and in whatever order a completion is told', async () => {
    const completed = await pullRequest();
    const told = Array.from({ length: 20 }, (_, n) => post(event(completed, n % 2 === 0 ? 'git.pullrequest.merged' : 'git.pullrequest.updated')));
    const answers = await Promise.all(told);
    const workflowId = `releaseChange:${completed.repositoryId}:${completed.pullRequestId}`;
    assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.workflowId}`))], [`202 ${workflowId}`]);
    assert.equal(answers.filter(({ body }) => body.started).length, 1);

    // By its name instead of its id, and after the run has ended: the same run.
    await temporal.client.workflow.getHandle(workflowId).terminate();
    assert.deepEqual((await post(event({ ...completed, repositoryId: 'sensor-predictions' }))).body, { workflowId, started: false });
    await eventually(async () => assert.equal((await runsOf(workflowId)).length, 1));
    const [input] = (await temporal.client.workflow.getHandle(workflowId).fetchHistory()).events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    assert.deepEqual(JSON.parse(Buffer.from(input!.data!).toString()), { repositoryId: completed.repositoryId, pullRequestId: completed.pullRequestId });
    assert.ok(log.some((line) => line.includes('"release started"') && line.includes(workflowId) && line.includes('"subscriptionId":"subscription-1"')));
  });

  it('reads minimal resource details', async () => {
    const { pullRequestId, repositoryId } = await pullRequest();
    const { status, body } = await post({ ...event({ pullRequestId, repositoryId }), resource: { pullRequestId, url: `https://dev.azure.com/contoso/_apis/git/repositories/${repositoryId}/pullRequests/${pullRequestId}` } });
    assert.deepEqual([status, body.started], [202, true]);
  });

  it('starts nothing for what is not completed, not for the release branch, or not there, whatever the notification says', async () => {
    const cases: [{ pullRequestId: number; repositoryId: string }, RegExp][] = [
      [await pullRequest({ status: 'active' }), /is active/],
      [await pullRequest({ status: 'abandoned' }), /is abandoned/],
      [await pullRequest({ targetRefName: 'refs/heads/feature' }), /merged into refs\/heads\/feature; releases come from refs\/heads\/main/],
      [{ pullRequestId: 999_999, repositoryId: '33333333-3333-3333-3333-333333333333' }, /does not exist/],
      [{ pullRequestId: 1, repositoryId: '../../elsewhere' }, /does not exist/],
    ];
    for (const [reference, reason] of cases) {
      const { status, body } = await post(event(reference));
      assert.equal(status, 202);
      assert.match(body.ignored ?? '', reason);
    }
  });

  it('does not start a release whose merge has failed', async () => {
    const body = { pullRequestId: 5, status: 'completed', mergeStatus: 'conflicts', title: '', targetRefName: 'refs/heads/main', createdBy: { uniqueName: '' }, repository: { id: 'r', name: 'r' }, url: '' } as const;
    const to = await listen(temporal.address, { readPullRequest: () => Promise.resolve(body) });
    assert.match((await post(event({ pullRequestId: 5, repositoryId: 'r' }), { to })).body.ignored ?? '', /merge .* conflicts/);
  });

  it('accepts and ignores events that it does not know', async () => {
    const { status, body } = await post({ id: 'e', eventType: 'workitem.updated', resource: null });
    assert.deepEqual([status, body], [202, { ignored: 'workitem.updated starts nothing' }]);
    // Known, but this receiver accompanies no build pipeline.
    assert.deepEqual((await post({ id: 'e', eventType: 'build.complete', resource: { id: 7 } })).body, { ignored: 'build.complete starts nothing' });
  });

  it('lets nobody in without the user and the password', async () => {
    const anonymous = await fetch(`${address}/webhooks/azure-devops`, { method: 'POST', body: '{' });
    assert.deepEqual([anonymous.status, anonymous.headers.get('www-authenticate')], [401, 'Basic realm="Holdpoint webhooks", charset="UTF-8"']);
    for (const wrong of [{ password: 'pass-word' }, { password: '' }, { user: 'hook' }, { password: `${credentials.password}x` }]) assert.equal((await post({}, wrong)).status, 401);
    // Refused before its body is looked at.
    assert.equal((await post('x'.repeat(300 * 1024), { password: 'no' })).status, 401);
    assert.ok(!log.some((line) => line.includes(credentials.password) || line.includes(Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64'))));
  });

  it('refuses what is too large, no JSON, or not a notification, and names the field', async () => {
    const size = (bytes: number): string => JSON.stringify({ id: 'e', eventType: 'x', padding: 'p'.repeat(bytes) });
    assert.equal((await post(size(256 * 1024))).status, 413);
    assert.equal((await post(size(200 * 1024))).status, 202);
    assert.equal((await post('{"id":')).status, 400);
    assert.equal((await post('', {})).status, 400);
    assert.equal((await post('id=1', { headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 415);
    const malformed: [unknown, RegExp][] = [
      [[], /the body/],
      [{ id: 'e' }, /^eventType: /],
      [{ ...event({ pullRequestId: 1, repositoryId: 'r' }), resource: null }, /^resource: .*All or Minimal/],
      [{ ...event({ pullRequestId: 1, repositoryId: 'r' }), resource: { pullRequestId: '7', repository: { id: 'r' } } }, /^resource\.pullRequestId: must be a whole number/],
      [{ ...event({ pullRequestId: 1, repositoryId: 'r' }), resource: { pullRequestId: 7 } }, /^resource\.repository\.id: is missing/],
      [{ id: 'e', eventType: 'build.complete', resource: null }, /^resource: .*All or Minimal/],
      [{ id: 'e', eventType: 'ms.vss-pipelines.run-state-changed-event', resource: { run: { id: '7' } } }, /^resource\.run\.id: must be a whole number/],
      [{ id: 'e', eventType: 'ms.vss-pipelinechecks-events.approval-completed', resource: { approval: { id: '../7' } } }, /^resource\.approval\.id: must be a GUID/],
    ];
    for (const [body, message] of malformed) {
      const { status, body: answer } = await post(body);
      assert.equal(status, 400);
      assert.match(answer.error ?? '', message);
    }
  });

  it('asks for another delivery while Azure DevOps cannot be read', async () => {
    const completed = await pullRequest();
    const path = `/pullRequests/${completed.pullRequestId}$`;
    for (const [effect, seconds] of [[{ kind: 'status', status: 500 }, '10'], [{ kind: 'status', status: 429, retryAfterS: 3 }, '3'], [{ kind: 'status', status: 401 }, '10'], [{ kind: 'cutAfterAccept' }, '10']] as const) {
      platforms.fault({ path }, effect);
      const { status, body, header } = await post(event(completed));
      assert.deepEqual([status, header('retry-after')], [503, seconds], body.error);
      assert.match(body.error ?? '', /Azure DevOps .* deliver it again/);
    }
    assert.equal((await post(event(completed))).body.started, true);
  });

  it('asks for another delivery, and never answers 500, when something unexpected happens', async () => {
    const to = await listen(temporal.address, { releaseBranch: () => Promise.reject(new Error('secret detail of the estate')) });
    const { status, body } = await post(event(await pullRequest()), { to });
    assert.deepEqual([status, body], [503, { error: 'not accepted for now; deliver it again' }]);
    assert.ok(log.some((line) => line.includes('secret detail of the estate')));
  });
});

describe('while Temporal is away', () => {
  it('is alive but not ready, and asks for another delivery', async () => {
    const to = await listen('127.0.0.1:1');
    const at = async (path: string): Promise<number> => (await fetch(`${to}${path}`)).status;
    assert.deepEqual([await at('/healthz'), await at('/readyz')], [200, 503]);
    const { status, header, body } = await post(event(await pullRequest()), { to });
    assert.deepEqual([status, header('retry-after'), body.error], [503, '10', 'Temporal does not answer; deliver it again']);
    assert.deepEqual(await Promise.all(['/healthz', '/readyz'].map(async (path) => (await fetch(`${address}${path}`)).status)), [200, 200]);
  });
});
