import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

void test('every message is kept, repeated ones too, and can be read by webhook', async (t) => {
  const standIn = await StandIn.start(t);
  for (const text of ['waiting', 'waiting']) assert.equal((await standIn.call('POST', '/chat/webhook/releases', { text })).status, 200);
  await standIn.call('POST', '/chat/webhook/incidents', { text: 'other' });
  const { body } = await standIn.call<{ messages: { webhook: string; body: { text: string } }[] }>('GET', '/_sandbox/chat?webhook=releases');
  assert.deepEqual(body.messages.map((message) => message.body.text), ['waiting', 'waiting']);
  assert.equal((await standIn.call('POST', '/chat/webhook/releases')).status, 400);
});
