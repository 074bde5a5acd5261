/** The activities of the reviews, each with its time budget and the line that Temporal Web UI shows beside it. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { createAzureMonitorActivities } from '../../activities/azure-monitor/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { many, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { FailureType } from '../domain/failures.ts';
import { TaskQueue } from '../domain/queues.ts';

type Runs = ReturnType<typeof createRunsActivities>;
type Estate = ReturnType<typeof createEstateActivities>;
type AzureMonitor = ReturnType<typeof createAzureMonitorActivities>;

/** Answers that others count: a cancelled review waits until it is known which were given. */
const answer = undoable(many);

export const { findWaitingGates } = on<Runs>(TaskQueue.Runs, many, 'Find the gates that wait');
export const { readGates } = on<Runs>(TaskQueue.Runs, many, 'Read the figures of the group');
export const { findBusyTargets } = on<Runs>(TaskQueue.Runs, many, 'Find releases that deploy or are watched');
export const { answerGates } = on<Runs>(TaskQueue.Runs, answer, 'Give the decision to each release');
export const { tendGates } = on<Runs>(TaskQueue.Runs, answer, 'Look after the gates');
export const { findInterruptedRuns } = on<Runs>(TaskQueue.Runs, many, 'Find runs that were ended or set back from outside');
export const { loadCircuits } = on<Estate>(TaskQueue.Estate, many, 'Load severity and sensor of the circuits');
export const { readAlertRules } = on<AzureMonitor>(TaskQueue.AzureMonitor, many, 'Read which alerts fired since');

type Followed = Awaited<ReturnType<Runs['followReleases']>> & { gaveUp: boolean };

/** Follows releases, held by no worker between two looks. Those in which nothing has happened for `boundMs` are given up, which is an answer and not a failure: they may wait for a gate or an opening for longer. */
export async function followReleases(input: Parameters<Runs['followReleases']>[0], what: string, boundMs: number): Promise<Followed> {
  const follow = (how: typeof input) => on<Runs>(TaskQueue.Runs, polling(input.intervalMs, boundMs, many), `Follow ${what}`).followReleases(how);
  try {
    return { ...(await follow(input)), gaveUp: false };
  } catch (error) {
    if (input.seen === null || !ranOut(error)) throw error;
    return { ...(await follow({ ...input, seen: null })), gaveUp: true };
  }
}

function ranOut(error: unknown): boolean {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) return false;
  return error.cause instanceof TimeoutFailure || (error.cause instanceof ApplicationFailure && error.cause.type === FailureType.StillWatching);
}
