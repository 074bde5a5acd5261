/** Writing a batch deployment and waiting for the operation that the write starts. */
import { cancellationSignal, cancelled } from '@temporalio/activity';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { followOperation, followProvisioning, operationUrl, requireSuccess } from '../azure-resource-manager/long-running-operation.ts';
import { recordProgress } from '../heartbeat.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { deploymentUrl, readBatchDeployment, type BatchDeploymentRef } from './batch-deployment.ts';
import { missingFrom } from './deployment-definition.ts';

/** What an attempt leaves to the next one. */
export interface WriteProgress {
  /** URL of the operation that the last write started. */
  operation?: string;
  /** Whether a restoring write was sent. */
  restoring?: boolean;
  /** How many writes a step has sent that may need several. */
  writes?: number;
}

/** Refuses, immediately before a write, what may no longer be written. */
export type Permit = () => Promise<void>;

/**
 * Replaces the deployment by `definition`, follows the operation and reads back. The service knows no ETag: callers read immediately before, and `permit` asks the target's lock.
 *
 * @throws Preempted when the lock is another run's by now; Busy when another operation is under way; ReadBackMismatch (not retried: the next attempt could overwrite a person's change) naming what differs
 */
export async function putDeployment(arm: RestClient, ref: BatchDeploymentRef, definition: Record<string, unknown>, progress: WriteProgress = {}, permit: Permit = always): Promise<DeploymentSnapshot> {
  await permit();
  await stopIfCancelled();
  recordProgress(progress);
  const response = await arm.send({ method: 'PUT', ...deploymentUrl(ref), body: definition });
  const operation = operationUrl(response);
  recordProgress({ ...progress, operation });
  return verifyDeployment(arm, ref, definition, operation);
}

/** Waits for a write that is under way, then compares what was read back with what was written. */
export async function verifyDeployment(arm: RestClient, ref: BatchDeploymentRef, definition: Record<string, unknown>, operation?: string): Promise<DeploymentSnapshot> {
  const what = deploymentLabel(ref);
  if (operation !== undefined) await followOperation(arm, operation, what);
  const found = await provisioned(arm, ref);
  requireSuccess(found.provisioningState ?? 'Succeeded', what);
  const differing = missingFrom(definition, found.definition ?? {});
  if (differing.length > 0) throw vendorFailure(FailureType.ReadBackMismatch, `${what}: read back differently than written: ${listed(differing)}`);
  return found;
}

/** Removes the deployment and waits until it is gone. */
export async function deleteDeployment(arm: RestClient, ref: BatchDeploymentRef, progress: WriteProgress, permit: Permit = always): Promise<DeploymentSnapshot> {
  await permit();
  await stopIfCancelled();
  recordProgress(progress);
  const response = await arm.send({ method: 'DELETE', ...deploymentUrl(ref) });
  const operation = operationUrl(response);
  if (operation !== undefined) await followOperation(arm, operation, deploymentLabel(ref));
  const found = await provisioned(arm, ref);
  if (found.definition !== null) throw vendorFailure(FailureType.Busy, `${deploymentLabel(ref)}: still there after its deletion`);
  return found;
}

/** The deployment once no operation works on it any more. */
export async function provisioned(arm: RestClient, ref: BatchDeploymentRef): Promise<DeploymentSnapshot> {
  let found = await readBatchDeployment({ arm }, ref);
  await followProvisioning(async () => {
    found = await readBatchDeployment({ arm }, ref);
    return found.provisioningState;
  }, found.provisioningState);
  return found;
}

export function deploymentLabel({ workspace, endpoint, deployment }: BatchDeploymentRef): string {
  return `${workspace.workspace}/${endpoint}/${deployment}`;
}

const always: Permit = () => Promise.resolve();

/** At most ten paths: the message is for people. */
export function listed(paths: readonly string[]): string {
  return `${paths.slice(0, 10).join(', ')}${paths.length > 10 ? ` and ${paths.length - 10} more` : ''}`;
}

/** The last moment at which a cancelled activity can still leave the platform as it was. */
async function stopIfCancelled(): Promise<void> {
  if (cancellationSignal().aborted) await cancelled();
}
