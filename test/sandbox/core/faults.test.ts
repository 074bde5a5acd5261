import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../../sandbox/core/faults.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

const WEBHOOK = '/chat/webhook/releases';

const say = (standIn: StandIn, text = 'hello', init: { signal?: AbortSignal } = {}) =>
  fetch(standIn.url + WEBHOOK, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }), ...init });

const heard = async (standIn: StandIn) => (await standIn.call<{ messages: unknown[] }>('GET', '/_sandbox/chat')).body.messages.length;
const faults = async (standIn: StandIn) => (await standIn.call<{ faults: Fault[] }>('GET', '/_sandbox/faults')).body.faults;

void test('a status fault answers instead of the platform, with or without Retry-After, and counts its hits', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: '^/chat/', times: 1 }, { kind: 'status', status: 429, retryAfterS: 7 });
  await standIn.fault({ method: '*', path: '^/chat/', times: 1 }, { kind: 'status', status: 429 });
  const first = await say(standIn);
  const second = await say(standIn);
  const third = await say(standIn);
  assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '7']);
  assert.deepEqual([second.status, second.headers.get('retry-after')], [429, null]);
  assert.equal(third.status, 200);
  assert.equal(await heard(standIn), 1);
  assert.deepEqual((await faults(standIn)).map(({ hits }) => hits), [1, 1]);
  assert.deepEqual((await standIn.ledger()).map(({ status, changed, fault }) => [status, changed, fault]),
    [[429, false, 'status'], [429, false, 'status'], [200, true, null]]);
});

void test('skip lets the first matches pass, and another method or path is not met', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'post', path: 'releases$', skip: 1, times: 1 }, { kind: 'status', status: 500 });
  await standIn.fault({ method: 'GET', path: 'releases$', times: 9 }, { kind: 'status', status: 503 });
  await standIn.fault({ method: 'POST', path: '^/elsewhere', times: 9 }, { kind: 'status', status: 503 });
  const statuses = [];
  for (let call = 0; call < 3; call += 1) statuses.push((await say(standIn)).status);
  assert.deepEqual(statuses, [200, 500, 200]);
});

void test('a request that is cut after acceptance has happened and is in the ledger', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 1 }, { kind: 'cutAfterAccept' });
  await assert.rejects(say(standIn), TypeError);
  assert.equal(await heard(standIn), 1);
  const [entry] = await standIn.ledger();
  assert.deepEqual([entry?.status, entry?.changed, entry?.fault], [200, true, 'cutAfterAccept']);
});

void test('a delayed request is accepted after its client has given up', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 1 }, { kind: 'delayAccept', ms: 400 });
  await assert.rejects(say(standIn, 'late', { signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' });
  const gaveUpAt = Date.now();
  assert.equal(await heard(standIn), 0);
  assert.equal((await standIn.ledger()).length, 0);
  await eventually(async () => (await heard(standIn)) === 1);
  const [entry] = await standIn.ledger();
  assert.ok(Date.parse(entry!.acceptedAt) >= gaveUpAt);
});

void test('a delayed request whose client waits is accepted and then cut', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 1 }, { kind: 'delayAccept', ms: 50 });
  await assert.rejects(say(standIn), TypeError);
  assert.equal(await heard(standIn), 1);
});

void test('a request that is held when the stand-in stops is never accepted', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 1 }, { kind: 'delayAccept', ms: 60_000 });
  const refused = assert.rejects(say(standIn), TypeError);
  await eventually(async () => (await faults(standIn))[0]?.hits === 1);
  await standIn.restart();
  await refused;
  assert.equal(await heard(standIn), 0);
  assert.deepEqual(await standIn.ledger(), []);
});

void test('a slow answer comes late, its effect at once', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 1 }, { kind: 'slow', ms: 1000 });
  let answered = false;
  const answer = say(standIn).finally(() => (answered = true));
  await eventually(async () => (await heard(standIn)) === 1);
  assert.equal(answered, false);
  assert.equal((await answer).status, 200);
});

void test('an operation fault decides how a pipeline run ends', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: '/runs$', times: 1 }, { kind: 'operation', result: 'Failed' });
  const run = async () => (await standIn.devOps<{ id: number }>('POST', 'pipelines/1/runs', {})).body.id;
  const [failed, succeeded] = [await run(), await run()];
  await standIn.advance(10_000);
  const result = async (id: number) => (await standIn.devOps<{ result: string }>('GET', `pipelines/1/runs/${id}`)).body.result;
  assert.equal(await result(failed), 'failed');
  assert.equal(await result(succeeded), 'succeeded');
});

void test('faults and their counts survive a restart until they are deleted', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'POST', path: WEBHOOK, times: 2 }, { kind: 'status', status: 500 });
  await say(standIn);
  await standIn.restart();
  assert.equal((await say(standIn)).status, 500);
  assert.equal((await say(standIn)).status, 200);
  assert.deepEqual((await faults(standIn)).map(({ hits }) => hits), [2]);
  await standIn.call('DELETE', '/_sandbox/faults');
  assert.deepEqual(await faults(standIn), []);
});
