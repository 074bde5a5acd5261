import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPOSITORY_ID } from '../../../sandbox/core/tenancy.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

const MINUTE_MS = 60_000;

interface Subscription {
  id: string;
  status: string;
  probationRetries: number;
  consumerInputs: Record<string, string>;
}

const subscription = (url: string, more: object = {}, consumerInputs: object = {}) => ({
  publisherId: 'tfs',
  eventType: 'git.pullrequest.merged',
  resourceVersion: '1.0',
  consumerId: 'webHooks',
  consumerActionId: 'httpRequest',
  publisherInputs: { repository: REPOSITORY_ID, branch: 'main' },
  consumerInputs: { url, basicAuthUsername: 'demo', basicAuthPassword: 'demo', ...consumerInputs },
  ...more,
});

/** At the level of the organisation, as Azure DevOps has them. */
const hooks = <T>(standIn: StandIn, method: string, path = '', body?: object) =>
  standIn.call<T>(method, `/ado/contoso/_apis/hooks/subscriptions${path}?api-version=7.1`, body, { authorization: `Basic ${btoa(':sandbox-pat')}` });

async function subscribe(standIn: StandIn, body: object): Promise<Subscription> {
  const { status, body: created } = await hooks<Subscription>(standIn, 'POST', '', body);
  assert.equal(status, 200);
  return created;
}

const read = async (standIn: StandIn, { id }: Subscription) => (await hooks<Subscription>(standIn, 'GET', `/${id}`)).body;

async function complete(standIn: StandIn, more: object = {}): Promise<number> {
  const order = { title: 'Tune', createdBy: 'dana@example.com', targetRefName: 'refs/heads/main', files: { 'a.yml': String(Math.random()) }, ...more };
  return (await standIn.call<{ pullRequestId: number }>('POST', '/_sandbox/pull-requests', order)).body.pullRequestId;
}

/** Advances the clock until the receiver has been called that often. */
async function advanceUntil(standIn: StandIn, receiver: Receiver, calls: number, stepMs: number): Promise<void> {
  await eventually(async () => {
    if (receiver.received.length >= calls) return true;
    await standIn.advance(stepMs);
    return false;
  });
}

void test('a merged pull request is delivered with the documented envelope, basic authentication and headers', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  const created = await subscribe(standIn, subscription(receiver.url, {}, { httpHeaders: 'X-Plant: P001\nX-Other: a:b' }));
  assert.equal(created.consumerInputs.basicAuthPassword, '********');
  const pullRequestId = await complete(standIn);
  await eventually(() => receiver.received.length === 1);

  const { headers, body } = receiver.received[0]!;
  assert.equal(headers.authorization, `Basic ${btoa('demo:demo')}`);
  assert.deepEqual([headers['x-plant'], headers['x-other']], ['P001', 'a:b']);
  assert.deepEqual([body.subscriptionId, body.notificationId, body.eventType, body.publisherId, body.resourceVersion],
    [created.id, 1, 'git.pullrequest.merged', 'tfs', '1.0']);
  const resource = body.resource as { pullRequestId: number; status: string; mergeStatus: string; repository: { id: string } };
  assert.deepEqual([resource.pullRequestId, resource.status, resource.mergeStatus, resource.repository.id],
    [pullRequestId, 'completed', 'succeeded', REPOSITORY_ID]);
  const containers = body.resourceContainers as { project: { baseUrl: string } };
  assert.equal(containers.project.baseUrl, `${standIn.url}/ado/contoso/`);
});

void test('filters of event, branch and repository hold back what they should, and details can be left out', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, subscription(receiver.url, { publisherInputs: { branch: 'refs/heads/release' } }));
  await subscribe(standIn, subscription(receiver.url, { publisherInputs: { repository: 'another' } }));
  await subscribe(standIn, subscription(receiver.url, { eventType: 'git.pullrequest.created' }));
  await subscribe(standIn, subscription(receiver.url, { eventType: 'git.pullrequest.updated', publisherInputs: { notificationType: 'PushNotification' } }));
  await subscribe(standIn, subscription(receiver.url,
    { eventType: 'git.pullrequest.updated', publisherInputs: { notificationType: 'StatusUpdateNotification' } },
    { resourceDetailsToSend: 'minimal', messagesToSend: 'none', detailedMessagesToSend: 'text' }));
  await complete(standIn);
  await eventually(() => receiver.received.length > 0);
  await complete(standIn, { targetRefName: 'refs/heads/release' });
  await eventually(() => receiver.received.length === 3);
  assert.deepEqual(receiver.received.map(({ body }) => body.eventType).sort(),
    ['git.pullrequest.merged', 'git.pullrequest.updated', 'git.pullrequest.updated']);
  const { body } = receiver.received[0]!;
  assert.deepEqual([Object.keys(body.resource as object), body.message, Object.keys(body.detailedMessage as object)], [['pullRequestId', 'url'], null, ['text']]);
});

