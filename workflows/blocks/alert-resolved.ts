/** The signal that an alert has ended: sent by the receiver to the run that follows the alert, and by that one to the runbook it started. A runbook that does not listen is not disturbed by it. */
import { defineSignal } from '@temporalio/workflow';

export const alertResolvedSignal = defineSignal<[unknown?]>('alertResolved');
