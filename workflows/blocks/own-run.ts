/** A run that another one starts and that then goes on by itself, whatever becomes of who started it. */
import { CancellationScope, ChildWorkflowCancellationType, condition, ParentClosePolicy, startChild, WorkflowIdReusePolicy, type ChildWorkflowHandle, type Workflow } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Outcome, Target } from '../domain/vocabulary.ts';
import { rootMessage } from './compensations.ts';
import { searchAttributePairs } from './search-attribute-pairs.ts';

export interface OwnRun {
  runbook: string;
  /** One at a time; one that has ended may be followed by another, unless it is `once`. */
  workflowId: string;
  /** One that has ended is followed by another only if it failed. */
  once?: true;
  /** Null of a run over more than one. */
  target: Target | null;
  /** That it begins in, for lists that are read before a worker has taken it up. */
  phase?: string;
  input: object;
  summary: string;
}

/** Starts it; null where one of its id runs already, or has run. Not cancellable: a run that is cancelled at this moment must know whether it has started something. */
export async function startOwnRun({ runbook, workflowId, once, target, phase, input, summary }: OwnRun): Promise<ChildWorkflowHandle<Workflow> | null> {
  try {
    return await CancellationScope.nonCancellable(() => startChild(runbook, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: once ? WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY : WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ ...(phase !== undefined && { Phase: phase }), ...(target && { Plant: target.plant, Circuit: target.circuit }) }),
      staticSummary: summary,
    }));
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

/** `result`: what the run returned; undefined where it still runs, failed or was stopped. */
export interface OwnEnd {
  outcome: Outcome | null;
  reason: string;
  result?: unknown;
}

/** Waits for its end, for so many milliseconds at most; `outcome` is null where it still runs, or has told none. */
export async function waitForOwnRun(child: ChildWorkflowHandle<Workflow>, forMs: number): Promise<OwnEnd> {
  let ended: OwnEnd | null = null;
  void child.result().then((result: unknown) => { ended = { ...readResult(result), result }; }, (error: unknown) => {
    if (!CancellationScope.current().consideredCancelled) ended = { outcome: isCancelledChild(error) ? 'aborted' : 'failed', reason: rootMessage(error) };
  });
  await condition(() => ended !== null, forMs);
  return ended ?? { outcome: null, reason: 'it still runs' };
}

function readResult(result: unknown): { outcome: Outcome | null; reason: string } {
  const { outcome = null, reason = '' } = (typeof result === 'object' && result !== null ? result : {}) as { outcome?: Outcome; reason?: string };
  return { outcome, reason };
}

function isCancelledChild(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'CancelledFailure';
}
