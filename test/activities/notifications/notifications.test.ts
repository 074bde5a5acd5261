import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { createNotificationActivities } from '../../../activities/notifications/index.ts';
import { messageId } from '../../../workflows/domain/keys.ts';
import { freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: false });
const clients = createNotificationClients(platforms.settings);
const webhookUrl = `${platforms.sandbox.url}/chat/webhook/top-secret-channel`;

void test('a message is posted with its id and its link; without a webhook it says that it was not', async () => {
  const { postMessage } = createNotificationActivities({ webhookUrl, ...clients });
  const key = freshKey();
  assert.deepEqual(await platforms.run(postMessage, { key, text: 'Waiting for Stage 1', link: 'https://example.com' }), { posted: true });
  const { body } = await clients.rest.send<unknown>({ method: 'GET', url: `${platforms.sandbox.url}/_sandbox/chat` });
  const kept = JSON.stringify(body);
  assert.ok(kept.includes('Waiting for Stage 1\\nhttps://example.com'));
  assert.ok(kept.includes(messageId(key)));
  const silent = createNotificationActivities({ webhookUrl: null, ...clients });
  assert.deepEqual(await platforms.run(silent.postMessage, { key, text: 'x' }), { posted: false });
});

void test('a refused message does not tell the webhook\'s address', async () => {
  platforms.fault({ method: 'POST', path: '/chat/' }, { kind: 'status', status: 500 });
  const { postMessage } = createNotificationActivities({ webhookUrl, ...clients });
  await assert.rejects(platforms.run(postMessage, { key: freshKey(), text: 'x' }), (error) => error instanceof ApplicationFailure && error.type === 'Unavailable' && !error.message.includes('top-secret'));
});
