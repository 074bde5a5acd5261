import type { ArmClient } from '../../activities/azure-resource-manager/arm-client.ts';
import { ApiVersion, batchDeploymentId } from '../../activities/azure-resource-manager/resource-ids.ts';
import { PROD_WORKSPACE } from '../../sandbox/core/tenancy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { workspaceRef } from './platform-clients.ts';

/** The tags of the circuit's own batch deployment, as the production workspace tells them now. */
export async function productionTags(arm: ArmClient, { plant, circuit }: Target): Promise<Record<string, string>> {
  const id = batchDeploymentId(workspaceRef(PROD_WORKSPACE), `batch-endpoint-plant-${plant}`, `deployment-circuit-${circuit}`);
  const { body } = await arm.send<{ tags?: Record<string, string> }>({ method: 'GET', url: id, query: { 'api-version': ApiVersion.MachineLearning } });
  return body.tags ?? {};
}
