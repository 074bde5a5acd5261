/** A batch deployment as the service tells it, and the snapshot that the product keeps of it. */
import { FailureType } from '../../workflows/domain/failures.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, batchDeploymentId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface BatchDeploymentRef {
  workspace: WorkspaceRef;
  endpoint: string;
  deployment: string;
}

type Fields = Record<string, unknown>;

/**
 * Reads a deployment in full, fields that this product does not know included. No such deployment: a snapshot of nulls.
 *
 * Safe to retry because it only reads.
 */
export async function readBatchDeployment({ arm }: { arm: RestClient }, ref: BatchDeploymentRef): Promise<DeploymentSnapshot> {
  try {
    const { body } = await arm.send<Fields>({ method: 'GET', ...deploymentUrl(ref) });
    return snapshotOf(body);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return { definition: null, model: null, tags: {}, provisioningState: null };
    throw error;
  }
}

/** Path and query of a deployment. */
export function deploymentUrl({ workspace, endpoint, deployment }: BatchDeploymentRef): { url: string; query: Record<string, string> } {
  return { url: batchDeploymentId(workspace, endpoint, deployment), query: { 'api-version': ApiVersion.BatchDeployments } };
}

/** Splits what the service answered into what may be written back and what only the service writes. */
export function snapshotOf(body: Fields): DeploymentSnapshot {
  const { id: _id, name: _name, type: _type, systemData: _systemData, ...definition } = body;
  const { provisioningState, properties, ...written } = (body['properties'] ?? {}) as Fields;
  const kept = properties === undefined || properties === null ? {} : withoutServiceEntries(properties as Fields);
  definition['properties'] = { ...written, ...kept };
  return {
    definition,
    model: modelOf(written),
    tags: (body['tags'] ?? {}) as Record<string, string>,
    provisioningState: typeof provisioningState === 'string' ? provisioningState : null,
  };
}

/** The service notes its operations in the property dictionary; those entries change with every write and are nobody's wish. */
function withoutServiceEntries(properties: Fields): { properties?: Fields } {
  const own = Object.entries(properties).filter(([name]) => name !== 'AzureAsyncOperationUri' && !name.startsWith('azureml.'));
  return own.length === 0 ? {} : { properties: Object.fromEntries(own) };
}

function modelOf({ model }: Fields): string | null {
  const reference = model as { assetId?: unknown } | null | undefined;
  return typeof reference?.assetId === 'string' ? reference.assetId : null;
}
