/** A rollback by the release in Azure DevOps, against the stand-in: one deployment, also when the worker is killed around it; and directly while Azure DevOps is away. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiVersion, batchDeploymentId } from '../../activities/azure-resource-manager/resource-ids.ts';
import { rollBackModel } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { RollBackModelResult } from '../../workflows/domain/rollback.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { Stack } from '../support/stack.ts';
import { killAtEach, killTable } from './support/kill-run.ts';

const execution = { training: 'accompany', redeploy: { release: 'deploy-models', stage: 'Production', answerWithin: '30s', within: '2m' } };
const stack = await Stack.start({ requestTimeoutMs: 2_500, estate: { settle: '1s', monitoring: { for: '2s', every: '1s', rollback: '2s' }, execution } });
after(() => stack.stop());

/** Production serves another circuit's model as version `bad`; version 1 came before it, by a classic release. */
async function serveBad(target: Target, other: string): Promise<number> {
  const workspace = { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' };
  const { definition } = await deploymentOf(stack, target);
  const { model } = await deploymentOf(stack, { ...target, circuit: other });
  const body = { ...definition, properties: { ...(definition!['properties'] as object), model: { referenceType: 'Id', assetId: model } }, tags: { model_version: 'bad', previous_version: '1' } };
  await stack.azureMl.arm.send({ method: 'PUT', url: batchDeploymentId(workspace, `batch-endpoint-plant-${target.plant}`, `deployment-circuit-${target.circuit}`), query: { 'api-version': ApiVersion.BatchDeployments }, body });
  while ((await deploymentOf(stack, target)).provisioningState !== 'Succeeded') await sleep(50);
  return await stack.standIn.release({ tags: [`holdpoint.stage3.${target.plant}.${target.circuit}.1`], deploys: { ...target, version: '1' }, durationMs: 3_000 });
}

const start = (target: Target) => startRunbook(stack.client, rollBackModel, { target, reason: 'far off' }, { startedBy: 'alice' });
const resultOf = async (workflowId: string): Promise<RollBackModelResult> => (await stack.client.workflow.getHandle(workflowId).result()) as RollBackModelResult;
const deploymentsSince = async (since: number): Promise<number> => (await stack.standIn.ledger(since)).filter(({ method, path, changed }) => changed && method === 'PATCH' && path.includes('/environments/')).length;

async function assertServes(target: Target): Promise<void> {
  const { model, tags } = await deploymentOf(stack, target);
  assert.match(model!, new RegExp(`/models/${target.plant}-${target.circuit}/versions/1$`));
  assert.deepEqual([tags['model_version'], tags['rolled_back_from'], tags['previous_version'], tags['released_by']], ['1', 'bad', undefined, 'alice']);
}

test('the release is deployed once more and once only, however often the worker is killed over it', async (context) => {
  const target = { plant: 'P001', circuit: 'C003' };
  const release = await serveBad(target, 'C004');
  const since = (await stack.standIn.ledger()).length;
  const { workflowId } = await start(target);
  const kills = await killAtEach(stack, ['startRedeploy:before', 'startRedeploy:afterEffect', 'findIncident:afterEffect'].map((at) => ({ at, unserved: [] })), async () => undefined);
  context.diagnostic(killTable(kills));
  const { outcome, redeployed, serving, incident } = await resultOf(workflowId);
  assert.deepEqual([outcome, serving, redeployed], ['succeeded', '1', { release: `Release-${release}`, attempt: 2, state: 'succeeded' }]);
  assert.equal(incident, 'coordinateIncident:P001.C003');
  assert.equal(await deploymentsSince(since), 1);
  await assertServes(target);
});

test('while Azure DevOps is away production is switched directly', async () => {
  const target = { plant: 'P002', circuit: 'C003' };
  await serveBad(target, 'C004');
  stack.writeEstate({ settle: '1s', monitoring: { for: '2s', every: '1s', rollback: '2s' }, execution: { ...execution, redeploy: { ...execution.redeploy, answerWithin: '2s' } } });
  await stack.standIn.fault({ path: '/_apis/release/', times: 1_000 }, { kind: 'status', status: 503 });
  const since = (await stack.standIn.ledger()).length;
  const { outcome, redeployed, serving, secondsToServing } = await resultOf((await start(target)).workflowId);
  assert.deepEqual([outcome, serving, redeployed, await deploymentsSince(since)], ['succeeded', '1', null, 0]);
  assert.ok(secondsToServing! < 20, `${secondsToServing} s`);
  await assertServes(target);
});
