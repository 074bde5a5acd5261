import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

void test('triggers of one key are one alert; acknowledge and resolve move it; wrong events are refused', async (t) => {
  const standIn = await StandIn.start(t);
  const routing_key = 'r'.repeat(32);
  const send = (body: object) => standIn.call<{ status: string; dedup_key?: string; errors?: string[] }>('POST', '/pagerduty/v2/enqueue', { routing_key, ...body });
  const trigger = { event_action: 'trigger', dedup_key: 'gate', payload: { summary: 's', source: 'run', severity: 'error' } };
  for (let n = 0; n < 2; n += 1) assert.deepEqual((await send(trigger)).body, { status: 'success', message: 'Event processed', dedup_key: 'gate' });
  await send({ event_action: 'acknowledge', dedup_key: 'gate' });
  assert.equal((await send({ event_action: 'resolve', dedup_key: 'unknown' })).status, 202);
  await send({ event_action: 'resolve', dedup_key: 'gate' });
  const wrong = await send({ ...trigger, routing_key: 'short' });
  assert.deepEqual([wrong.status, wrong.body.errors], [400, ["Length of 'routing_key' is incorrect (should be 32 characters)"]]);
  assert.equal((await send({ event_action: 'shout' })).status, 400);
  const { alerts } = (await standIn.call<{ alerts: { status: string; log: string[] }[] }>('GET', '/_sandbox/pagerduty')).body;
  assert.deepEqual(alerts.map(({ status, log }) => [status, log]), [['resolved', ['trigger', 'trigger', 'acknowledge', 'resolve']]]);
  assert.ok(!JSON.stringify((await standIn.call('GET', '/_sandbox/pagerduty')).body).includes(routing_key));
});
