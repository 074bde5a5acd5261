import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMonitorClients } from '../../../activities/azure-monitor/clients.ts';
import { createAzureMonitorActivities } from '../../../activities/azure-monitor/index.ts';
import { circuitDeployment, productionWorkspace } from '../support/circuits.ts';
import { Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: false });
const monitor = createAzureMonitorActivities(createAzureMonitorClients(platforms.settings));
const places = ['C001', 'C002', 'C003'].map((circuit) => ({ label: `P001/${circuit}`, endpoint: circuitDeployment(circuit).ref.endpoint, deployment: circuitDeployment(circuit).ref.deployment }));
const fire = async (circuit: string, count: number, severity = 'Sev2'): Promise<void> => {
  for (let number = 0; number < count; number += 1) await platforms.control('alerts', { plant: 'P001', circuit, rule: `${circuit} rule ${number}`, severity, condition: 'Fired' });
};
const hour = 3_600_000;

void test('more alerts than twice what the week before would give are a breach; slighter ones do not count; the count of looks survives a failing look', async () => {
  await fire('C001', 3);
  const since = new Date(Date.now() + 1).toISOString();
  await new Promise((done) => setTimeout(done, 20));
  // Three in the week before; a watch of half a week expects 1.5, and bears 3.
  const watch = { workspace: productionWorkspace, places, since, breachSeverity: 2, intervalMs: 50, polls: 3, windowMs: 84 * hour, factor: 2, atLeast: 1 };
  await fire('C002', 3);
  await fire('C003', 4, 'Sev4');
  platforms.fault({ method: 'GET', path: '/Microsoft.AlertsManagement/alerts', skip: 4 }, { kind: 'status', status: 500 });
  const calm = await platforms.retried(monitor.watchAlertRates, watch);
  assert.deepEqual([calm.result.kind, calm.result.poll, calm.result.alerts, calm.result.expected], ['healthy', 3, 3, 1.5]);
  assert.deepEqual(calm.failures, ['StillWatching', 'Unavailable', 'StillWatching']);

  await fire('C003', 1);
  const verdict = await platforms.run(monitor.watchAlertRates, watch);
  assert.deepEqual([verdict.kind, verdict.poll, verdict.alerts], ['breached', 1, 4]);
  assert.equal(verdict.rules.length, 4);
  assert.equal((await platforms.run(monitor.watchAlertRates, { ...watch, atLeast: 10, polls: 1 })).kind, 'healthy');
});
