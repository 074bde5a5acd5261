/** The activities of the reviews, each with its time budget and the line that Temporal Web UI shows beside it. */
import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import type { createAzureMonitorActivities } from '../../activities/azure-monitor/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, on, polling } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Runs = ReturnType<typeof createRunsActivities>;
type Estate = ReturnType<typeof createEstateActivities>;
type AzureMonitor = ReturnType<typeof createAzureMonitorActivities>;

/** Hundreds of runs may have to be asked, each with a history to replay; heartbeats, one for each run, let a killed worker's batch go on elsewhere. */
const look: ActivityOptions = { ...brief, startToCloseTimeout: '10m', scheduleToCloseTimeout: '1h', heartbeatTimeout: '30s' };

/** Answers that others count: a cancelled review waits until it is known which were given. */
const answer: ActivityOptions = { ...look, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };

export const { findWaitingGates } = on<Runs>(TaskQueue.Runs, look, 'Find the gates that wait');
export const { readGates } = on<Runs>(TaskQueue.Runs, look, 'Read the figures of the group');
export const { findBusyTargets } = on<Runs>(TaskQueue.Runs, look, 'Find releases that deploy or are watched');
export const { answerGates } = on<Runs>(TaskQueue.Runs, answer, 'Give the decision to each release');
export const { tendGates } = on<Runs>(TaskQueue.Runs, answer, 'Look after the gates');
export const { findInterruptedRuns } = on<Runs>(TaskQueue.Runs, look, 'Find runs that were ended or set back from outside');
export const { loadCircuits } = on<Estate>(TaskQueue.Estate, look, 'Load severity and sensor of the circuits');
export const { readAlertRules } = on<AzureMonitor>(TaskQueue.AzureMonitor, look, 'Read which alerts fired since');

/** Follows releases, held by no worker between two looks. The bound is two days: a deployment, a monitoring window of a day, and as much again for gates that wait. */
export function followReleases(input: Parameters<Runs['followReleases']>[0], what: string): ReturnType<Runs['followReleases']> {
  return on<Runs>(TaskQueue.Runs, polling(input.intervalMs, '48h', look), `Follow ${what}`).followReleases(input);
}
