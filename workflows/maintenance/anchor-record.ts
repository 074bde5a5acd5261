import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { createRecordActivities } from '../../activities/record/index.ts';
import { now } from '../blocks/workflow-clock.ts';
import { TaskQueue } from '../domain/queues.ts';

const { anchorRecord: anchorHead } = proxyActivities<ReturnType<typeof createRecordActivities>>({
  taskQueue: TaskQueue.Record,
  summary: 'Keep the head of the record elsewhere',
  startToCloseTimeout: '10m', // a record of years is read once by a worker that has just started
  scheduleToCloseTimeout: '12h', // before the next day's
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/**
 * Keeps the head of the record outside the record's store, once a day by a schedule. It fails where the record is no longer as it was anchored before: a failed run of this workflow is
 * an alarm. It records nothing itself, for each anchor would then make the next one necessary.
 */
export async function anchorRecord(): Promise<{ block: number; digest: string; at: string } | null> {
  return await anchorHead({ at: now().toISOString() });
}
