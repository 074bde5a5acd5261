/** The activities that alerts need, each with its time budget and the line that Temporal Web UI shows beside it. */
import type { createAlertSourceActivities } from '../../activities/alert-sources/index.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createAzureAlertActivities } from '../../activities/azure-monitor/index.ts';
import type { createAlertRouteActivities } from '../../activities/estate/alert-routes.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, looking, many, on, polling } from '../blocks/activity-budgets.ts';
import type { ActiveAlerts, AlertSource } from '../domain/alert.ts';
import { TaskQueue } from '../domain/queues.ts';

type AlertRoutes = ReturnType<typeof createAlertRouteActivities>;
type AzureMl = ReturnType<typeof createAzureMlActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

export const { routeAlert } = on<AlertRoutes>(TaskQueue.Estate, brief, 'Find the runbook and the target of the alert');
export const { loadAlertSources } = on<AlertRoutes>(TaskQueue.Estate, looking, 'Find the sources of alerts');
export const { findAlertRun } = on<Runs>(TaskQueue.Runs, brief, 'Look for a run that the alert concerns');
export const { findIncident } = on<Runs>(TaskQueue.Runs, brief, 'Look for an incident of the target that is under way');
export const { cancelUnneededRun } = on<Runs>(TaskQueue.Runs, brief, 'Cancel what the alert had started');
export const { takeUpAlerts } = on<Runs>(TaskQueue.Runs, many, 'Take up and close alerts that were missed');

/** Looks every quarter of a minute, for five at most: an alert may be told before the platform lists the job as failed. */
export const { findFailedJob } = on<AzureMl>(TaskQueue.AzureMl, polling(15_000, '5m', looking), 'Look for the failed job that the alert is about');

/** The alerts of a source that fire now, each source with the credentials of its own worker. */
export async function readActiveAlerts(source: AlertSource, subscriptionId: string): Promise<ActiveAlerts> {
  const summary = `Read the active alerts of ${source}`;
  if (source === 'azureMonitor') return await on<ReturnType<typeof createAzureAlertActivities>>(TaskQueue.AzureMonitor, looking, summary).readFiredAlerts({ subscriptionId });
  return await on<ReturnType<typeof createAlertSourceActivities>>(TaskQueue.AlertSources, looking, summary).readActiveAlerts({ source });
}
