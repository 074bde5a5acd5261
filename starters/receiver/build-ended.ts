/** From "this build has ended" to the change that waits for it. */
import type { BuildOrigin } from '../../workflows/domain/build.ts';
import type { BuildRules, UnresolvedHookInput } from '../../workflows/domain/hook.ts';
import type { HookOutcome } from './release-completed.ts';

export interface BuildPorts {
  /** Null where no target is accompanied. */
  rules: () => Promise<BuildRules | null>;
  /** Throws classified failures, and TryLater. */
  readOrigin: (input: { buildId: number; releaseBranch: string; startWithinMs: number }) => Promise<BuildOrigin>;
  wake: (origin: Extract<BuildOrigin, { kind: 'change' }>) => Promise<{ workflowId: string; woken: boolean }>;
  keep: (input: UnresolvedHookInput) => Promise<{ workflowId: string }>;
}

/**
 * Wakes the change that a build is of. Redelivered, reordered and forged notifications change nothing: the build and its pull request, read again, decide, and Temporal starts each id
 * once. What leads to no change yet is kept, looked at again for as long as a change would wait, and listed.
 *
 * @throws the platform's classified failures, and TryLater
 */
export async function buildEnded({ rules, readOrigin, wake, keep }: BuildPorts, { buildId, eventId, eventType }: { buildId: number; eventId: string; eventType: string }): Promise<HookOutcome> {
  const found = await rules();
  if (found === null) return { ignored: `${eventType} starts nothing: the estate accompanies no build pipeline` };
  const { releaseBranch, forMs, everyMs } = found;
  const origin = await readOrigin({ buildId, releaseBranch, startWithinMs: forMs });
  if (origin.kind === 'ignored') return { ignored: origin.reason };
  if (origin.kind === 'change') return await wake(origin);
  const { workflowId } = await keep({ eventId, eventType, buildId, releaseBranch, reason: origin.reason, forMs, everyMs });
  return { workflowId, unresolved: origin.reason };
}
