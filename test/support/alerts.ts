/** Alerts as their senders write them. */
import { pagerDutySignature } from '../../starters/receiver/alerts/pager-duty.ts';
import type { Alert } from '../../workflows/domain/alert.ts';

export const subscription = '00000000-0000-0000-0000-000000000001';
export const productionDeployment = (plant: string, circuit: string): string =>
  `/subscriptions/${subscription}/resourceGroups/ml-platform/providers/Microsoft.MachineLearningServices/workspaces/prod-ml-workspace/batchEndpoints/batch-endpoint-plant-${plant}/deployments/deployment-circuit-${circuit}`;

/** The demo's estate without its section `alerts`, for a test that appends one of its own. */
export function withoutAlerts(estate: string): string {
  return estate.replace(/^alerts:\n(?: .*\n)+/m, '');
}

/** Azure Monitor's common schema. */
export function azureMonitorBody(id: string, more: Record<string, unknown> = {}) {
  return {
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts/${id}`, alertRule: 'mae-high', severity: 'Sev1', signalType: 'Metric', monitorCondition: 'Fired', monitoringService: 'Platform',
        alertTargetIDs: [productionDeployment('P001', 'C001').toLowerCase()], configurationItems: [], originAlertId: `origin-${id}`, firedDateTime: '2026-11-21T03:00:00.1234567Z', description: 'MAE is above 3', essentialsVersion: '1.0', alertContextVersion: '1.0',
        ...more,
      },
      alertContext: { anything: ['at', 'all'] },
      customProperties: { team: 'sensors', ignored: 7 },
    },
  };
}

/** Alertmanager's version 4. */
export function alertmanagerBody(alerts: { status?: 'firing' | 'resolved'; fingerprint: string; startsAt?: string; labels?: Record<string, string> }[]) {
  const whole = alerts.map(({ status = 'firing', startsAt = '2026-11-21T03:00:00.123456789Z', labels = {}, fingerprint }) => ({ status, fingerprint, startsAt, endsAt: '0001-01-01T00:00:00Z', generatorURL: 'http://prometheus/graph', labels: { alertname: 'BatchErrors', severity: 'critical', plant: 'P001', circuit: 'C001', ...labels }, annotations: { summary: 'Errors above 5 %' } }));
  return { version: '4', groupKey: '{}:{alertname="BatchErrors"}', truncatedAlerts: 0, status: 'firing', receiver: 'holdpoint', groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://alertmanager', alerts: whole };
}

/** PagerDuty's version 3. */
export function pagerDutyBody(id: string, type = 'incident.triggered', more: Record<string, unknown> = {}) {
  return { event: { id: `01-${id}-${type}`, event_type: type, resource_type: 'incident', occurred_at: '2026-11-21T03:00:00.000Z', agent: null, client: null, data: { id, type: 'incident', title: 'Predictions late', status: 'triggered', service: { id: 'PSERVICE', type: 'service_reference', summary: 'Predictions' }, urgency: 'high', priority: null }, ...more } };
}

export function signed(body: unknown, ...secrets: string[]): { body: string; headers: Record<string, string> } {
  const text = JSON.stringify(body);
  return { body: text, headers: { 'x-pagerduty-signature': secrets.map((secret) => pagerDutySignature(secret, Buffer.from(text))).join(',') } };
}

let alerts = 0;

/** One of its own, as the runs have it. */
export function freshAlert(more: Partial<Alert> = {}): Alert {
  alerts += 1;
  return { source: 'alertmanager', key: `${alerts.toString(16).padStart(16, '0')}.1763694000123`, name: 'BatchErrors', severity: 'P0', firedAt: '2026-11-21T03:00:00.123Z', description: 'Errors above 5 %', labels: {}, resources: [], ...more };
}
