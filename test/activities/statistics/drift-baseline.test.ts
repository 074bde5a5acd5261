/** Which drift baseline counts: that of the version that serves, with the real clients against the stand-in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createArmClient } from '../../../activities/azure-resource-manager/arm-client.ts';
import { ApiVersion, modelVersionId } from '../../../activities/azure-resource-manager/resource-ids.ts';
import { deploymentUrl, readBatchDeployment } from '../../../activities/azure-ml/batch-deployment.ts';
import { createStatisticsClients } from '../../../activities/statistics/clients.ts';
import { createStatisticsActivities } from '../../../activities/statistics/index.ts';
import { eventually } from '../../support/eventually.ts';
import { circuitDeployment, devWorkspace as registered, inference, productionWorkspace as workspace } from '../support/circuits.ts';
import { freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const statistics = createStatisticsActivities(createStatisticsClients(platforms.settings));
const arm = createArmClient(platforms.settings);
const target = { plant: 'P001', circuit: 'C002' };
const { ref: { endpoint, deployment } } = circuitDeployment('C002');
const ref = { workspace, endpoint, deployment };

/** Another clock reading for each, for age is told by it. */
async function register(version: string): Promise<void> {
  platforms.sandbox.context.clock.advance(60_000);
  await arm.send({ method: 'PUT', url: modelVersionId(registered, 'P001-C002', version), query: { 'api-version': ApiVersion.MachineLearning }, body: { properties: { modelType: 'custom_model', modelUri: 'azureml://datastores/workspaceblobstore/paths/m', tags: {} } } });
}
async function serve(version: string): Promise<void> {
  const { body } = await arm.send<{ tags?: object }>({ method: 'GET', ...deploymentUrl(ref) });
  await arm.send({ method: 'PUT', ...deploymentUrl(ref), body: { ...body, tags: { ...body.tags, model_version: version } } });
  await eventually(async () => assert.equal((await readBatchDeployment({ arm }, ref)).provisioningState, 'Succeeded'));
}
const move = async (modelVersion: string, until: string) => {
  platforms.sandbox.context.clock.advance(60_000);
  return await platforms.run(statistics.moveDriftBaseline, { key: freshKey(), workspace, target, dataUri: inference.dataUri, station: 'Seattle', until, modelVersion });
};
const read = async () => {
  const { value, changes } = await platforms.changesOf(() => platforms.run(statistics.readDriftBaseline, { workspace, target, serving: { endpoint, deployment }, registered }));
  assert.deepEqual(changes, []);
  return value;
};

void test('the baseline is that of the version that serves: after a rollback its own, for one without any the one before', async () => {
  for (const version of ['11-aaaa', '12-bbbb', '13-cccc', '14-dddd']) await register(version);
  const older = await move('12-bbbb', '2015-03-31');
  const newer = await move('14-dddd', '2015-06-30');

  await serve('14-dddd');
  assert.deepEqual(await read(), { baseline: newer, remark: null });
  await serve('12-bbbb');
  assert.deepEqual(await read(), { baseline: older, remark: `12-bbbb serves: its own drift baseline counts, ${older.asset}, not the newest, which is of 14-dddd` }, 'rolled back');
  await serve('13-cccc');
  assert.deepEqual(await read(), { baseline: older, remark: `13-cccc serves, and no drift baseline was recorded for it: that of the version before is taken, ${older.asset} of 12-bbbb` }, 'released without a retraining, or by one that was cancelled');
  await serve('11-aaaa');
  const none = await read();
  assert.equal(none.baseline, null);
  assert.match(none.remark ?? '', /^11-aaaa serves, and drift baselines are recorded only for others that are not known to be older, the newest for 14-dddd: the year before is taken$/);
});

void test('what is held against another version\'s baseline says so in the analysis', async () => {
  const recorded = await move('12-bbbb', '2015-06-30');
  const analysis = await platforms.run(statistics.analyseDrift, { workspace, dataUri: inference.dataUri, sensor: { station: 'Seattle', column: 'temp_max' }, asOf: '2015-09-30', psi: 0.25, ksP: 0.001, minimumRows: 20, driftDays: 90, recorded, remark: '13-cccc serves' });
  assert.deepEqual(analysis.baseline, { from: '2014-07-01', until: '2015-06-30', source: 'recorded', remark: '13-cccc serves' });
  assert.match(analysis.detail, /; 13-cccc serves$/);
});
