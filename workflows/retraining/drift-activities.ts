/** The activities of a retraining after drift, each on its platform's queue, with its time budget and the line that Temporal Web UI shows beside it. */
import type { createDriftRuleActivities } from '../../activities/estate/drift-rules.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import type { createStatisticsActivities } from '../../activities/statistics/index.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Statistics = ReturnType<typeof createStatisticsActivities>;
type DriftRules = ReturnType<typeof createDriftRuleActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

export const { loadDriftRules } = on<DriftRules>(TaskQueue.Estate, brief, 'Load what the estate says about drift');
export const { readPlatformDriftReport } = on<Statistics>(TaskQueue.AzureMl, brief, 'Read the platform\'s drift report');
export const { readDriftBaseline } = on<Statistics>(TaskQueue.AzureMl, brief, 'Read what drift is held against');
export const { analyseDrift } = on<Statistics>(TaskQueue.AzureMl, brief, 'Compare each feature with the baseline and the season');
export const { writeDriftReport } = on<Statistics>(TaskQueue.AzureMl, { ...brief, scheduleToCloseTimeout: '1h' }, 'Write the report with its picture');
// A cancelled run waits until it knows whether the baseline has moved.
export const { moveDriftBaseline } = on<Statistics>(TaskQueue.AzureMl, undoable(), 'Move the drift baseline, and read it back');

/** Follows a merged change until its circuit is released or will not be, for so many milliseconds at most. */
export function awaitRelease(input: Parameters<Runs['awaitRelease']>[0], boundMs: number): ReturnType<Runs['awaitRelease']> {
  return on<Runs>(TaskQueue.Runs, polling(input.intervalMs, boundMs), `Follow the release of ${input.change}`).awaitRelease(input);
}
