import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createAlertSourceActivities } from '../../../activities/alert-sources/index.ts';
import { createAzureMonitorClients } from '../../../activities/azure-monitor/clients.ts';
import { createAzureAlertActivities } from '../../../activities/azure-monitor/index.ts';
import { createAlertRouteActivities } from '../../../activities/estate/alert-routes.ts';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { startFollowAlert } from '../../../activities/runs/alert-runs.ts';
import { PAGERDUTY_TOKEN } from '../../../sandbox/pagerduty/plugin.ts';
import { readAlertmanager } from '../../../starters/receiver/alerts/alertmanager.ts';
import { readAzureMonitor } from '../../../starters/receiver/alerts/azure-monitor.ts';
import { readPagerDuty } from '../../../starters/receiver/alerts/pager-duty.ts';
import { reconcileAlerts } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import type { Alert, AlertRouting, FollowAlertResult, ReconcileAlertsResult } from '../../../workflows/domain/alert.ts';
import { releaseModelId } from '../../../workflows/domain/ids.ts';
import { freshKey, Platforms } from '../../activities/support/platforms.ts';
import { alertmanagerBody, azureMonitorBody, pagerDutyBody, withoutAlerts } from '../../support/alerts.ts';
import { eventually } from '../../support/eventually.ts';
import type { ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, visible } from '../../support/waiting-releases.ts';

const platforms = await Platforms.start({ seed: false });
const { rest } = createNotificationClients(platforms.settings);
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-alerts-'));
const estateFile = join(directory, 'estate.yml');
const url = platforms.sandbox.url;
writeFileSync(estateFile, `${withoutAlerts(readFileSync('estate/demo.yml', 'utf8'))}\nalerts:\n  sources: {azureMonitor: {}, alertmanager: {url: "${url}/alertmanager/"}, pagerDuty: {token: PD_TOKEN, api: "${url}/pagerduty"}}\n`);
let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

/** The real readers, against the stand-in; every source has a circuit of its own, whose release waits at its first gate. */
const sources = createAlertSourceActivities({ estateFile, rest, secrets: { PD_TOKEN: PAGERDUTY_TOKEN } });
const { loadAlertSources } = createAlertRouteActivities({ estateFile });
const activities = Object.assign({} as Partial<ReleaseActivities>, { ...sources, ...createAzureAlertActivities(createAzureMonitorClients(platforms.settings)), loadAlertSources, routeAlert: async ({ alert }: { alert: Alert }): Promise<AlertRouting> => {
  const input = releaseInput('P001', { azureMonitor: 'C001', alertmanager: 'C002', pagerDuty: 'C003' }[alert.source], '1');
  return { kind: 'mapped', route: 'alerts.routes.0', target: input.target, order: { runbook: 'releaseModel', workflowId: releaseModelId(input.target, '1'), input, summary: 'by an alert' }, onResolved: 'cancel', joinForMs: 1_000 };
} });

async function reconcile(input: object = {}): Promise<ReconcileAlertsResult> {
  const { workflowId } = await startRunbook(temporal.client, reconcileAlerts, input);
  return (await temporal.client.workflow.getHandle(workflowId).result()) as ReconcileAlertsResult;
}

const alertmanager = (alerts: object[]) => rest.send({ method: 'POST', url: `${url}/alertmanager/api/v2/alerts`, body: alerts });
const page = (event_action: string, dedup_key: string) => rest.send({ method: 'POST', url: `${url}/pagerduty/v2/enqueue`, body: { routing_key: 'r'.repeat(32), event_action, dedup_key, ...(event_action === 'trigger' && { payload: { summary: `Predictions late ${freshKey().key}`, source: 's', severity: 'error' } }) } });
const azure = (rule: string, condition = 'Fired') => platforms.control<{ id: string; name: string }>('alerts', { plant: 'P001', circuit: 'C001', rule, severity: 'Sev1', condition });

