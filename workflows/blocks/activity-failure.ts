/** What an activity failed by, as workflow code sees it: the adapter's failure stands within Temporal's. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../domain/failures.ts';

/** Whether an activity failed by this type of failure. */
export function activityFailedBy(error: unknown, type: FailureType): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === type;
}
