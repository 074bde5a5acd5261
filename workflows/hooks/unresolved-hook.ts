import { ActivityFailure, ChildWorkflowCancellationType, getExternalWorkflowHandle, ParentClosePolicy, startChild, TimeoutFailure, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { releaseChangeId } from '../domain/ids.ts';
import type { UnresolvedHookInput, UnresolvedHookResult } from '../domain/hook.ts';
import { HookPhase, ReleaseChangePhase } from '../domain/phases.ts';
import { buildSignal } from '../releases/follow-builds.ts';
import { appendToRecord, awaitBuildOrigin } from '../releases/release-activities.ts';

/** Keeps a notification about a build whose change could not be found: looks again for a while, wakes or starts `releaseChange` when it can, and expires otherwise, so that it is listed. One run for each event. */
export async function keepUnresolvedHook(input: UnresolvedHookInput): Promise<UnresolvedHookResult> {
  requireInput(input, ['eventId', 'buildId', 'releaseBranch', 'forMs', 'everyMs']);
  const { buildId, releaseBranch, forMs, everyMs } = input;
  const run = new Run({ phase: HookPhase.Unresolved, target: null, appendToRecord });
  const result = (outcome: UnresolvedHookResult['outcome'], reason: string): UnresolvedHookResult => ({ outcome, reason, buildId });
  if (input.reason) run.note(input.reason);

  return await run.conclude(async () => {
    try {
      const origin = await awaitBuildOrigin({ buildId, releaseBranch, startWithinMs: forMs, intervalMs: everyMs }, forMs);
      if (origin.kind === 'ignored') return result('rejected', origin.reason);
      return result('succeeded', await wake(origin));
    } catch (error) {
      if (isCancelled(error) || !isExpired(error)) throw error;
      return result('expired', `nothing came of it within ${Math.round(forMs / 60_000)} min: ${input.reason ?? rootMessage(error)}`);
    }
  }, result);
}

/** As `signalWithStart` does from outside: a running change is woken, a new one looks by itself, one that has ended stays ended. */
async function wake({ repositoryId, pullRequestId, buildId, result }: Extract<Awaited<ReturnType<typeof awaitBuildOrigin>>, { kind: 'change' }>): Promise<string> {
  const workflowId = releaseChangeId(repositoryId, pullRequestId);
  try {
    await startChild('releaseChange', {
      workflowId,
      args: [{ repositoryId, pullRequestId }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: searchAttributePairs({ Phase: ReleaseChangePhase.Reading }),
      staticSummary: `Release pull request ${pullRequestId}`,
      staticDetails: `Pull request ${pullRequestId} of repository ${repositoryId}`,
    });
    return `started ${workflowId}`;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  try {
    await getExternalWorkflowHandle(workflowId).signal(buildSignal, { buildId, result });
    return `woke ${workflowId}`;
  } catch (error) {
    if (isCancelled(error)) throw error;
    return `${workflowId} had ended before`;
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof ActivityFailure && (error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT');
}
