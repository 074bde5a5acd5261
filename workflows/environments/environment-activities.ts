/** The activities that only an environment's update calls; the others are those of a release. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createAzureMonitorActivities } from '../../activities/azure-monitor/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type AzureMl = ReturnType<typeof createAzureMlActivities>;
type AzureMonitor = ReturnType<typeof createAzureMonitorActivities>;

const write = undoable();

export const { readEnvironmentChange } = on<ReturnType<typeof createAzureDevOpsActivities>>(TaskQueue.AzureDevOps, brief, 'Read the environment at the merged pull request');
export const { loadFleet } = on<ReturnType<typeof createEstateActivities>>(TaskQueue.Estate, brief, 'Load all circuits of the estate');
export const { registerEnvironment } = on<AzureMl>(TaskQueue.AzureMl, write, 'Register the environment version');
export const { deployTrial } = on<AzureMl>(TaskQueue.AzureMl, undoable({ ...brief, startToCloseTimeout: '1h' }), 'Deploy what production serves to the test workspace, in the new environment');
export const { checkTrial } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Check the log and the output of the test inference');
export const { checkNotebook } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Look into the notebook');
export const { readBatchSuccess } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Compare the success of batch jobs with the week before');
export const { keepReport } = on<AzureMl>(TaskQueue.AzureMl, brief, 'Keep the table of the integration test');

/** Compares the alert rates of all deployments with the week before, for the whole window; an hour more for redeploys. One look asks for each deployment. */
export function watchAlertRates(input: Parameters<AzureMonitor['watchAlertRates']>[0]): ReturnType<AzureMonitor['watchAlertRates']> {
  const look: ActivityOptions = { ...brief, startToCloseTimeout: '5m' };
  return on<AzureMonitor>(TaskQueue.AzureMonitor, polling(input.intervalMs, 1.5 * input.intervalMs * input.polls + 3_600_000, look), `Watch the alert rates of ${input.places.length} deployments`).watchAlertRates(input);
}
