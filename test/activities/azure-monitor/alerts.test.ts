import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMonitorClients } from '../../../activities/azure-monitor/clients.ts';
import { createAzureMonitorActivities } from '../../../activities/azure-monitor/index.ts';
import { circuitDeployment } from '../support/circuits.ts';
import { failure, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: false });
const monitor = createAzureMonitorActivities(createAzureMonitorClients(platforms.settings));

const fire = (circuit: string, rule: string, severity: string, condition = 'Fired') => platforms.control('alerts', { plant: 'P001', circuit, rule, severity, condition });

void test('known alerts are no breach, a new one is, and slighter ones are only counted', async () => {
  const { ref } = circuitDeployment('C001');
  await fire('C001', 'old trouble', 'Sev1');
  await fire('C002', 'another circuit', 'Sev0');
  const { ids } = await platforms.run(monitor.readFiringAlerts, ref);
  assert.equal(ids.length, 1);

  const since = new Date().toISOString();
  const watch = { ...ref, known: ids, since, breachSeverity: 2, intervalMs: 50, polls: 3 };
  await fire('C001', 'slight', 'Sev4');
  const calm = await platforms.retried(monitor.watchAlerts, watch);
  assert.deepEqual(calm.result, { kind: 'healthy', polls: 3, alerts: 1 });
  assert.deepEqual(calm.failures, ['StillWatching', 'StillWatching']);

  await fire('C001', 'error rate', 'Sev2');
  const verdict = await platforms.run(monitor.watchAlerts, watch);
  assert.ok(verdict.kind === 'breached');
  assert.deepEqual([verdict.poll, verdict.alert.rule, verdict.alert.severity], [1, 'error rate', 2]);
  await fire('C001', 'error rate', 'Sev2', 'Resolved');
  // It fired and was resolved between two looks: a breach all the same, but not one that was resolved before the watch began.
  assert.equal((await platforms.run(monitor.watchAlerts, watch)).kind, 'breached');
  await assert.rejects(platforms.run(monitor.watchAlerts, { ...watch, since: new Date(Date.now() + 60_000).toISOString() }), failure('StillWatching', false));
});

void test('a look that fails is no look: the count travels in the heartbeat', async () => {
  const { ref } = circuitDeployment('C003');
  platforms.fault({ method: 'GET', path: '/Microsoft.AlertsManagement/alerts', skip: 1 }, { kind: 'status', status: 500 });
  const { result, failures } = await platforms.retried(monitor.watchAlerts, { ...ref, known: [], since: new Date().toISOString(), breachSeverity: 3, intervalMs: 50, polls: 2 });
  assert.deepEqual([result, failures], [{ kind: 'healthy', polls: 2, alerts: 0 }, ['StillWatching', 'Unavailable']]);
});
