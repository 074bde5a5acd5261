/** Following what a merged change leads to: the run that trains it, and then the release of one of its circuits. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { ReleaseEnd } from '../../workflows/domain/drift-retraining.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { ReleaseChangeResult, ReleaseModelResult } from '../../workflows/domain/release.ts';
import type { Outcome, Target } from '../../workflows/domain/vocabulary.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { notYet } from '../not-yet.ts';

export interface AwaitReleaseInput {
  /** Workflow id of the `releaseChange`. */
  change: string;
  target: Target;
  /** Milliseconds between two looks. */
  intervalMs: number;
}

interface Ended {
  outcome: Outcome | null;
  reason: string;
}

/**
 * Looks once how far the release of a circuit is; while the change is trained or the release goes on the attempt fails benignly, and the next one comes after the interval. A change
 * that released nothing for the circuit is an answer.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching; NotFound (not retried) when there is no such run
 */
export async function awaitRelease(client: Client, { change, target, intervalMs }: AwaitReleaseInput): Promise<ReleaseEnd> {
  const changed = await ending<ReleaseChangeResult>(client, change, intervalMs);
  if (!('circuits' in changed)) return { kind: 'none', reason: `${change}: ${changed.reason}` };
  const label = targetLabel(target);
  const circuit = changed.circuits.find((each) => targetLabel(each.target) === label);
  if (circuit === undefined) return { kind: 'none', reason: changed.reason };
  if (circuit.state !== 'released' && circuit.state !== 'alreadyReleased') return { kind: 'none', reason: 'reason' in circuit ? circuit.reason : `${label} was trained as ${circuit.version} and not released: ${changed.reason}` };
  const workflowId = circuit.state === 'released' ? circuit.workflowId : circuit.by.split('/')[0]!;
  const { outcome, reason } = await ending<ReleaseModelResult>(client, workflowId, intervalMs);
  return { kind: 'closed', workflowId, version: circuit.version, outcome, reason };
}

/** What a run ended with: its result, or how it was cut off. */
async function ending<R extends Ended>(client: Client, workflowId: string, intervalMs: number): Promise<R | Ended> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status } = await handle.describe();
    if (status.name === 'RUNNING' || status.name === 'PAUSED') throw notYet(FailureType.StillWatching, `${workflowId} goes on`, intervalMs);
    return (await handle.result()) as R;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw classifyTemporal(error, workflowId);
    const { cause } = error;
    return { outcome: cause instanceof CancelledFailure ? 'aborted' : 'failed', reason: cause?.message ?? error.message };
  }
}
