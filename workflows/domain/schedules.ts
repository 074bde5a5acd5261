/** What may run by itself: which runbooks, for which circuits, how often at most. */
import { investigateDegradationId, retrainOnDriftId, scheduledRunId } from './ids.ts';
import type { Outcome, Severity, Target } from './vocabulary.ts';

/** When one still runs as the next is due: leave that one out, run it once afterwards, run it beside the other, or cancel the other for it. */
export const overlaps = ['skip', 'wait', 'parallel', 'replace'] as const;
export type Overlap = (typeof overlaps)[number];

/** Schedules that there are without the estate's saying so; each runs the runbook of its name. The estate may say otherwise under the same id. */
export const builtInSchedules = ['anchorRecord', 'unblockRelease', 'sweepRuns', 'reconcileAlerts', 'reconcileHooks', 'findTrainingFailures'] as const;
export type BuiltInSchedule = (typeof builtInSchedules)[number];

/** Runbooks that a schedule starts as they are. */
export const wholeRunbooks: readonly string[] = [...builtInSchedules, 'reviewPendingReleases'];

interface PerTarget {
  /** Of a run that no schedule has started: one at a time for each circuit. */
  workflowId: (target: Target) => string;
  /** What a run is given: what the schedule says, and what the runbook needs besides. */
  input: (target: Target, said: object, why: string) => object;
}

/** Runbooks that a schedule starts for one circuit after the other. */
const perTarget: Record<string, PerTarget> = {
  investigateDegradation: { workflowId: investigateDegradationId, input: (target, said) => ({ ...said, target }) },
  retrainOnDrift: { workflowId: retrainOnDriftId, input: (target, said, why) => ({ reason: why, ...said, target }) },
};

export const perTargetRunbooks: readonly string[] = Object.keys(perTarget);

/** How a runbook is started for one circuit; undefined for one that is not. */
export function perTargetRunbook(name: string): PerTarget | undefined {
  return Object.hasOwn(perTarget, name) ? perTarget[name] : undefined;
}

/** Of a time zone's calendar; weeks begin on Monday. */
export const periods = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Period = (typeof periods)[number];

/** Of all circuits of the estate, those of these plants and severities; null: of any. */
export interface TargetSelection {
  plants: string[] | null;
  severities: Severity[] | null;
}

export interface StartForTargetsInput {
  /** Id of the schedule. */
  schedule: string;
  /** One of `perTargetRunbooks`. */
  runbook: string;
  select: TargetSelection;
  /** A circuit for which the runbook was started since this period began is left out. */
  oncePer: Period;
  /** IANA name. */
  timezone: string;
  /** What each run is given besides its target. */
  input: object;
  /** Most runs at work at the same time. */
  maxParallel: number;
  /** How long a run that has not ended keeps another one from being begun, in milliseconds: it may wait for a person. 15 minutes by default. */
  slotMs?: number;
}

/** What was selected, the most critical first. */
export interface ScheduledTargets {
  targets: Target[];
  /** As people call it, such as `2026-11` or `the week of 2026-11-16`. */
  period: string;
  /** The same as part of an id, such as `2026-11` or `2026-W47`. */
  periodId: string;
  /** ISO instant at which it began. */
  since: string;
}

export interface StartedForTarget {
  workflowId: string;
  /** As the run has told; null: it goes on. */
  outcome: Outcome | null;
}

export interface StartForTargetsResult {
  outcome: Outcome;
  reason: string;
  period: string | null;
  started: StartedForTarget[];
  /** Those that were not started, and why. */
  leftOut: { workflowId: string; why: string }[];
}

export const startForTargetsPhase = 'starting runs for circuits';

export const slotMs = 15 * 60_000;

/** A circuit, the id that its run of this period has, and the one that it has where no schedule starts it. */
export interface ScheduledTarget {
  target: Target;
  workflowId: string;
  unscheduledId: string;
}

/** One run for each circuit and period: Temporal itself refuses the second one. */
export function scheduledTarget({ workflowId }: PerTarget, target: Target, periodId: string): ScheduledTarget {
  const unscheduledId = workflowId(target);
  return { target, unscheduledId, workflowId: scheduledRunId(unscheduledId, periodId) };
}

/** Why a circuit is left out; null: it is not. A run that failed by itself may be tried again; one that people have ended may not. */
export function reasonToLeaveOut({ state, status, startedAt }: { state: 'none' | 'running' | 'ended'; status: string; startedAt: string | null }, since: string, period: string): string | null {
  if (state === 'running') return 'it runs';
  if (state === 'none' || startedAt === null || startedAt < since || status === 'FAILED' || status === 'TIMED_OUT') return null;
  return `it has run in ${period} already (${status.toLowerCase()})`;
}

/** One sentence for lists. */
export function startedReason({ started, leftOut, period }: StartForTargetsResult): string {
  const count = (outcome: Outcome | null): number => started.filter((each) => each.outcome === outcome).length;
  const endings = (['succeeded', 'rejected', 'expired', 'failed', 'aborted'] as const).flatMap((outcome) => (count(outcome) > 0 ? [`${count(outcome)} ${outcome}`] : []));
  const open = count(null);
  const counts = [...endings, ...(open > 0 ? [`${open} ${open === 1 ? 'goes' : 'go'} on`] : [])];
  return `${period}: ${started.length} started${counts.length === 0 ? '' : ` (${counts.join(', ')})`}, ${leftOut.length} left out`;
}
