/** How runs reach the locks, and how a lock looks at runs: with their time budgets. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import { brief, on, polling } from '../blocks/activity-budgets.ts';
import { TaskQueue } from '../domain/queues.ts';

type Runs = ReturnType<typeof createRunsActivities>;

/** Temporal answers within milliseconds. A claim that gets no answer is repeated for as long as the run may wait. */
const call: ActivityOptions = { ...brief, startToCloseTimeout: '15s' };

/** A rollback waits for no lock: what cannot be taken within a minute, in which a worker may restart, is left, and the run says so. */
const urgent: ActivityOptions = { ...brief, startToCloseTimeout: '5s', scheduleToCloseTimeout: '1m' };

/** The next lease looks again. */
const look: ActivityOptions = { ...brief, startToCloseTimeout: '15s', scheduleToCloseTimeout: '1m' };

export const { claimLock: queueForLock } = on<Runs>(TaskQueue.Runs, call, 'Queue for the lock of the target');
export const { claimLock: preemptLock } = on<Runs>(TaskQueue.Runs, urgent, 'Take the lock of the target at once');

/** The locks of a wave in one step: two hundred steps would be a history of their own. */
export const { claimLocks: queueForLocks } = on<Runs>(TaskQueue.Runs, { ...brief, startToCloseTimeout: '1m' }, 'Queue for the locks of the wave');
export const { claimLocks: queueForLocksSoon } = on<Runs>(TaskQueue.Runs, { ...urgent, startToCloseTimeout: '20s' }, 'Queue for the locks of the wave');
export const { releaseLocks } = on<Runs>(TaskQueue.Runs, { ...brief, startToCloseTimeout: '1m' }, 'Give the locks of the wave back');

export const { findClosedRuns } = on<Runs>(TaskQueue.Runs, look, 'Look whether those who hold or want the lock still run');
export const { freeLock } = on<Runs>(TaskQueue.Runs, look, 'Free the lock of a run that was ended from outside');

/** Follows a pre-empted run to its end. It stops within the heartbeat of its write; after ten minutes production is read again all the same. */
export const { awaitRunClosed } = on<Runs>(TaskQueue.Runs, polling(1_000, '10m', look), 'Wait until the pre-empted run has closed');
