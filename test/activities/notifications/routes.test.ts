import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf } from '../../../activities/notifications/recipients.ts';
import { channelsFor } from '../../../activities/notifications/routes.ts';
import { notificationsSchema, secretNames } from '../../../activities/estate/notifications-schema.ts';

const notifications = notificationsSchema.parse({
  channels: {
    chat: { kind: 'slack', webhook: 'SLACK_URL' },
    board: { kind: 'mail', smtp: 'SMTP_URL', from: 'x@example.com' },
    pager: { kind: 'pagerDuty', routingKey: 'PD_KEY' },
  },
  routes: [
    { channels: ['chat'] },
    { events: ['opened', 'decided'], severities: ['P2', 'P3'], channels: ['board', 'chat'] },
    { severities: ['P0', 'P1'], channels: ['pager'] },
    { severities: ['P0'], events: ['opened'], channels: ['pager'] },
  ],
});

void test('routes add up, by kind and severity; a pager takes what wakes somebody, and always what ends it', () => {
  const to = (kind: Parameters<typeof channelsFor>[1]['kind'], severity: 'P0' | 'P1' | 'P2') => channelsFor(notifications, { kind, severity });
  assert.deepEqual(to('opened', 'P2'), ['chat', 'board']);
  assert.deepEqual(to('reminded', 'P2'), ['chat']);
  assert.deepEqual(to('opened', 'P1'), ['chat']);
  assert.deepEqual(to('opened', 'P0'), ['chat', 'pager']);
  assert.deepEqual(to('escalated', 'P1'), ['chat', 'pager']);
  assert.deepEqual(to('escalated', 'P2'), ['chat']);
  for (const kind of ['answered', 'decided'] as const) assert.ok(to(kind, 'P1').includes('pager'));
  assert.deepEqual(secretNames(notifications), ['SLACK_URL', 'SMTP_URL', 'PD_KEY']);
});

void test('persons, groups and contacts become addresses, each once', () => {
  const person = (id: string, ...aliases: string[]) => ({ id, aliases, calendar: null, absences: [] });
  const directory = {
    people: [person('ann', 'ann@example.com', 'T0CONTOSO/U0ANN99'), person('ben', 'Ben Doe', 'contoso\\ben'), person('cem')],
    groups: { board: ['ann', 'cem'] },
    escalation: { manager: 'ben', directors: 'board' },
    addresses: { cem: { mail: 'cem@example.com', slack: 'U0CEM' }, manager: { mail: 'boss@example.com' }, ops: { slack: 'S0OPS' } },
  };
  assert.deepEqual(addressesOf(['ann', 'board', 'ben', 'manager', 'nobody'], 'mail', directory), ['ann@example.com', 'cem@example.com', 'boss@example.com']);
  assert.deepEqual(addressesOf(['directors', 'ops'], 'slack', directory), ['U0ANN99', 'U0CEM', 'S0OPS']);
  assert.deepEqual(addressesOf(['manager', 'toString'], 'slack', directory), []);
});
