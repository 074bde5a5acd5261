import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FastifyInstance } from 'fastify';
import { temporalAlerts } from '../../starters/receiver/alerts/temporal-alerts.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import { createReceiver } from '../../starters/receiver/server.ts';
import { createLazyClient } from '../../starters/temporal-connection.ts';
import type { FollowAlertInput } from '../../workflows/domain/alert.ts';
import { alertmanagerBody, azureMonitorBody, pagerDutyBody, signed, subscription } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';

const credentials = { user: 'hooks', password: 'päss-word' };
const token = 'a-token-of-some-length';
const secrets = ['new-secret', 'old-secret'];
const basic: Record<string, string> = { authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` };
const log: string[] = [];
let temporal: TestWorkflowEnvironment;
let address: string;
const opened: { app: FastifyInstance; client: Client }[] = [];

before(async () => {
  temporal = await startTemporal();
  address = await listen(temporal.address);
});
after(async () => {
  for (const { app, client } of opened) {
    await app.close();
    await client.connection.close();
  }
  await temporal.teardown();
});

async function listen(temporalAddress: string): Promise<string> {
  const client = createLazyClient({ temporalAddress });
  const never = () => Promise.reject(new Error('no service hook comes in these tests'));
  const app = await createReceiver({
    credentials, logger: createReceiverLogger('info', { write: (line) => void log.push(line) }), readPullRequest: never, releaseBranch: never, startRelease: never, isTemporalReady: async () => true,
    alerts: { ...temporalAlerts(client), token, pagerDutySecrets: secrets },
  });
  opened.push({ app, client });
  return await app.listen({ host: '127.0.0.1', port: 0 });
}

interface Answer {
  status: number;
  body: { alerts?: { workflowId: string; started?: boolean; told?: boolean }[]; error?: string };
  retryAfter: string | null;
}

async function post(path: string, body: unknown, { to = address, headers = basic } = {}): Promise<Answer> {
  const response = await fetch(`${to}/webhooks/${path}`, { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Answer['body'], retryAfter: response.headers.get('retry-after') };
}

async function pagerDuty(body: unknown, ...with_: string[]): Promise<Answer> {
  const { body: text, headers } = signed(body, ...with_);
  return await post('pagerduty', text, { headers });
}

async function inputOf(workflowId: string): Promise<FollowAlertInput> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return defaultPayloadConverter.fromPayload(events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!);
}

async function signalsOf(workflowId: string): Promise<string[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName ? [signal.signalName] : []));
}

async function runsOf(workflowId: string): Promise<number> {
  return (await temporal.client.workflow.count(`WorkflowId = '${workflowId}'`)).count;
}

describe('Azure Monitor', () => {
  const id = '7a5f3a52-0000-4000-8000-00000000000a';
  const workflowId = `followAlert:azureMonitor:${subscription}.${id}`;

  it('starts one run for an alert, however often it is told, after a restart of the receiver and after the run has ended, and tells it of the end', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('azure-monitor', azureMonitorBody(id))));
    assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.alerts?.[0]?.workflowId}`))], [`202 ${workflowId}`]);
    assert.equal(answers.filter(({ body }) => body.alerts?.[0]?.started).length, 1);
    assert.deepEqual((await inputOf(workflowId)).alert, {
      source: 'azureMonitor', key: `${subscription}.${id}`, name: 'mae-high', severity: 'P1', firedAt: '2026-11-21T03:00:00.123Z', description: 'MAE is above 3', labels: { team: 'sensors', monitoringService: 'Platform', signalType: 'Metric' },
      resources: ['/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/ml-platform/providers/microsoft.machinelearningservices/workspaces/prod-ml-workspace/batchendpoints/batch-endpoint-plant-p001/deployments/deployment-circuit-c001'],
    });

    const again = await listen(temporal.address); // remembers nothing
    assert.deepEqual((await post('azure-monitor', azureMonitorBody(id.toUpperCase()), { to: again })).body.alerts, [{ workflowId, started: false }]);
    const resolved = azureMonitorBody(id, { monitorCondition: 'Resolved' });
    assert.deepEqual((await post('azure-monitor', resolved)).body.alerts, [{ workflowId, told: true }]);
    assert.deepEqual(await signalsOf(workflowId), ['alertResolved']);
    await temporal.client.workflow.getHandle(workflowId).terminate();
    assert.deepEqual((await post('azure-monitor', azureMonitorBody(id))).body.alerts, [{ workflowId, started: false }]);
    assert.deepEqual((await post('azure-monitor', resolved)).body.alerts, [{ workflowId, told: false }]);
    await eventually(async () => assert.equal(await runsOf(workflowId), 1));
  });

  it('takes the token in the header or in the address, and keeps it out of the log', async () => {
    const body = azureMonitorBody('b');
    assert.equal((await post(`azure-monitor?token=${token}`, body, { headers: {} })).status, 202);
    assert.equal((await post('azure-monitor', body, { headers: { authorization: `Bearer ${token}` } })).status, 202);
    for (const [path, headers] of [['azure-monitor', {}], [`azure-monitor?token=${token}x`, {}], ['azure-monitor?token=', {}], ['azure-monitor', { authorization: 'Bearer wrong' }], ['alertmanager', { authorization: `Basic ${Buffer.from('hooks:wrong').toString('base64')}` }]] as const) {
      assert.equal((await post(path, 'x'.repeat(300 * 1024), { headers })).status, 401, path); // before the body is looked at
    }
    assert.ok(!log.some((line) => line.includes(token)));
  });

  it('refuses another schema, names the field, and never repeats its value', async () => {
    const cases: [unknown, RegExp][] = [
      [{ schemaId: 'AzureMonitorMetricAlert', data: {} }, /^schemaId: must be azureMonitorCommonAlertSchema; switch/],
      [azureMonitorBody('../x'), /^data\.essentials\.alertId: must be the ARM id of an alert$/],
      [azureMonitorBody('x', { monitorCondition: 'Secret' }), /^data\.essentials\.monitorCondition: must be Fired or Resolved$/],
      [azureMonitorBody('x', { alertRule: 'r'.repeat(2_000) }), /^data\.essentials\.alertRule: must have at most 1000/],
      ['[]', /the body/],
      ['{', /./],
    ];
    for (const [body, message] of cases) {
      const { status, body: answer } = await post('azure-monitor', body);
      assert.equal(status, 400);
      assert.match(answer.error ?? '', message);
      assert.doesNotMatch(answer.error ?? '', /Secret/);
    }
    assert.equal((await post('azure-monitor', { padding: 'p'.repeat(256 * 1024) })).status, 413);
  });
});

