import { sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { lastProgress } from '../heartbeat.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BatchDeploymentRef } from './batch-deployment.ts';
import { isUnchanged } from './deployment-definition.ts';
import { underLock, type LockEpoch, type ReadLock } from './lock-permit.ts';
import { deleteDeployment, deploymentLabel, provisioned, putDeployment, type Permit, type WriteProgress } from './deployment-write.ts';

export interface RestoreBatchDeploymentInput extends BatchDeploymentRef {
  key: StepKey;
  /** The pre-image; a definition of null means that there was no deployment, and there will be none. */
  before: DeploymentSnapshot;
  /** Value of the tag `run` that the run's own writes carry. */
  run: string;
  /** How long a write of the run that nobody saw arrive is still looked for, in milliseconds. 0: not at all. */
  settleMs: number;
  /** The lock of the target, under which the run may write; left out where the deployment has none. */
  lock?: LockEpoch;
}

export interface RestoreBatchDeploymentResult {
  /** `restored`: written back. `untouched`: it was as before all the time. `changedByHand`: somebody else's, nothing was written. */
  state: 'restored' | 'untouched' | 'changedByHand';
  found: DeploymentSnapshot;
}

/** Milliseconds between two looks for a late write. */
const lookMs = 1_000;

/**
 * Puts a batch deployment back as it was before the run wrote to it, whatever state that write is in, and keeps looking for `settleMs` for a write that arrives late.
 *
 * Safe to retry because it reads first and writes only over what carries the run's own tag; a repeated full PUT of the pre-image changes nothing.
 *
 * @throws Busy, OperationCanceled, OperationFailed (retried here, unlike elsewhere: production must not stay as a failed restore left it), ReadBackMismatch (not retried);
 *   Preempted (not retried): what serves is another run's business by now
 */
export async function restoreBatchDeployment({ arm, readLock }: { arm: RestClient; readLock?: ReadLock | undefined }, input: RestoreBatchDeploymentInput): Promise<RestoreBatchDeploymentResult> {
  let restored = lastProgress<WriteProgress>()?.restoring ?? false;
  // Looks are counted, not timed: an attempt after a crash looks for the whole period again.
  for (let remaining = Math.ceil(input.settleMs / lookMs); ; remaining -= 1) {
    let found = await provisioned(arm, input);
    if (isForeign(found, input)) return { state: 'changedByHand', found };
    if (needsRestoring(found, input)) {
      restored = true;
      found = await putBack(arm, input, underLock(readLock, input.lock, deploymentLabel(input)));
    }
    if (remaining <= 0) return { state: restored ? 'restored' : 'untouched', found };
    await sleep(lookMs);
  }
}

function isForeign(found: DeploymentSnapshot, { before, run }: RestoreBatchDeploymentInput): boolean {
  return !isUnchanged(before, found) && found.tags['run'] !== run;
}

/** The run's own write, or the pre-image in a state that a failed write left behind. */
function needsRestoring(found: DeploymentSnapshot, { before }: RestoreBatchDeploymentInput): boolean {
  return !isUnchanged(before, found) || (found.provisioningState !== before.provisioningState && before.provisioningState === 'Succeeded');
}

async function putBack(arm: RestClient, input: RestoreBatchDeploymentInput, permit: Permit): Promise<DeploymentSnapshot> {
  const progress: WriteProgress = { restoring: true };
  try {
    return await (input.before.definition === null ? deleteDeployment(arm, input, progress, permit) : putDeployment(arm, input, input.before.definition, progress, permit));
  } catch (error) {
    if (!isFailure(error, FailureType.OperationFailed)) throw error;
    throw ApplicationFailure.create({ type: FailureType.OperationFailed, message: error.message, details: error.details ?? undefined });
  }
}
