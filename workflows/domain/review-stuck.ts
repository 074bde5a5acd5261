/** What is done about a gate that has waited too long. */
import { stepKey, type StepKey } from './keys.ts';
import type { Refusal, WaitingGate } from './review-gates.ts';
import type { Outcome } from './vocabulary.ts';

export interface UnblockReleaseInput {
  /** Only gates that have been open for longer, in milliseconds; 12 hours by default. */
  olderThanMs?: number;
  /** Gates below threshold that nobody has decided for so long are let lapse, in milliseconds; 24 hours by default. */
  lapseAfterMs?: number;
  /** A gate is measured again, reminded of and widened once in so many milliseconds, however often the schedule runs; 4 hours by default. */
  tendEveryMs?: number;
  plant?: string;
}

export interface UnblockedGate {
  workflowId: string;
  gate: string;
  /** What measuring again has changed. */
  changes: string[];
  /** `tended`: reminded and widened; `reopened`: the evidence had changed, so it is asked anew; `lapsed`: its silence was let decide; `gone`: decided meanwhile. */
  state: 'tended' | 'reopened' | 'lapsed' | 'gone';
  reason: string;
}

/** The one phase of the runbook. */
export const unblockPhase = 'unblocking releases';

export const unblockDefaults = { olderThanMs: 12 * 3_600_000, lapseAfterMs: 24 * 3_600_000, tendEveryMs: 4 * 3_600_000 };

/**
 * Why a gate may be let lapse now instead of at its deadline; null if it may not. Only what is recommended against lapses early, and only where silence lets nothing through: a
 * machine may say "no" sooner, never "yes".
 */
export function lapseReason({ recommends, onSilence, openedAt }: Pick<WaitingGate, 'recommends' | 'onSilence' | 'openedAt'>, lapseAfterMs: number, now: string): string | null {
  const waitedMs = Date.parse(now) - Date.parse(openedAt);
  if (recommends !== 'reject' || waitedMs < lapseAfterMs) return null;
  if (onSilence !== 'expire' && onSilence !== 'reject') return null;
  return `below threshold, and undecided for ${Math.floor(waitedMs / 3_600_000)} h`;
}

/** The key under which a gate is tended: the same for the whole of an interval, so that a schedule that runs more often asks for nothing twice. */
export function tendingKey({ workflowId, runId, gate, generation, openedAt }: WaitingGate, action: string, tendEveryMs: number, now: string): StepKey {
  const interval = Math.floor((Date.parse(now) - Date.parse(openedAt)) / tendEveryMs);
  return stepKey({ workflowId, firstExecutionRunId: runId, step: `unblock ${gate} ${generation} ${action}`, generation: interval });
}

export interface UnblockReleaseResult {
  outcome: Outcome;
  reason: string;
  gates: UnblockedGate[];
  /** Gates beyond what one run takes in. */
  more: number;
  /** Runs that wait and do not say for what, each with the reason. */
  unreadable: Refusal[];
  /** Work items for releases that were let lapse; one that its policy rejects files its own. */
  workItems: { workflowId: string; id: number; url: string }[];
}
