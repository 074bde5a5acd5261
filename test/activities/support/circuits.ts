import type { BatchDeploymentRef } from '../../../activities/azure-ml/batch-deployment.ts';
import type { InferencePolicy } from '../../../workflows/domain/policy.ts';
import type { WorkspaceRef } from '../../../workflows/domain/vocabulary.ts';
import { LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID } from '../../../sandbox/core/tenancy.ts';

const workspace = (name: string): WorkspaceRef => ({ subscriptionId: SUBSCRIPTION_ID, resourceGroup: RESOURCE_GROUP, workspace: name });

export const devWorkspace = workspace('dev-ml-workspace');
export const testWorkspace = workspace('test-ml-workspace');
export const productionWorkspace = workspace('prod-ml-workspace');
export const registry = { subscriptionId: SUBSCRIPTION_ID, resourceGroup: RESOURCE_GROUP, registry: 'ml-registry' };

export const inference: InferencePolicy = {
  code: 'azureml:sensor-scoring:1',
  scoringScript: 'score.ts',
  environment: 'azureml:sensor-env:1',
  compute: 'azureml:cpu-cluster',
  dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv',
  pollMs: 100,
  timeoutMs: 60_000,
  minimumRows: 1_000,
};

/** A circuit of plant P001 in production; the other model is that of the same circuit in plant P002, which the seed has trained too. */
export function circuitDeployment(circuit: string): { ref: BatchDeploymentRef; template: { inference: InferencePolicy; location: string }; otherModel: string } {
  return {
    ref: { workspace: productionWorkspace, endpoint: 'batch-endpoint-plant-P001', deployment: `deployment-circuit-${circuit}` },
    template: { inference, location: LOCATION },
    otherModel: `azureml://registries/ml-registry/models/P002-${circuit}/versions/1`,
  };
}
