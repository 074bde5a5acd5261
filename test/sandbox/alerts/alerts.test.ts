import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '../../../sandbox/alerts/alerts.ts';
import { AUDIENCE, machineLearningId, SUBSCRIPTION_ID } from '../../../sandbox/core/tenancy.ts';
import { StandIn } from '../support/stand-in.ts';

const HOUR_MS = 3600 * 1000;
const order = { plant: 'P001', circuit: 'C001', rule: 'inference-failures', severity: 'Sev1', condition: 'Fired' };
const target = machineLearningId('workspaces/prod-ml-workspace/batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001');

interface Page {
  value: Alert[];
  nextLink?: string;
}

const report = (standIn: StandIn, more: object = {}) => standIn.call<Alert>('POST', '/_sandbox/alerts', { ...order, ...more });

function list(standIn: StandIn, query: Record<string, string> = {}) {
  const parameters = new URLSearchParams({ 'api-version': '2019-05-05-preview', ...query });
  return get(standIn, `/subscriptions/${SUBSCRIPTION_ID}/providers/Microsoft.AlertsManagement/alerts?${parameters.toString()}`);
}

const get = (standIn: StandIn, path: string) =>
  standIn.call<Page>('GET', path, undefined, { authorization: `Bearer ${standIn.context.tokens.issue(AUDIENCE.resourceManager)}` });

void test('a fired alert is listed under its deployment, whatever the case, and under no other', async (t) => {
  const standIn = await StandIn.start(t);
  assert.equal((await report(standIn)).status, 201);
  await report(standIn, { circuit: 'C002' });
  const { body } = await list(standIn, { targetResource: target.toUpperCase(), monitorCondition: 'Fired' });
  assert.equal(body.value.length, 1);
  const { essentials } = body.value[0]!.properties;
  assert.deepEqual([essentials.targetResource, essentials.alertRule, essentials.severity, essentials.monitorCondition, essentials.targetResourceName],
    [target, 'inference-failures', 'Sev1', 'Fired', 'deployment-circuit-C001']);
});

void test('resolving meets the newest fired alert of the rule; without one it is refused', async (t) => {
  const standIn = await StandIn.start(t);
  await report(standIn);
  await standIn.advance(1000);
  const { name } = (await report(standIn)).body;
  const resolved = await report(standIn, { condition: 'Resolved' });
  assert.deepEqual([resolved.status, resolved.body.name], [200, name]);
  assert.ok(resolved.body.properties.essentials.monitorConditionResolvedDateTime);
  const { body } = await list(standIn, { monitorCondition: 'Resolved' });
  assert.deepEqual(body.value.map((alert) => alert.name), [name]);
  assert.equal((await report(standIn, { condition: 'Resolved', rule: 'another' })).status, 404);
});

void test('the listing goes by pages and, unless asked otherwise, covers one day', async (t) => {
  const standIn = await StandIn.start(t);
  for (const rule of ['a', 'b', 'c']) await report(standIn, { rule });
  const first = (await list(standIn, { pageCount: '2' })).body;
  assert.equal(first.value.length, 2);
  const second = (await get(standIn, first.nextLink!)).body;
  assert.deepEqual([second.value.length, second.nextLink], [1, undefined]);
  const rules = [...first.value, ...second.value].map((alert) => alert.properties.essentials.alertRule);
  assert.deepEqual(rules.sort(), ['a', 'b', 'c']);

  await standIn.advance(25 * HOUR_MS);
  assert.equal((await list(standIn)).body.value.length, 0);
  assert.equal((await list(standIn, { timeRange: '7d' })).body.value.length, 3);
  const now = standIn.context.clock.nowMs();
  const customTimeRange = `${new Date(now - 26 * HOUR_MS).toISOString()}/${new Date(now).toISOString()}`;
  assert.equal((await list(standIn, { customTimeRange })).body.value.length, 3);
});

void test('alerts survive a restart; a request without api-version or with a wrong field is refused', async (t) => {
  const standIn = await StandIn.start(t);
  await report(standIn);
  await standIn.restart();
  assert.equal((await list(standIn)).body.value.length, 1);
  assert.equal((await list(standIn, { 'api-version': '' })).status, 400);
  assert.equal((await list(standIn, { timeRange: '1y' })).status, 400);
  const refused = await standIn.call<{ error: string }>('POST', '/_sandbox/alerts', { ...order, severity: 'high' });
  assert.equal(refused.status, 400);
  assert.match(refused.body.error, /^severity: /);
});
