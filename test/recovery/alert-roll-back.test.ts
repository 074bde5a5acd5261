/** From an alert to the previous version, with every process real: by webhook, told again after the receiver was killed; and one that fired while the receiver was away. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { alertOfRun, type FollowAlertResult } from '../../workflows/domain/alert.ts';
import type { RollBackModelResult } from '../../workflows/domain/rollback.ts';
import { azureMonitorBody, productionDeployment, subscription } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { visible } from '../support/waiting-releases.ts';

const alerts = { sources: { azureMonitor: {} }, routes: [{ source: 'azureMonitor', severities: ['P0', 'P1'], runbook: 'rollBackModel', onResolved: 'tell' }] };
const stack = await Stack.start({ requestTimeoutMs: 2_500, estate: { settle: '2s', monitoring: { for: '2s', every: '1s', rollback: '2s' }, alerts } });
after(() => stack.stop());
const releases = new Releases(stack);
const target = { plant: 'P001', circuit: 'C001' };
const handleOf = (workflowId: string) => stack.client.workflow.getHandle(workflowId);
const runsOf = (workflowId: string) => visible(stack.client, `WorkflowId = '${workflowId}'`, 1);

async function deliver(receiver: string, body: object): Promise<{ status: number; alerts: { workflowId: string; started?: boolean }[] }> {
  const response = await fetch(new URL('/webhooks/azure-monitor', receiver), { method: 'POST', headers: { authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, ...((await response.json()) as { alerts: { workflowId: string; started?: boolean }[] }) };
}

test('an alert rolls production back once, and its end is known; one that was missed is taken up', async (context) => {
  await stack.startWorker();
  const { releases: [release] } = await releases.train(circuitChange(target));
  await releases.approveStages(release!);
  const { version } = await releases.result(release!);
  const body = azureMonitorBody('7a5f3a52-0000-4000-8000-00000000000a', { alertTargetIDs: [productionDeployment('P001', 'C001').toLowerCase()] });

  const posted = Date.now();
  const first = await deliver(await stack.startReceiver(), body);
  assert.deepEqual([first.status, first.alerts[0]?.started], [202, true]);
  const rollBack = handleOf('rollBackModel:P001:C001');
  await eventually(async () => assert.equal((await deploymentOf(stack, target)).tags['model_version'], '1'), { timeoutMs: 60_000 });
  context.diagnostic(`alert in to the previous version serving: ${Date.now() - posted} ms, start of the receiver included`);
  await stack.receiver!.kill();

  // Told again by the sender, which has had no answer, to a receiver that remembers nothing. Meanwhile another alert had fired.
  await stack.standIn.alert('P001', 'C003', { rule: 'mae-high', severity: 1 });
  const receiver = await stack.startReceiver();
  const again = await deliver(receiver, body);
  assert.deepEqual(again, { status: 202, alerts: [{ workflowId: first.alerts[0]!.workflowId, started: false }] });
  const { outcome, from, to, serving } = (await rollBack.result()) as RollBackModelResult;
  assert.deepEqual([outcome, from, to, serving], ['succeeded', version, '1', '1']);
  await runsOf('rollBackModel:P001:C001');

  const missed = handleOf('rollBackModel:P001:C003');
  await eventually(async () => assert.equal((await missed.describe()).type, 'rollBackModel'));
  assert.match(((await missed.result()) as RollBackModelResult).reason, /1 has no previous version/);
  const leader = (await missed.describe()).parentExecution?.workflowId ?? '';
  assert.ok(alertOfRun(leader)?.key.startsWith(`${subscription}.`));

  await deliver(receiver, azureMonitorBody('7a5f3a52-0000-4000-8000-00000000000a', { monitorCondition: 'Resolved' }));
  const followed = (await handleOf(first.alerts[0]!.workflowId).result()) as FollowAlertResult;
  assert.deepEqual([followed.outcome, followed.route, followed.target, followed.effect?.kind], ['succeeded', 'alerts.routes.0', target, 'started']);
});