describe('Alertmanager', () => {
  it('starts one run for each alert of a notification, and ends those that are resolved', async () => {
    const key = Date.parse('2026-11-21T03:00:00.123Z');
    const { status, body } = await post('alertmanager', alertmanagerBody([{ fingerprint: 'aa01' }, { fingerprint: 'aa02', labels: { severity: 'odd', circuit: `C'002\n${'x'.repeat(500)}` } }]));
    assert.deepEqual([status, body.alerts], [202, [{ workflowId: `followAlert:alertmanager:aa01.${key}`, started: true }, { workflowId: `followAlert:alertmanager:aa02.${key}`, started: true }]]);
    const { alert } = await inputOf(`followAlert:alertmanager:aa02.${key}`);
    assert.deepEqual([alert.name, alert.severity, alert.labels['circuit']?.length], ['BatchErrors', null, 150]);

    const next = await post('alertmanager', alertmanagerBody([{ fingerprint: 'aa01', status: 'resolved' }, { fingerprint: 'aa02' }, { fingerprint: 'aa03', status: 'resolved' }]));
    assert.deepEqual(next.body.alerts?.map(({ started, told }) => [started, told]), [[undefined, true], [false, undefined], [undefined, false]]);
    // The same rule again, later: another occurrence.
    assert.equal((await post('alertmanager', alertmanagerBody([{ fingerprint: 'aa01', startsAt: '2026-11-21T09:00:00Z' }]))).body.alerts?.[0]?.started, true);
  });

  it('refuses what is not version 4', async () => {
    assert.match((await post('alertmanager', { ...alertmanagerBody([]), version: '1' })).body.error ?? '', /^version: must be "4"/);
    assert.match((await post('alertmanager', alertmanagerBody([{ fingerprint: 'a:b' }]))).body.error ?? '', /^alerts\.0\.fingerprint: must be hexadecimal/);
  });
});

