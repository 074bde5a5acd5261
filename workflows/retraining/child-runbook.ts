/** Starting another runbook for a circuit, and waiting for its outcome. */
import { CancellationScope, ChildWorkflowCancellationType, condition, ParentClosePolicy, startChild, WorkflowIdReusePolicy, type ChildWorkflowHandle, type Workflow } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { rootMessage } from '../blocks/compensations.ts';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { targetLabel } from '../domain/ids.ts';
import type { Outcome, Target } from '../domain/vocabulary.ts';

export interface ChildRunbook {
  /** The workflow type. */
  runbook: string;
  workflowId: string;
  input: { target: Target };
  /** Who starts it, for its summary: `by its investigation`. */
  by: string;
}

/** `ended`: null where it was not waited for, or not long enough. `result` is what the runbook returned; null where it failed or was stopped. */
export interface FollowedChild {
  state: 'started' | 'already running';
  ended: { outcome: Outcome | null; reason: string; result: unknown } | null;
}

/**
 * Starts the runbook and waits for its outcome for so long at most. It goes on by itself whatever becomes of who started it: a cancelled investigation must not stop a rollback. One that
 * runs already for the circuit is left alone and not waited for.
 */
export async function followChild({ runbook, workflowId, input, by }: ChildRunbook, withinMs: number, started: () => void): Promise<FollowedChild> {
  const { plant, circuit } = input.target;
  let child: ChildWorkflowHandle<Workflow>;
  try {
    // Not cancellable: a run that is cancelled at this moment must know whether it has started something.
    child = await CancellationScope.nonCancellable(() => startChild(runbook, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE, // another window may lead to it again
      typedSearchAttributes: searchAttributePairs({ Plant: plant, Circuit: circuit }),
      staticSummary: `${runbook} for ${targetLabel(input.target)}, ${by}`,
    }));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { state: 'already running', ended: null };
  }
  started();
  let ended: FollowedChild['ended'] = null;
  void child.result().then((result: unknown) => { ended = { ...readResult(result), result }; }, (error: unknown) => {
    if (!CancellationScope.current().consideredCancelled) ended = { outcome: isCancelledChild(error) ? 'aborted' : 'failed', reason: rootMessage(error), result: null };
  });
  await condition(() => ended !== null, withinMs);
  return { state: 'started', ended };
}

function readResult(result: unknown): { outcome: Outcome | null; reason: string } {
  const { outcome = null, reason = '' } = (typeof result === 'object' && result !== null ? result : {}) as { outcome?: Outcome; reason?: string };
  return { outcome, reason };
}

function isCancelledChild(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'CancelledFailure';
}
