import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { circuitDeployment } from '../support/circuits.ts';
import { freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));

void test('the deployment that was written last comes first, by the tags that tell of it; one that is not there, or tells no version, has not changed', async () => {
  const { ref, template, otherModel } = circuitDeployment('C003');
  const place = (circuit: string) => ({ target: { plant: 'P001', circuit }, endpoint: ref.endpoint, deployment: `deployment-circuit-${circuit}` });
  const look = async () => (await platforms.run(azureMl.findLastChanges, { workspace: ref.workspace, places: [place('C001'), place('C003'), place('C004'), place('C009')] })).changes;
  const seeded = await look();
  assert.deepEqual(seeded.map(({ target }) => target.circuit).sort(), ['C001', 'C003', 'C004']);
  await platforms.run(azureMl.deployBatchModel, { ...ref, key: freshKey(), before: await platforms.run(azureMl.readBatchDeployment, ref), template, model: otherModel, tags: { model_version: '7', previous_version: '1', released_by: 'alice', run: 'releaseModel:P001:C003:7/r', colour: 'red' } });
  const { resources } = platforms.sandbox.context;
  const untagged = machineLearningId(`workspaces/${ref.workspace.workspace}/batchEndpoints/${ref.endpoint}/deployments/deployment-circuit-C004`);
  const { location = '', properties } = resources.get(untagged)!;
  resources.write(untagged, { location, tags: {}, properties });
  const { value: changes, changes: writes } = await platforms.changesOf(look);
  assert.deepEqual(changes.map(({ target }) => target.circuit), ['C003', 'C001']);
  assert.deepEqual(changes[0]?.tags, { model_version: '7', previous_version: '1', released_by: 'alice', run: 'releaseModel:P001:C003:7/r' });
  assert.ok(changes[0].changedAt > changes[1]!.changedAt);
  assert.deepEqual([await look(), writes], [changes, []]);
});
