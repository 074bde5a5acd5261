import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeVersion } from '../azure-resource-manager/assets.ts';
import type { ArmBody } from '../azure-resource-manager/resources.ts';
import type { SandboxContext } from '../core/context.ts';
import { DEV_WORKSPACE, LOCATION, machineLearningId, PROD_WORKSPACE, REGISTRY, STORAGE_ACCOUNT, TEST_WORKSPACE } from '../core/tenancy.ts';
import { endpointName, PLANT_NAMES } from './estate.ts';

export const WORKSPACES = [DEV_WORKSPACE, TEST_WORKSPACE, PROD_WORKSPACE];
export const SERVING_WORKSPACES = [TEST_WORKSPACE, PROD_WORKSPACE];

const JOBS_SOURCE = join(import.meta.dirname, '../jobs-source');
/** The package's `exports` do not name its data files, so its folder is addressed. */
const WEATHER = join(import.meta.dirname, '../../node_modules/vega-datasets/data/weather.csv');

/** The stable id of a workspace, as it appears in asset references. */
export function workspaceGuid(workspace: string): string {
  return `33333333-3333-3333-3333-${String(WORKSPACES.indexOf(workspace) + 1).padStart(12, '0')}`;
}

/** Makes the registry and the three workspaces with compute, datastore, code, environment, data and endpoints. */
export function seedWorkspaces(context: SandboxContext): void {
  const succeeded = { provisioningState: 'Succeeded' };
  context.resources.write(machineLearningId(`registries/${REGISTRY}`), { location: LOCATION, properties: {} }, succeeded);
  for (const workspace of WORKSPACES) {
    const id = machineLearningId(`workspaces/${workspace}`);
    const properties = { friendlyName: workspace, workspaceId: workspaceGuid(workspace) };
    context.resources.write(id, { location: LOCATION, properties }, succeeded);
    context.resources.write(`${id}/computes/cpu-cluster`, COMPUTE, succeeded);
    context.resources.write(`${id}/datastores/workspaceblobstore`, datastore(workspace));
    seedAssets(context, workspace, id);
  }
  for (const workspace of SERVING_WORKSPACES) seedEndpoints(context, workspace);
}

const COMPUTE: ArmBody = {
  location: LOCATION,
  properties: {
    computeType: 'AmlCompute',
    properties: { vmSize: 'STANDARD_DS3_V2', scaleSettings: { minNodeCount: 0, maxNodeCount: 2 }, allocationState: 'Steady' },
  },
};

/** The default datastore: a container of the workspace's own. */
const datastore = (workspace: string): ArmBody => ({
  properties: {
    datastoreType: 'AzureBlob',
    accountName: STORAGE_ACCOUNT,
    containerName: workspace,
    protocol: 'https',
    isDefault: true,
    credentials: { credentialsType: 'None' },
  },
});

function seedAssets({ resources, blobs }: SandboxContext, workspace: string, id: string): void {
  const datastore = 'azureml://datastores/workspaceblobstore/paths';
  blobs.write(`${workspace}/data/weather.csv`, readFileSync(WEATHER), 'text/csv');
  writeVersion(resources, `${id}/data/weather/versions/1`, {
    properties: { dataType: 'uri_file', dataUri: `${datastore}/data/weather.csv`, description: 'Daily readings of two weather stations' },
  });
  writeVersion(resources, `${id}/environments/sensor-env/versions/1`, { properties: { image: 'docker.io/library/node:24', osType: 'Linux' } });
  for (const code of ['sensor-training', 'sensor-scoring']) {
    for (const file of readdirSync(JOBS_SOURCE)) blobs.write(`${workspace}/code/${code}/1/${file}`, readFileSync(join(JOBS_SOURCE, file)));
    writeVersion(resources, `${id}/codes/${code}/versions/1`, { properties: { codeUri: `${datastore}/code/${code}/1` } });
  }
}

/** One endpoint per plant; its default deployment comes with the first models. */
function seedEndpoints(context: SandboxContext, workspace: string): void {
  for (const plant of PLANT_NAMES) seedEndpoint(context, workspace, plant);
}

/** Makes the endpoint of a plant; one that is there stays as it is. */
export function seedEndpoint({ resources }: SandboxContext, workspace: string, plant: string): void {
  const id = machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpointName(plant)}`);
  if (!resources.get(id)) resources.write(id, { location: LOCATION, properties: { authMode: 'AADToken' } }, { provisioningState: 'Succeeded' });
}