void it('takes up what no webhook told, closes what fires no more, and starts nothing twice', async () => {
  const startsAt = '2026-11-21T03:00:00.123456789Z';
  await alertmanager([{ labels: { alertname: 'BatchErrors' }, startsAt: startsAt.replace('456789', '') }, { labels: { alertname: 'Quiet', silenced: 'true' } }]);
  await page('trigger', 'late');
  const told = await azure('told');
  await azure('missed');

  await withReleaseWorkers(temporal, activities, async () => {
    // One of them had come by its webhook: both ways lead to the same run.
    const [news] = readAzureMonitor(azureMonitorBody(told.name.toUpperCase()));
    assert.ok(news?.kind === 'fired');
    const { workflowId: known } = await startFollowAlert(temporal.client, news.alert);
    const first = await reconcile();
    assert.deepEqual(first.sources.map(({ source, firing, started, resolved }) => [source, firing, started.length, resolved]), [['azureMonitor', 2, 1, []], ['alertmanager', 2, 1, []], ['pagerDuty', 1, 1, []]]);
    assert.equal(first.reason, '3 alerts taken up, 0 closed');
    const missed = first.sources.flatMap(({ started }) => started);
    assert.ok(!missed.includes(known));
    const [fingerprint] = /(?<=alertmanager:)[0-9a-f]+/.exec(missed[1]!)!;
    const webhooks = [readAlertmanager(alertmanagerBody([{ fingerprint, startsAt }])), readPagerDuty(pagerDutyBody('QSANDBOX1'))].map(([told]) => `followAlert:${told!.alert.source}:${told!.alert.key}`);
    assert.deepEqual(missed.slice(1), webhooks);

    assert.deepEqual((await reconcile({ graceMs: 1 })).sources.map(({ started, resolved }) => [started, resolved]), [[[], []], [[], []], [[], []]]);
    await visible(temporal.client, `WorkflowType = 'releaseModel' AND Gate = 'stage1' AND ExecutionStatus = 'Running'`, 3);
    await visible(temporal.client, `WorkflowType = 'followAlert' AND Phase = 'following an alert' AND ExecutionStatus = 'Running'`, 4);

    // All of them end while nobody listens; one that is young enough might have fired since.
    await azure('told', 'Resolved');
    await azure('missed', 'Resolved');
    await alertmanager([{ labels: { alertname: 'BatchErrors' }, endsAt: '2026-11-21T04:00:00Z' }]);
    await page('resolve', 'late');
    assert.deepEqual((await reconcile()).reason, '0 alerts taken up, 0 closed');
    assert.deepEqual((await reconcile({ graceMs: 1 })).sources.map(({ source, resolved }) => [source, resolved.length]), [['azureMonitor', 2], ['alertmanager', 1], ['pagerDuty', 1]]);
    const results = await Promise.all([known, ...missed].map(async (workflowId) => (await temporal.client.workflow.getHandle(workflowId).result()) as FollowAlertResult));
    assert.deepEqual(results.map(({ outcome }) => outcome), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    await visible(temporal.client, `WorkflowType = 'releaseModel' AND ExecutionStatus = 'Canceled'`, 3);
    assert.equal((await temporal.client.workflow.count(`WorkflowType = 'releaseModel'`)).count, 3);

    // A source that answers something else fails the run by its name, and keeps no other from being read.
    const again = await azure('again');
    platforms.fault({ method: 'GET', path: '/alertmanager/api/v2/alerts' }, { kind: 'status', status: 400 });
    await assert.rejects(reconcile(), (error: Error) => /the active alerts of alertmanager could not be reconciled/.test(String(error.cause)));
    const handle = temporal.client.workflow.getHandle(`followAlert:azureMonitor:${again.id.split('/')[2]}.${again.name}`);
    await eventually(async () => assert.equal((await handle.describe()).status.name, 'RUNNING'));
    await azure('again', 'Resolved');
    assert.match((await reconcile({ graceMs: 1 })).reason, /1 closed/);
    await handle.result();
  });
});

void it('reads with credentials of its own, page by page', async () => {
  for (let n = 0; n < 130; n += 1) await page('trigger', `many-${n}`);
  const { firing, complete } = await platforms.run(sources.readActiveAlerts, { source: 'pagerDuty' as const });
  assert.deepEqual([firing.length, new Set(firing).size, complete], [130, 130, true]);
  const wrong = createAlertSourceActivities({ estateFile, rest, secrets: { PD_TOKEN: 'wrong' } });
  await assert.rejects(platforms.run(wrong.readActiveAlerts, { source: 'pagerDuty' as const }), /Authentication failed/);
  const none = createAlertSourceActivities({ estateFile, rest, secrets: {} });
  await assert.rejects(platforms.run(none.readActiveAlerts, { source: 'pagerDuty' as const }), /without PD_TOKEN/);
});
