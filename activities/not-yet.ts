import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { FailureType } from '../workflows/domain/failures.ts';

/**
 * What a look throws that has found nothing to tell yet: waiting by failing costs neither history nor a worker's slot, and is no error in logs and metrics.
 *
 * @param intervalMs milliseconds until the next look; left out, the activity's retry policy says when
 */
export function notYet(type: Extract<FailureType, 'StillRunning' | 'StillWatching'>, message: string, intervalMs?: number): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nextRetryDelay: intervalMs, category: ApplicationFailureCategory.BENIGN });
}
