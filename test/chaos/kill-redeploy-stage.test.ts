/** A rollback by the stage of a pipeline's run, against the stand-in, with the worker killed around each step of it: the stage is run once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { killAtEach, killTable } from '../recovery/support/kill-run.ts';
import { Redeploys } from '../recovery/support/redeploys.ts';

const redeploys = await Redeploys.start('pipeline');
const { stack } = redeploys;
after(() => stack.stop());

test('the stage of a run is run once more and once only, however often the worker is killed over it', async (context) => {
  const target = { plant: 'P001', circuit: 'C003' };
  const run = await redeploys.serveBad(target, 'C004');
  const since = (await stack.standIn.ledger()).length;
  const { result } = await redeploys.rollBack(target);
  const kills = await killAtEach(stack, ['findDeployedRelease:afterEffect', 'startRedeploy:before', 'startRedeploy:afterEffect', 'awaitRedeploy:before'].map((at) => ({ at, unserved: [] })), async () => undefined);
  context.diagnostic(killTable(kills));
  const { outcome, redeployed, serving } = await result();
  assert.deepEqual([outcome, serving, redeployed?.attempt, redeployed?.state], ['succeeded', '1', 2, 'succeeded']);
  assert.match(redeployed!.release, new RegExp(`^deploy-models \\d{8}\\.${run}$`));
  assert.equal(await redeploys.deploymentsSince(since), 1);
  await redeploys.assertServes(target);
});
