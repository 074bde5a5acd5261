import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { hasEnded } from '../azure-resource-manager/long-running-operation.ts';
import { lastProgress } from '../heartbeat.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { readBatchDeployment, type BatchDeploymentRef } from './batch-deployment.ts';
import { desiredDefinition, differences, isUnchanged, missingFrom, type DesiredDeployment } from './deployment-definition.ts';
import { deploymentLabel, listed, putDeployment, verifyDeployment, type WriteProgress } from './deployment-write.ts';
import { underLock, type LockEpoch, type ReadLock } from './lock-permit.ts';

export interface DeployBatchModelInput extends BatchDeploymentRef, DesiredDeployment {
  key: StepKey;
  /** The lock of the target, under which the run may write; left out where the deployment has none, as in the test workspace. */
  lock?: LockEpoch;
}

/**
 * Lets a circuit's own batch deployment serve another model, or with other settings, by a full PUT of the definition that was there, and reads it back. The endpoint is never written.
 *
 * Safe to retry because it reads first: what this run has written already is only followed and compared, and it writes only over the definition it was given as `before`, while the lock is the run's.
 * Cancelled before its write, it leaves everything as it was; cancelled later, it throws and the workflow restores.
 *
 * @throws ChangedByHand (not retried) naming what differs, with nothing overwritten; Preempted (not retried), with nothing written; Busy; OperationFailed (not retried) with the service's code and message; OperationCanceled;
 *   ReadBackMismatch (not retried)
 */
export async function deployBatchModel({ arm, readLock }: { arm: RestClient; readLock?: ReadLock | undefined }, input: DeployBatchModelInput): Promise<DeploymentSnapshot> {
  const desired = desiredDefinition(input);
  const label = deploymentLabel(input);
  const permit = underLock(readLock, input.lock, label);
  const found = await readBatchDeployment({ arm }, input);
  const running = found.provisioningState !== null && !hasEnded(found.provisioningState);

  if (found.definition !== null && missingFrom(desired, found.definition).length === 0) {
    const { operation } = lastProgress<WriteProgress>() ?? {};
    if (running || found.provisioningState === 'Succeeded') return verifyDeployment(arm, input, desired, running ? operation : undefined);
    // The failure of a write whose result got lost with its worker: its reason is told, and the write not repeated.
    if (found.provisioningState === 'Failed' && operation !== undefined) return verifyDeployment(arm, input, desired, operation);
    return putDeployment(arm, input, desired, {}, permit);
  }
  if (running) throw vendorFailure(FailureType.Busy, `${label}: another operation is under way (${found.provisioningState})`);
  if (!isUnchanged(input.before, found)) {
    const paths = differences(input.before.definition, found.definition);
    throw vendorFailure(FailureType.ChangedByHand, `${label} was changed meanwhile; nothing was overwritten. Different: ${listed(paths.map((path) => path || 'the whole deployment'))}`);
  }
  return putDeployment(arm, input, desired, {}, permit);
}
