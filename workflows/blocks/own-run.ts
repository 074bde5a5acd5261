/** A run that another one starts and that then goes on by itself, whatever becomes of who started it. */
import { CancellationScope, ChildWorkflowCancellationType, condition, ParentClosePolicy, startChild, WorkflowIdReusePolicy, type ChildWorkflowHandle, type Workflow } from '@temporalio/workflow';
import { CancelledFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Outcome, Target } from '../domain/vocabulary.ts';
import { rootMessage } from './compensations.ts';
import { searchAttributePairs } from './search-attribute-pairs.ts';

export interface OwnRun {
  runbook: string;
  workflowId: string;
  /** `once`: none of this id is ever started again. `onceUnlessFailed`: only after one that did not complete. `oneAtATime`, as it is without: one that has ended may be followed by another. */
  ofItsId?: keyof typeof reusePolicies;
  /** Null of a run over more than one, and of one that is not listed by its target. */
  target: Target | null;
  /** That it begins in, for lists that are read before a worker has taken it up. */
  phase?: string;
  /** Of the model that it is about. */
  modelVersion?: string;
  input: object;
  summary: string;
  /** More than the summary, for its page in Temporal Web UI. */
  details?: string;
}

const reusePolicies = { once: WorkflowIdReusePolicy.REJECT_DUPLICATE, onceUnlessFailed: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY, oneAtATime: WorkflowIdReusePolicy.ALLOW_DUPLICATE };

/** Starts it; null where one of its id was there already. A run that has been cancelled starts nothing; one that is cancelled at this moment must know whether it has. */
export async function startOwnRun({ runbook, workflowId, ofItsId = 'oneAtATime', target, phase, modelVersion, input, summary, details }: OwnRun): Promise<ChildWorkflowHandle<Workflow> | null> {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(`cancelled before ${workflowId} was started`);
  const attributes = searchAttributePairs({ ...(phase !== undefined && { Phase: phase }), ...(target && { Plant: target.plant, Circuit: target.circuit }), ...(modelVersion !== undefined && { ModelVersion: modelVersion }) });
  try {
    return await CancellationScope.nonCancellable(() => startChild(runbook, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: reusePolicies[ofItsId],
      typedSearchAttributes: attributes,
      staticSummary: summary.slice(0, 200),
      ...(details !== undefined && { staticDetails: details }),
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
