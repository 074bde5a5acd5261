import { sleep } from '@temporalio/activity';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { lastProgress } from '../heartbeat.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BatchDeploymentRef } from './batch-deployment.ts';
import { differences, isUnchanged, missingFrom } from './deployment-definition.ts';
import { deploymentLabel, listed, provisioned, putDeployment, type WriteProgress } from './deployment-write.ts';

export interface SwitchBatchDeploymentInput extends BatchDeploymentRef {
  key: StepKey;
  /** The deployment as it was read; its definition stays but for model and tags. */
  before: DeploymentSnapshot;
  /** Asset id of the version to serve. */
  model: string;
  /** Tags that change; null takes one off. */
  tags: Record<string, string | null>;
  /** Runs whose writes may be overwritten, by the value of their tag `run`: those that were pre-empted. */
  over: string[];
  /** How long a late write of such a run is still looked for and overwritten, in milliseconds. 0: one look. */
  settleMs: number;
}

export interface SwitchBatchDeploymentResult {
  /** Writes that this step needed: 0 where the deployment was as wanted already. */
  writes: number;
  found: DeploymentSnapshot;
}

/** Milliseconds between two looks for a late write. */
const lookMs = 1_000;

/**
 * Lets a batch deployment serve another version of its model, whatever state a pre-empted run has left it in, reads it back, and keeps looking for `settleMs` for a write of such a run
 * that arrives late.
 *
 * Safe to retry because it reads first and writes nothing where the deployment is as wanted; a repeated full PUT of the same definition changes nothing.
 *
 * @throws ChangedByHand (not retried) naming what differs, with nothing overwritten, when what stands there is neither `before` nor from a run of `over`; NotFound (not retried) when there
 *   is no deployment; Busy; OperationFailed (not retried); OperationCanceled; ReadBackMismatch (not retried)
 */
export async function switchBatchDeployment({ arm }: { arm: RestClient }, input: SwitchBatchDeploymentInput): Promise<SwitchBatchDeploymentResult> {
  const { before, over, settleMs } = input;
  const label = deploymentLabel(input);
  const wanted = switched(input);
  let writes = lastProgress<WriteProgress>()?.writes ?? 0;
  // Looks are counted, not timed: an attempt after a crash looks for the whole period again.
  for (let remaining = Math.ceil(settleMs / lookMs); ; remaining -= 1) {
    let found = await provisioned(arm, input); // waits for the operation of whoever was writing
    if (found.definition === null) throw vendorFailure(FailureType.NotFound, `${label}: there is no such deployment any more`);
    const isWanted = missingFrom(wanted, found.definition).length === 0;
    if (!isWanted && !isUnchanged(before, found) && !over.includes(found.tags['run'] ?? '')) {
      throw vendorFailure(FailureType.ChangedByHand, `${label} was changed meanwhile; nothing was overwritten. Different: ${listed(differences(before.definition, found.definition))}`);
    }
    if (!isWanted || found.provisioningState !== 'Succeeded') {
      writes += 1;
      found = await putDeployment(arm, input, wanted, { writes });
    }
    if (remaining <= 0) return { writes, found };
    await sleep(lookMs);
  }
}

function switched({ before, model, tags }: SwitchBatchDeploymentInput): Record<string, unknown> {
  const definition = before.definition ?? {};
  return {
    ...definition,
    properties: { ...(definition['properties'] as object), model: { referenceType: 'Id', assetId: model } },
    tags: Object.fromEntries(Object.entries({ ...before.tags, ...tags }).filter((entry): entry is [string, string] => entry[1] !== null)),
  };
}
