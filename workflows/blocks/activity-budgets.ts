/**
 * Time budgets that the families of runbooks share, and the way an activity is called on its platform's queue.
 *
 * Budgets bound the whole step by scheduleToClose, never by attempts: each redeploy of a worker costs an attempt. Heartbeats of 5 s let a killed worker's step go on elsewhere.
 */
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { TaskQueue } from '../domain/queues.ts';

/** A look or a small write: seconds when the platform answers; a platform that is away for half a day is waited for. */
export const brief: ActivityOptions = {
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '12h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** A look that somebody waits for, and that is made again later: after ten minutes it is said that nothing could be seen. */
export const looking: ActivityOptions = { ...brief, startToCloseTimeout: '1m', scheduleToCloseTimeout: '10m' };

/** Many runs in one call, each perhaps with a history to replay; a heartbeat for each lets a killed worker's batch go on elsewhere. */
export const many: ActivityOptions = { ...brief, startToCloseTimeout: '10m', scheduleToCloseTimeout: '1h', heartbeatTimeout: '30s' };

/** A write that the run may have to undo, or whose outcome it must know: a cancelled run waits until the activity has really stopped, so that the undo comes after it. */
export function undoable(base: ActivityOptions = brief): ActivityOptions {
  return { ...base, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };
}

/** Waiting by failing: a look every so often, no worker held in between, and a bound that is the whole waiting time. `base` has the budget of one look. */
export function polling(intervalMs: number, bound: ActivityOptions['scheduleToCloseTimeout'], base: ActivityOptions = brief): ActivityOptions {
  return { ...base, scheduleToCloseTimeout: bound, retry: { initialInterval: intervalMs, backoffCoefficient: 1, maximumInterval: intervalMs } };
}

/** The activities of a queue, with their budget and the line that Temporal Web UI shows beside them. */
export function on<A extends object>(taskQueue: TaskQueue, options: ActivityOptions, summary: string) {
  return proxyActivities<A>({ ...options, taskQueue, summary });
}
