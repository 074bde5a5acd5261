/** The activities of incidents that releases do not have, with their budgets. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createIncidentPolicyActivities } from '../../activities/estate/incident-policy.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Estate = ReturnType<typeof createIncidentPolicyActivities> & ReturnType<typeof createEstateActivities>;
type AzureMl = ReturnType<typeof createAzureMlActivities>;
type Runs = ReturnType<typeof createRunsActivities>;

/** An incident does not wait for the estate: after a minute, in which a worker may restart, it goes on by the documents' values. */
const soon: ActivityOptions = { ...brief, startToCloseTimeout: '15s', scheduleToCloseTimeout: '1m' };

/** Temporal answers within milliseconds. What a cancelled incident has under way has ended before its undo. */
const call = undoable({ ...brief, startToCloseTimeout: '30s' });

export const { loadIncidentPolicy } = on<Estate>(TaskQueue.Estate, soon, 'Load the terms of incidents');
export const { namedCircuits } = on<Estate>(TaskQueue.Estate, soon, 'Look for the circuits behind the name');
export const { loadPolicy: loadTargetPolicySoon } = on<Estate>(TaskQueue.Estate, soon, 'Load the policy of the target');
export const { findLastChanges } = on<AzureMl>(TaskQueue.AzureMl, { ...brief, scheduleToCloseTimeout: '1h' }, 'Look for the newest change');
export const { findIncident } = on<Runs>(TaskQueue.Runs, soon, 'Look for an incident of the target that is under way');
export const { holdReleases } = on<Runs>(TaskQueue.Runs, { ...call, scheduleToCloseTimeout: '10m' }, 'Pause the releases of the target');
export const { liftHold } = on<Runs>(TaskQueue.Runs, call, 'Let the releases of the target go on');
export const { readStops } = on<Runs>(TaskQueue.Runs, call, 'Look for an emergency stop');

/** Waits until no emergency stop holds the target's releases back, however long that is; held by no worker in between. */
export const { awaitNoStop } = on<Runs>(TaskQueue.Runs, polling(15_000, '365d', call), 'Wait until the emergency stop is lifted');