void test('an active pull request is announced as merged too: a trial merge', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, subscription(receiver.url));
  await complete(standIn, { status: 'active' });
  await eventually(() => receiver.received.length === 1);
  assert.equal((receiver.received[0]!.body.resource as { status: string }).status, 'active');
});

void test('a redelivery repeats the notification byte for byte; without an earlier one it is made', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  await subscribe(standIn, subscription(receiver.url));
  const pullRequestId = await complete(standIn, { deliver: false });
  const deliver = async () => (await standIn.call<{ deliveries: number }>('POST', `/_sandbox/pull-requests/${pullRequestId}/deliver`)).body.deliveries;
  assert.deepEqual([await deliver(), await deliver(), await deliver()], [1, 1, 1]);
  await eventually(() => receiver.received.length === 3);
  assert.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1);
});

void test('a transient failure is retried eight times with growing waits, then the subscription goes on probation', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  receiver.status = 503;
  const created = await subscribe(standIn, subscription(receiver.url));
  await complete(standIn);
  await advanceUntil(standIn, receiver, 9, 4000);
  await eventually(async () => (await read(standIn, created)).status === 'onProbation');
  const { body } = await hooks<{ value: { details: { attempts: { at: string }[] } }[] }>(standIn, 'GET', `/${created.id}/notifications`);
  const times = body.value[0]!.details.attempts.map(({ at }) => Date.parse(at));
  const waits = times.slice(1).map((time, index) => time - times[index]!);
  const least = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000);
  assert.ok(waits.every((wait, index) => wait >= least[index]!), String(waits));
});

void test('any other failure puts the subscription on probation, where it misses events until a try succeeds', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  receiver.status = 500;
  const created = await subscribe(standIn, subscription(receiver.url));
  await complete(standIn);
  await eventually(async () => (await read(standIn, created)).status === 'onProbation');
  await complete(standIn);
  await standIn.advance(20 * MINUTE_MS);
  await eventually(async () => (await read(standIn, created)).probationRetries === 1);
  assert.equal(receiver.received.length, 2);

  receiver.status = 202;
  await standIn.advance(40 * MINUTE_MS);
  await eventually(async () => (await read(standIn, created)).status === 'enabled');
  assert.deepEqual(receiver.received.map(({ body }) => body.notificationId), [1, 1, 1]);
  await complete(standIn);
  await eventually(() => receiver.received.length === 4);
});

void test('seven failed tries on probation disable the subscription', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  receiver.status = 401;
  const created = await subscribe(standIn, subscription(receiver.url));
  await complete(standIn);
  await advanceUntil(standIn, receiver, 8, 900 * MINUTE_MS);
  await eventually(async () => (await read(standIn, created)).status === 'disabledBySystem');
  await complete(standIn);
  assert.equal(receiver.received.length, 8);
});

void test('410 disables at once; its owner can enable it again with the password kept', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  receiver.status = 410;
  const created = await subscribe(standIn, subscription(receiver.url));
  await complete(standIn);
  await eventually(async () => (await read(standIn, created)).status === 'disabledBySystem');
  receiver.status = 200;
  await hooks(standIn, 'PUT', `/${created.id}`, { ...(await read(standIn, created)), status: 'enabled' });
  await complete(standIn);
  await eventually(() => receiver.received.length === 2);
  assert.equal(receiver.received[1]!.headers.authorization, `Basic ${btoa('demo:demo')}`);
});

void test('a queued delivery survives a restart', async (t) => {
  const standIn = await StandIn.start(t);
  const receiver = await Receiver.start(t);
  receiver.status = 503;
  await subscribe(standIn, subscription(receiver.url));
  await complete(standIn);
  await eventually(() => receiver.received.length === 1);
  receiver.status = 202;
  await standIn.restart();
  await advanceUntil(standIn, receiver, 2, 1000);
  assert.equal(receiver.received[0]!.raw, receiver.received[1]!.raw);
});

void test('a subscription can be listed and deleted; a wrong one is refused', async (t) => {
  const standIn = await StandIn.start(t);
  const created = await subscribe(standIn, subscription('http://127.0.0.1:9/hooks'));
  assert.equal((await hooks<{ count: number }>(standIn, 'GET')).body.count, 1);
  assert.equal((await hooks(standIn, 'DELETE', `/${created.id}`)).status, 204);
  assert.equal((await hooks(standIn, 'GET', `/${created.id}`)).status, 404);
  assert.equal((await hooks(standIn, 'POST', '', subscription('not a url'))).status, 400);
});
