/** The whole way with the product's own worker: a model that is really bad in production, scored by real jobs, found and rolled back; and readings that have stopped coming. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBlobWriter } from '../../../activities/azure-ml/blob-writer.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { blobOf } from '../../../activities/azure-ml/datastore.ts';
import { createClientSecretCredential } from '../../../activities/http/credential.ts';
import { CLIENT_ID, CLIENT_SECRET, TENANT_ID } from '../../../sandbox/core/tenancy.ts';
import { investigateDegradation } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import type { InvestigateDegradationResult } from '../../../workflows/domain/degradation.ts';
import { circuitDeployment, inference, productionWorkspace as workspace } from '../../activities/support/circuits.ts';
import { freshKey, quiet } from '../../activities/support/platforms.ts';
import { eventually } from '../../support/eventually.ts';
import { deploymentOf, workItems } from '../../support/platform-state.ts';
import { Stack } from '../../support/stack.ts';

let stack: Stack;
before(async () => {
  stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s', rollback: '2s' } } });
  await stack.startWorker();
});
after(() => stack.stop());

const target = { plant: 'P001', circuit: 'C001' };
const { ref, template, otherModel } = circuitDeployment('C001');
const inMock = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment({ attempt: 1 }, quiet).run(activity, input);

/** Scores the readings by a job of the deployment; answers where its predictions are, and what they are. */
async function score(): Promise<{ uri: string; csv: string }> {
  const azureMl = createAzureMlActivities(stack.azureMl);
  const { jobName, outputUri } = await inMock(azureMl.invokeBatchEndpoint, { key: freshKey(), ...ref, dataUri: inference.dataUri, experimentName: 'score' });
  const { status } = await eventually(() => inMock(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 }));
  assert.equal(status, 'Completed');
  return { uri: outputUri, csv: (await stack.azureMl.blob.read(await blobOf(stack.azureMl.arm, workspace, outputUri), 10_000_000))! };
}

async function investigate(input: object): Promise<InvestigateDegradationResult> {
  const { workflowId } = await startRunbook(stack.client, investigateDegradation, { target, ...input }, { startedBy: 'alice' });
  return (await stack.client.workflow.getHandle(workflowId).result()) as InvestigateDegradationResult;
}

void it('finds a model that went bad in December, while its inputs did not, and lets the rollback put the former one back', { timeout: 120_000 }, async () => {
  const good = await score();
  const healthy = await investigate({ asOf: '2015-12-31' });
  assert.deepEqual([healthy.outcome, healthy.finding, healthy.serving], ['succeeded', 'nothing', '1'], healthy.reason);
  assert.ok(healthy.current!.mae! > 0.5 && healthy.current!.mae! < 4);

  // Production gets the model of another plant, as version 2: real, and wrong here. What it scored since December follows what the former one had scored.
  const azureMl = createAzureMlActivities(stack.azureMl);
  const current = await deploymentOf(stack, target);
  await inMock(azureMl.deployBatchModel, { key: freshKey(), ...ref, model: otherModel, tags: { ...current.tags, model_version: '2', previous_version: '1' }, before: current, template });
  const bad = await score();
  const rows = (csv: string, keep: (day: string) => boolean) => csv.split('\n').slice(1).filter((row) => row !== '' && keep(row));
  const csv = ['date,prediction', ...rows(good.csv, (day) => day < '2015-12-01'), ...rows(bad.csv, (day) => day >= '2015-12-01')].join('\n');
  const predictionsUri = 'azureml://datastores/workspaceblobstore/paths/predictions/C001.csv';
  const { url } = stack.standIn;
  const transport = { caFile: stack.environment['AZURE_CA_FILE'], requestTimeoutMs: 10_000 };
  const writer = createBlobWriter({ ...transport, blobEndpoint: `${url}/{account}`, credential: createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: url }, transport) });
  await writer.write(await blobOf(stack.azureMl.arm, workspace, predictionsUri), csv, 'text/csv');

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
