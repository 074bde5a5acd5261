/** A rollback by the release in Azure DevOps, against the stand-in: one deployment, also when the worker is killed around it; and directly while Azure DevOps is away. By the stage of a run: `test/chaos`. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { killAtEach, killTable } from './support/kill-run.ts';
import { Redeploys } from './support/redeploys.ts';

const redeploys = await Redeploys.start('release');
const { stack } = redeploys;
after(() => stack.stop());

test('the release is deployed once more and once only, however often the worker is killed over it', async (context) => {
  const target = { plant: 'P001', circuit: 'C003' };
  const release = await redeploys.serveBad(target, 'C004');
  const since = (await stack.standIn.ledger()).length;
  const { result } = await redeploys.rollBack(target);
  const kills = await killAtEach(stack, ['startRedeploy:before', 'startRedeploy:afterEffect', 'findIncident:afterEffect'].map((at) => ({ at, unserved: [] })), async () => undefined);
  context.diagnostic(killTable(kills));
  const { outcome, redeployed, serving, incident } = await result();
  assert.deepEqual([outcome, serving, redeployed], ['succeeded', '1', { release: `Release-${release}`, attempt: 2, state: 'succeeded' }]);
  assert.equal(incident, 'coordinateIncident:P001.C003');
  assert.equal(await redeploys.deploymentsSince(since), 1);
  await redeploys.assertServes(target);
});

test('while Azure DevOps is away production is switched directly', async () => {
  const target = { plant: 'P002', circuit: 'C003' };
  await redeploys.serveBad(target, 'C004');
  redeploys.answerWithin('2s');
  await stack.standIn.fault({ path: '/_apis/release/', times: 1_000 }, { kind: 'status', status: 503 });
  const since = (await stack.standIn.ledger()).length;
  const { outcome, redeployed, serving, secondsToServing } = await (await redeploys.rollBack(target)).result();
  assert.deepEqual([outcome, serving, redeployed, await redeploys.deploymentsSince(since)], ['succeeded', '1', null, 0]);
  assert.ok(secondsToServing! < 20, `${secondsToServing} s`);
  await redeploys.assertServes(target);
});