describe('PagerDuty', () => {
  it('takes what is signed with one of its secrets, over the bytes as they came', async () => {
    const workflowId = 'followAlert:pagerDuty:Q1';
    assert.deepEqual((await pagerDuty(pagerDutyBody('Q1'), 'old-secret')).body.alerts, [{ workflowId, started: true }]);
    assert.deepEqual((await pagerDuty(pagerDutyBody('Q1'), 'unknown', 'new-secret')).body.alerts, [{ workflowId, started: false }]);
    const { alert } = await inputOf(workflowId);
    assert.deepEqual([alert.name, alert.severity, alert.labels], ['Predictions late', 'P1', { service: 'Predictions', serviceId: 'PSERVICE', urgency: 'high' }]);
    assert.deepEqual((await pagerDuty(pagerDutyBody('Q1', 'incident.resolved'), 'new-secret')).body.alerts, [{ workflowId, told: true }]);
    for (const ignored of [pagerDutyBody('Q2', 'incident.acknowledged'), pagerDutyBody('Q2', 'pagey.ping', { data: { message: 'hi' } }), pagerDutyBody('Q2', 'incident.triggered', { client: { name: 'Holdpoint' } })]) assert.deepEqual(await pagerDuty(ignored, 'new-secret'), { status: 202, body: { alerts: [] }, retryAfter: null });
  });

  it('refuses everything else, whatever else it carries', async () => {
    const { body, headers } = signed(pagerDutyBody('Q3'), 'new-secret');
    const wrong: [string, Record<string, string>][] = [
      [body, {}], [body, basic], [`${body} `, headers], [body, { 'x-pagerduty-signature': headers['x-pagerduty-signature']!.slice(3) }], [body, { 'x-pagerduty-signature': 'v1=' }], ['', { 'x-pagerduty-signature': 'v1=00' }],
      [body, signed(pagerDutyBody('Q3'), 'no-secret').headers], [body, { 'x-pagerduty-signature': `${Array.from({ length: 10 }, () => 'v1=0').join(',')},${headers['x-pagerduty-signature']}` }],
    ];
    for (const [text, given] of wrong) assert.equal((await post('pagerduty', text, { headers: given })).status, 401);
    assert.equal(await runsOf('followAlert:pagerDuty:Q3'), 0);
    assert.match((await pagerDuty(pagerDutyBody('Q/3'), 'new-secret')).body.error ?? '', /^event\.data\.id: must be letters and digits$/);
  });
});

it('asks for another delivery while Temporal is away', async () => {
  const to = await listen('127.0.0.1:1');
  const { headers, body } = signed(pagerDutyBody('Q9'), 'new-secret');
  for (const answer of await Promise.all([post('azure-monitor', azureMonitorBody('c'), { to }), post('alertmanager', alertmanagerBody([{ fingerprint: 'cc', status: 'resolved' }]), { to }), post('pagerduty', body, { to, headers })])) {
    assert.deepEqual([answer.status, answer.retryAfter, answer.body.error], [503, '10', 'Temporal does not answer; deliver it again']);
  }
});
