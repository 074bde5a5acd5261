import type { ActivityOptions } from '@temporalio/workflow';
import type { createRecordActivities } from '../../activities/record/index.ts';
import { brief, on } from '../blocks/activity-budgets.ts';
import { now } from '../blocks/workflow-clock.ts';
import { TaskQueue } from '../domain/queues.ts';

/** A record of years is read once by a worker that has just started. The bound, half a day, is before the next day's. */
const reading: ActivityOptions = { ...brief, startToCloseTimeout: '10m' };

const { anchorRecord: anchorHead } = on<ReturnType<typeof createRecordActivities>>(TaskQueue.Record, reading, 'Keep the head of the record elsewhere');

/**
 * Keeps the head of the record outside the record's store, once a day by a schedule. It fails where the record is no longer as it was anchored before: a failed run of this workflow is
 * an alarm. It records nothing itself, for each anchor would then make the next one necessary.
 */
export async function anchorRecord(): Promise<{ block: number; digest: string; at: string } | null> {
  return await anchorHead({ at: now().toISOString() });
}
