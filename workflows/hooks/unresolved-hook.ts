import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { isExpired } from '../blocks/woken-poll.ts';
import type { UnresolvedHookInput, UnresolvedHookResult } from '../domain/hook.ts';
import { HookPhase } from '../domain/phases.ts';
import { buildSignal } from '../releases/follow-builds.ts';
import { appendToRecord, awaitBuildOrigin } from '../releases/release-activities.ts';
import { startChange } from '../releases/start-change.ts';

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
  const { workflowId, started } = await startChange(repositoryId, pullRequestId);
  if (started) return `started ${workflowId}`;
  try {
    await getExternalWorkflowHandle(workflowId).signal(buildSignal, { buildId, result });
    return `woke ${workflowId}`;
  } catch (error) {
    if (isCancelled(error)) throw error;
    return `${workflowId} had ended before`;
  }
}
