import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

void test('a workflow takes any object with 202 and shows only what is a card', async (t) => {
  const standIn = await StandIn.start(t);
  const invoke = (body: unknown, query = 'api-version=1&sig=s', workflow = 'w1') => standIn.call<{ error?: { code: string } }>('POST', `/teams/workflows/${workflow}/triggers/manual/paths/invoke?${query}`, body);
  const card = (content: object) => ({ type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] });
  assert.equal((await invoke(card({ type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'x' }] }))).status, 202);
  assert.equal((await invoke(card({ type: 'AdaptiveCard', version: '1.6', body: [] }))).status, 202);
  assert.equal((await invoke({ text: 'x'.repeat(30_000) })).status, 202);
  assert.equal((await invoke({}, 'api-version=1')).body.error?.code, 'DirectApiAuthorizationRequired');
  assert.equal((await invoke({}, 'sig=s')).status, 400);
  assert.equal((await invoke([])).body.error?.code, 'TriggerInputSchemaMismatch');
  assert.equal((await invoke({}, undefined, 'deleted')).status, 404);
  const { posts } = (await standIn.call<{ posts: { problems: string[] }[] }>('GET', '/_sandbox/teams')).body;
  assert.deepEqual(posts.map(({ problems }) => problems.length), [0, 1, 2]);
});
