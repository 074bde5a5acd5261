/** The activities of the runbooks that look after models in production, each with its time budget and the line that Temporal Web UI shows beside it. */
import type { createStatisticsActivities } from '../../activities/statistics/index.ts';
import { brief, on } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Statistics = ReturnType<typeof createStatisticsActivities>;

// With the budget of a look: a month's figures are not urgent, so a storage that is away for half a day is waited for. On Azure ML's queue, whose worker may read the workspaces' storage.
export const { findPredictions } = on<Statistics>(TaskQueue.AzureMl, brief, 'Find what the deployment has predicted');
export const { measurePredictionErrors } = on<Statistics>(TaskQueue.AzureMl, brief, 'Compare predictions with what was measured');
export const { checkCircuitData } = on<Statistics>(TaskQueue.AzureMl, brief, 'Check the circuit\'s readings');
export const { measureCircuitDrift } = on<Statistics>(TaskQueue.AzureMl, brief, 'Compare the features with the year before');
export const { writeDegradationReport } = on<Statistics>(TaskQueue.AzureMl, { ...brief, scheduleToCloseTimeout: '1h' }, 'Write the report with its plot');
