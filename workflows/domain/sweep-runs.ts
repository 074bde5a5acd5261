/** Runs that somebody ended or set back from outside: what the sweep finds and reports. */
import { RecoverBatchJobPhase, ReleaseGate, ReleaseModelPhase as Phase, RollBackModelPhase, UpdateEnvironmentPhase } from './phases.ts';
import type { RecordedRun } from './record.ts';
import type { Outcome, Severity } from './vocabulary.ts';

export interface SweepRunsInput {
  /** How far back the sweep looks, in milliseconds; 26 hours by default, so that a day without a sweep misses nothing. */
  lookBackMs?: number;
}

export interface SweepRunsResult {
  outcome: Outcome;
  reason: string;
  /** Ids of the reports that this sweep started. */
  reported: string[];
  /** Interruptions that the next sweep takes up. */
  more: number;
}

export interface ReportInterruptionResult {
  outcome: Outcome;
  reason: string;
  workItem: { id: number; url: string } | null;
  /** Workflow id of the incident that it opened or joined. */
  incident: string | null;
}

/** Each of the two runbooks has one phase. */
export const sweepPhase = 'looking for interrupted runs';
export const reportPhase = 'reporting an interruption';

export const sweepLookBackMs = 26 * 3_600_000;

/** A run that did not end by itself. Nothing was compensated: the code of the run was not asked. */
export interface InterruptedRun {
  run: RecordedRun;
  /** The run that was ended; of a reset, the new run. */
  runId: string;
  how: 'terminated' | 'timedOut' | 'reset';
  /** ISO instant. */
  at: string;
  /** Who, as far as the caller said so itself: never proven. */
  identity: string;
  reason: string;
  phase: string | null;
  gate: string | null;
}

/** One report for each interruption, however often the sweep sees it. */
export function interruptionReportId({ run, runId }: Pick<InterruptedRun, 'run' | 'runId'>): string {
  return ['reportInterruption', run.workflowId, runId].join(':');
}

/** A run that was stopped while it wrote to production, or before it could take back what it had written, leaves production in doubt. */
export function interruptionSeverity({ phase }: Pick<InterruptedRun, 'phase'>): Severity {
  if (isInDoubt(phase)) return 'P1';
  return phase === Phase.Monitoring ? 'P2' : 'P3';
}

/** What it means, for the record, the incident and the message. */
export function describeInterruption({ run, how, at, identity, reason, phase, gate }: InterruptedRun): string {
  const words = { terminated: 'was terminated', timedOut: 'ran out of time', reset: 'was reset' };
  const who = how === 'timedOut' ? '' : ` by ${identity === '' ? 'somebody unnamed' : identity} (unproven)`;
  const where = gate === null ? ` in phase "${phase ?? 'unknown'}"` : gate === ReleaseGate.Rollback ? ' while a rollback was asked for' : ` at gate ${gate}`;
  const why = reason === '' ? '' : `, "${reason}"`;
  return `${run.workflowId} ${words[how]} from outside${where}${who} at ${at}${why}. ${consequence(how, phase)}`;
}

function consequence(how: InterruptedRun['how'], phase: string | null): string {
  if (how === 'reset') return 'It goes on from an earlier point; what it had decided or done after that point is decided and done again, under the same keys.';
  if (isInDoubt(phase)) return 'Nothing was undone: look at what production serves.';
  if (phase === Phase.Monitoring) return 'Its version serves in production, and nobody watches it any more.';
  return 'Nothing was undone; production had not been touched by it.';
}

/** Phases in which production is being written. */
function isInDoubt(phase: string | null): boolean {
  const writing: readonly (string | null)[] = [Phase.Deployment, Phase.Rollback, RollBackModelPhase.Switch, RollBackModelPhase.Verify, UpdateEnvironmentPhase.Deployment, UpdateEnvironmentPhase.Rollback, RecoverBatchJobPhase.Fix];
  return writing.includes(phase);
}
