import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { isExpired } from '../blocks/woken-poll.ts';
import type { UnresolvedHookInput, UnresolvedHookResult } from '../domain/hook.ts';
import { HookPhase } from '../domain/phases.ts';
import { appendToRecord, awaitBuildOrigin } from '../releases/release-activities.ts';
import { wakeChange } from '../releases/wake-change.ts';

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
      const { workflowId, how } = await wakeChange(origin);
      return result('succeeded', said[how](workflowId));
    } catch (error) {
      if (isCancelled(error) || !isExpired(error)) throw error;
      return result('expired', `nothing came of it within ${Math.round(forMs / 60_000)} min: ${input.reason ?? rootMessage(error)}`);
    }
  }, result);
}

const said = { started: (id: string) => `started ${id}`, woken: (id: string) => `woke ${id}`, ended: (id: string) => `${id} had ended before` };
