/** Alerts as their senders write them, at the receiver, routed by an estate file: each runbook that they can start is given what it takes. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createAlertRouteActivities } from '../../activities/estate/alert-routes.ts';
import { temporalAlerts } from '../../starters/receiver/alerts/temporal-alerts.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import { createReceiver } from '../../starters/receiver/server.ts';
import { followAlertId } from '../../workflows/domain/alert.ts';
import { alertmanagerBody, azureMonitorBody, pagerDutyBody, productionDeployment, signed, withoutAlerts } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import type { ReleaseActivities } from '../support/release-activities.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { startTemporal } from '../support/temporal-server.ts';

const routes = `
alerts:
  routes:
    - {source: azureMonitor, rules: [batch-failed], runbook: recoverBatchJob, job: label.RunId}
    - {source: azureMonitor, rules: [mae-high], runbook: investigateDegradation}
    - {source: azureMonitor, rules: [down], runbook: coordinateIncident}
    - {source: alertmanager, rules: [BatchErrors], runbook: recoverBatchJob, job: label.job_name, target: {plant: label.plant, circuit: label.circuit}}
    - {source: alertmanager, rules: [Mae], runbook: investigateDegradation, target: {plant: label.plant, circuit: label.circuit}}
    - {source: alertmanager, rules: [Down], runbook: coordinateIncident, target: {plant: label.plant, circuit: label.circuit}}
    - {source: pagerDuty, labels: {service: "*late*"}, runbook: recoverBatchJob, target: {plant: P002, circuit: C001}}
    - {source: pagerDuty, labels: {service: "*worse*"}, runbook: investigateDegradation, target: {plant: P002, circuit: C002}}
    - {source: pagerDuty, runbook: coordinateIncident, target: {plant: P002, circuit: C003}}
`;

let temporal: TestWorkflowEnvironment;
let directory: string;
before(async () => {
  temporal = await startTemporal();
  directory = await mkdtemp(join(tmpdir(), 'holdpoint-routes-'));
  await writeFile(join(directory, 'estate.yml'), withoutAlerts(await readFile('estate/demo.yml', 'utf8')) + routes);
});
after(async () => {
  await temporal.teardown();
  await rm(directory, { recursive: true, force: true });
});

const basic = { authorization: `Basic ${Buffer.from('hooks:password').toString('base64')}` };

async function inputOf(workflowId: string): Promise<object> {
  return await eventually(async () => {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    return defaultPayloadConverter.fromPayload<object>(events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!);
  });
}

it('each sender reaches each runbook, with the job by its label or from the platform', async () => {
  const never = () => Promise.reject(new Error('no service hook comes in these tests'));
  const app = await createReceiver({
    credentials: { user: 'hooks', password: 'password' }, logger: createReceiverLogger('error', { write: () => undefined }), readPullRequest: never, releaseBranch: never, startRelease: never, isTemporalReady: async () => true,
    alerts: { ...temporalAlerts(temporal.client), token: undefined, pagerDutySecrets: ['secret'] },
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const post = async (path: string, body: string, headers: Record<string, string>): Promise<void> => assert.equal((await fetch(`${address}/webhooks/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).status, 202);
  const azure = (id: string, alertRule: string, circuit: string, alertContext: object = {}) => {
    const body = azureMonitorBody(id, { alertRule, alertTargetIDs: [productionDeployment('P001', circuit)] });
    return post('azure-monitor', JSON.stringify({ ...body, data: { ...body.data, alertContext } }), basic);
  };
  const prometheus = (fingerprint: string, labels: Record<string, string>) => post('alertmanager', JSON.stringify(alertmanagerBody([{ fingerprint, labels: { plant: 'P001', ...labels } }])), basic);
  const pagerDuty = (id: string, service: string) => {
    const { body, headers } = signed(pagerDutyBody(id, 'incident.triggered', { data: { ...pagerDutyBody(id).event.data, service: { id: 'S', type: 'service_reference', summary: service } } }), 'secret');
    return post('pagerduty', body, headers);
  };
  const looked: string[] = [];
  const activities = { ...createAlertRouteActivities({ estateFile: join(directory, 'estate.yml') }), findFailedJob: async ({ deployment, before: at }: { deployment: string; before: string }) => { looked.push(`${deployment} ${at}`); return { jobName: 'from-the-platform' }; } };

  try {
    await withReleaseWorkers(temporal, activities as Partial<ReleaseActivities>, async () => {
      await azure('a1', 'batch-failed', 'C001', { condition: { allOf: [{ metricName: 'FailedRuns', dimensions: [{ name: 'RunId', value: 'batchjob-a' }] }] } });
      assert.deepEqual(await inputOf('recoverBatchJob:P001:C001:batchjob-a'), { target: { plant: 'P001', circuit: 'C001' }, alert: '00000000-0000-0000-0000-000000000001.a1', jobName: 'batchjob-a' });
      await prometheus('b1', { circuit: 'C002', job_name: 'batchjob-b', job: 'a-scrape-job' });
      assert.equal(((await inputOf('recoverBatchJob:P001:C002:batchjob-b')) as { jobName: string }).jobName, 'batchjob-b');
      await pagerDuty('Q1', 'Predictions late');
      assert.deepEqual(await inputOf('recoverBatchJob:P002:C001:from-the-platform'), { target: { plant: 'P002', circuit: 'C001' }, alert: 'Q1', jobName: 'from-the-platform' });
      assert.deepEqual(looked, ['deployment-circuit-C001 2026-11-21T03:00:00.000Z']);

      await Promise.all([azure('a2', 'mae-high', 'C003'), prometheus('b2', { alertname: 'Mae', circuit: 'C004' }), pagerDuty('Q2', 'Predictions worse')]);
      for (const [circuit, alert] of [['P001:C003', { name: 'mae-high', id: '00000000-0000-0000-0000-000000000001.a2' }], ['P001:C004', { name: 'Mae', id: `b2.${Date.parse('2026-11-21T03:00:00.123Z')}` }], ['P002:C002', { name: 'Predictions late', id: 'Q2' }]] as const) {
        assert.deepEqual(((await inputOf(`investigateDegradation:${circuit}`)) as { alert: object }).alert, alert);
      }

      await Promise.all([azure('a3', 'down', 'C001'), prometheus('b3', { alertname: 'Down', circuit: 'C002', severity: 'unheard of' }), pagerDuty('Q3', 'Anything')]);
      for (const [incident, severity, reportedBy] of [['P001.C001', 'P1', 'alert down of azureMonitor'], ['P001.C002', 'P2', 'alert Down of alertmanager'], ['P002.C003', 'P1', 'alert Predictions late of pagerDuty']] as const) {
        const input = (await inputOf(`coordinateIncident:${incident}`)) as { severity: string; reportedBy: string; incident: string };
        assert.deepEqual([input.incident, input.severity, input.reportedBy], [incident, severity, reportedBy]);
      }
    });
  } finally {
    await app.close();
  }
});

it('a job that neither the alert nor the platform names is told, and nothing is started', async () => {
  const key = '00c1.1763694000123';
  const activities = { ...createAlertRouteActivities({ estateFile: join(directory, 'estate.yml') }), findFailedJob: async () => { throw ApplicationFailure.nonRetryable('no job has failed'); } };
  await withReleaseWorkers(temporal, activities as Partial<ReleaseActivities>, async () => {
    const alert = { source: 'alertmanager' as const, key, name: 'BatchErrors', severity: 'P0' as const, firedAt: '2026-11-21T03:00:00.123Z', description: '', labels: { plant: 'P001', circuit: 'C003' }, resources: [] };
    await temporalAlerts(temporal.client).takeUp(alert);
    const { outcome, reason } = (await temporal.client.workflow.getHandle(followAlertId(alert)).result()) as { outcome: string; reason: string };
    assert.deepEqual([outcome, reason], ['rejected', 'alerts.routes.3 fits, but no failed batch job of P001/C003 was found that is as old as the alert']);
  });
});
