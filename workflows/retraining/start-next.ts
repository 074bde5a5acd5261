/** Starting the runbook that a finding leads to, by its name. */
import { CancellationScope, ChildWorkflowCancellationType, condition, ParentClosePolicy, startChild, WorkflowIdReusePolicy, type ChildWorkflowHandle, type Workflow } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { rootMessage } from '../blocks/compensations.ts';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import type { NextRunbook, NextStep } from '../domain/degradation.ts';
import { retrainOnDriftId, rollBackModelId, targetLabel } from '../domain/ids.ts';
import type { RollBackModelInput } from '../domain/rollback.ts';
import type { Outcome, Target } from '../domain/vocabulary.ts';

/** What is known of `retrainOnDrift` from here: which circuit, why, and where the analysis is. */
export interface RetrainOnDriftInput {
  target: Target;
  reason: string;
  /** Report of the investigation, with the drift of each feature. */
  reportUri: string | null;
  startedBy?: string;
}

export type NextInput = { runbook: 'rollBackModel'; input: RollBackModelInput } | { runbook: 'retrainOnDrift'; input: RetrainOnDriftInput };

/** Which of them this build has. A child of a type that no worker knows would wait for ever; a test compares this list with the registry. */
export const startableNext: readonly NextRunbook[] = ['rollBackModel'];

/**
 * Starts the runbook and waits for its outcome for so long at most. It goes on by itself whatever becomes of the investigation: a cancelled investigation must not stop a rollback.
 * One that runs already for the circuit is left alone and not waited for.
 */
export async function startNext({ runbook, input }: NextInput, outcomeWithinMs: number, started: (step: NextStep) => void): Promise<NextStep> {
  const workflowId = runbook === 'rollBackModel' ? rollBackModelId(input.target) : retrainOnDriftId(input.target);
  const step = (state: NextStep['state'], reason: string, outcome: Outcome | null = null): NextStep => ({ runbook, state, workflowId, outcome, reason });
  if (!startableNext.includes(runbook)) return step('recommended', `${runbook} is not part of this version of Holdpoint: it is recommended, not started`);

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
      staticSummary: `${runbook} for ${targetLabel(input.target)}, by its investigation`,
    }));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return step('already running', `${workflowId} runs already`);
  }
  started(step('started', 'it has been started'));
  let ended: { outcome: Outcome | null; reason: string } | null = null;
  void child.result().then((result) => { ended = readResult(result); }, (error: unknown) => {
    if (!CancellationScope.current().consideredCancelled) ended = { outcome: isCancelledChild(error) ? 'aborted' : 'failed', reason: rootMessage(error) };
  });
  await condition(() => ended !== null, outcomeWithinMs);
  const { outcome, reason } = ended ?? { outcome: null, reason: 'it still runs' };
  return step('started', reason, outcome);
}

function readResult(result: unknown): { outcome: Outcome | null; reason: string } {
  const { outcome = null, reason = '' } = (typeof result === 'object' && result !== null ? result : {}) as { outcome?: Outcome; reason?: string };
  return { outcome, reason };
}

function isCancelledChild(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'CancelledFailure';
}
