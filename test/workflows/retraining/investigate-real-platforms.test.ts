/** The whole way with the product's own worker: a model that is really bad in production, scored by real jobs, found and rolled back; and readings that have stopped coming. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { blobOf } from '../../../activities/azure-ml/datastore.ts';
import { investigateDegradation } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import type { InvestigateDegradationResult } from '../../../workflows/domain/degradation.ts';
import { productionWorkspace as workspace } from '../../activities/support/circuits.ts';
import { score, scoreBadly } from '../../support/degraded-models.ts';
import { deploymentOf, workItems } from '../../support/platform-state.ts';
import { Stack } from '../../support/stack.ts';

let stack: Stack;
before(async () => {
  stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s', rollback: '2s' } } });
  await stack.startWorker();
});
after(() => stack.stop());

const target = { plant: 'P001', circuit: 'C001' };
async function investigate(input: object): Promise<InvestigateDegradationResult> {
  const { workflowId } = await startRunbook(stack.client, investigateDegradation, { target, ...input }, { startedBy: 'alice' });
  return (await stack.client.workflow.getHandle(workflowId).result()) as InvestigateDegradationResult;
}

void it('finds a model that went bad in December, while its inputs did not, and lets the rollback put the former one back', { timeout: 120_000 }, async () => {
  await score(stack, target);
  const healthy = await investigate({ asOf: '2015-12-31' });
  assert.deepEqual([healthy.outcome, healthy.finding, healthy.serving], ['succeeded', 'nothing', '1'], healthy.reason);
  assert.ok(healthy.current!.mae! > 0.5 && healthy.current!.mae! < 4);

  const { predictionsUri } = await scoreBadly(stack, target);
  const result = await investigate({ asOf: '2015-12-31', predictionsUri, alert: { name: 'mae-high' } });
  assert.deepEqual([result.finding, result.serving, result.next?.runbook, result.next?.state], ['model', '2', 'rollBackModel', 'started'], JSON.stringify(result, null, 1));
  assert.equal(result.next?.outcome, 'succeeded', result.reason);
  assert.equal((await deploymentOf(stack, target)).tags['model_version'], '1');
  const report = await stack.azureMl.blob.read(await blobOf(stack.azureMl.arm, workspace, result.report!.reportUri), 1_000_000);
  assert.match(report!, /Finding: model[^]*<svg [^]*<desc id="trend-desc">2014-12-01 to 2014-12-31: MAE/);
});

void it('finds that the readings stopped, and files that for whoever mends the pipeline', { timeout: 60_000 }, async () => {
  await stack.standIn.fault({ method: 'GET', path: 'data/weather\\.csv', times: 2 }, { kind: 'status', status: 503 });
  const result = await investigate({ waitForDataMs: 0 }); // as of today: the readings end with 2015
  assert.deepEqual([result.outcome, result.finding], ['succeeded', 'data'], result.reason);
  assert.match(result.reason, /the newest reading is of 2015-12-31: \d+ days late/);
  const item = (await workItems(stack)).find(({ id }) => id === result.workItem?.id);
  assert.equal(item?.title, 'Faulty data of P001/C001');
});
