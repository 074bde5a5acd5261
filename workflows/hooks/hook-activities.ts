/** The activities that the reconciliation of missed hooks needs, each with its time budget and the line that Temporal Web UI shows beside it. */
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createHookRuleActivities } from '../../activities/estate/hook-rules.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { looking, many, on } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

export const { loadHookRules } = on<ReturnType<typeof createHookRuleActivities>>(TaskQueue.Estate, looking, 'Load which repositories and builds are followed');
export const { findCompletedChanges } = on<AzureDevOps>(TaskQueue.AzureDevOps, many, 'Find pull requests that were completed');
export const { findEndedBuilds } = on<AzureDevOps>(TaskQueue.AzureDevOps, many, 'Find builds that have ended');
export const { findMissedApprovals } = on<AzureDevOps>(TaskQueue.AzureDevOps, many, 'Find approvals in Azure DevOps');
export const { findWaitingGates } = on<Runs>(TaskQueue.Runs, many, 'Find releases that wait for an approval');
export const { showApprovals } = on<Runs>(TaskQueue.Runs, many, 'Show the approvals at their gates');
export const { readRunMemory } = on<Runs>(TaskQueue.Runs, looking, 'Find out for how long Temporal keeps runs');
export const { readKnownRuns } = on<Runs>(TaskQueue.Runs, many, 'Look which of them have a run');
