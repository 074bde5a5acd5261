import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../../activities/azure-ml/index.ts';
import { circuitDeployment, productionWorkspace, testWorkspace } from '../../activities/support/circuits.ts';
import { Platforms } from '../../activities/support/platforms.ts';

const platforms = await Platforms.start();
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const refused = (order: object) => assert.rejects(platforms.control('circuits', order));

void test('more circuits serve in test and production what an old one was first given, past the ledger', async () => {
  const { value, changes } = await platforms.changesOf(() => platforms.control<{ circuits: number }>('circuits', { circuits: [{ plant: 'P009', circuit: 'C001' }, { plant: 'P001', circuit: 'C010' }], like: { plant: 'P001', circuit: 'C001' } }));
  assert.deepEqual([value.circuits, changes], [2, []]);
  const { model } = await platforms.run(azureMl.readBatchDeployment, circuitDeployment('C001').ref);
  for (const workspace of [testWorkspace, productionWorkspace]) {
    const found = await platforms.run(azureMl.readBatchDeployment, { workspace, endpoint: 'batch-endpoint-plant-P009', deployment: 'deployment-circuit-C001' });
    assert.deepEqual([found.model, found.provisioningState], [model, 'Succeeded']);
  }
  await refused({ circuits: [{ plant: 'P009', circuit: 'C001' }], like: { plant: 'P001', circuit: 'C999' } });
  await refused({ circuits: [], like: { plant: 'P001', circuit: 'C001' } });
});
