/** What runs by itself, at its times: one list, and the one way to bring Temporal's schedules in line with it. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import { TaskQueue } from '../workflows/domain/queues.ts';

export interface RegularRun {
  /** Of the schedule, and the beginning of its runs' ids. */
  id: string;
  /** The workflow type. */
  workflow: string;
  every: '30m' | '1h' | '24h';
  description: string;
  input?: object;
}

export const regularRuns: readonly RegularRun[] = [
  { id: 'anchorRecord', workflow: 'anchorRecord', every: '24h', description: 'Keep the head of the record outside its store' },
  { id: 'unblockRelease', workflow: 'unblockRelease', every: '1h', description: 'Look after gates that have waited too long', input: {} },
  { id: 'sweepRuns', workflow: 'sweepRuns', every: '30m', description: 'Find runs that were terminated or reset from outside', input: {} },
];

/** What became of a schedule. A paused one stays paused. */
export interface ScheduleState extends RegularRun {
  state: 'created' | 'brought up to date';
  paused: boolean;
  nextAt: string | null;
}

/** Makes the schedules that are missing and brings the others in line with the list. Safe to repeat: the same list changes nothing, and no run is started by it. */
export async function ensureSchedules(client: Client, list: readonly RegularRun[] = regularRuns): Promise<ScheduleState[]> {
  const states: ScheduleState[] = [];
  for (const regular of list) {
    const isNew = await ensure(client, regular);
    const { state, info } = await client.schedule.getHandle(regular.id).describe();
    states.push({ ...regular, state: isNew ? 'created' : 'brought up to date', paused: state.paused, nextAt: info.nextActionTimes[0]?.toISOString() ?? null });
  }
  return states;
}

async function ensure(client: Client, regular: RegularRun): Promise<boolean> {
  const { spec, action, policies } = scheduleOf(regular);
  try {
    await client.schedule.create({ scheduleId: regular.id, spec, action, policies });
    return true;
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(regular.id).update((found) => ({ ...found, spec, action: { ...action, workflowId: regular.id }, policies }));
    return false;
  }
}

function scheduleOf({ id, workflow, every, description, input }: RegularRun) {
  return {
    spec: { intervals: [{ every }] },
    action: { type: 'startWorkflow', workflowType: workflow, workflowId: id, taskQueue: TaskQueue.Runbooks, args: input === undefined ? [] : [input], staticSummary: description },
    // One at a time; what a server that was away has missed is made up for once, not for each time.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: every, pauseOnFailure: false },
  } satisfies Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>;
}
