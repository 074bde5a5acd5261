import { CancellationScope, isCancellation } from '@temporalio/workflow';

/** Whether a failure is due to the cancellation of the run: also the last failure of a step that the cancellation kept from being repeated. */
export function isCancelled(error: unknown): boolean {
  return isCancellation(error) || CancellationScope.current().consideredCancelled;
}
