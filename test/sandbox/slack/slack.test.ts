import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

const section = (text: string) => ({ type: 'section', text: { type: 'plain_text', text } });

void test('a webhook keeps every message and refuses in Slack\'s words', async (t) => {
  const standIn = await StandIn.start(t);
  const post = (path: string, body: unknown) => standIn.call<string>('POST', `/slack/services/${path}`, body);
  for (const text of ['one', 'one']) assert.deepEqual([(await post('T1/B1/secret', { blocks: [section(text)] })).body], ['ok']);
  for (const [path, body, status, word] of [
    ['T1/B1/secret', ['not', 'an object'], 400, 'invalid_payload'],
    ['T1/B1/secret', {}, 400, 'no_text'],
    ['T1/B1/secret', { blocks: [section('x'.repeat(3001))] }, 400, 'invalid_blocks'],
    ['T1/B1/secret', { blocks: [{ type: 'carousel' }] }, 400, 'invalid_blocks'],
    ['T1/B1/secret', { blocks: [{ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'x' }, value: 'v'.repeat(2001) }] }] }, 400, 'invalid_blocks'],
    ['T1/B1/revoked', { text: 'x' }, 404, 'no_service'],
    ['T1/BARCHIVED/secret', { text: 'x' }, 410, 'channel_is_archived'],
  ] as const) {
    const answer = await post(path, body);
    assert.deepEqual([answer.status, answer.body], [status, word]);
  }
  assert.equal((await standIn.call<{ messages: unknown[] }>('GET', '/_sandbox/slack?channel=B1')).body.messages.length, 2);
});

void test('chat.postMessage answers 200 with what is wrong', async (t) => {
  const standIn = await StandIn.start(t);
  const post = async (body: unknown, headers: Record<string, string>) => (await standIn.call<{ ok: boolean; error?: string; ts?: string }>('POST', '/slack/api/chat.postMessage', body, headers)).body;
  const signedIn = { authorization: 'Bearer xoxb-sandbox' };
  assert.equal((await post({ channel: 'C1', text: 'x' }, {})).error, 'not_authed');
  assert.equal((await post({ channel: 'C1', text: 'x' }, { authorization: 'Bearer other' })).error, 'invalid_auth');
  assert.equal((await post({ channel: 'nowhere', text: 'x' }, signedIn)).error, 'channel_not_found');
  assert.equal((await post({ channel: 'C1', blocks: [{}] }, signedIn)).error, 'invalid_blocks');
  assert.match((await post({ channel: 'C1', text: 'x' }, signedIn)).ts ?? '', /^\d+\.\d{6}$/);
});
