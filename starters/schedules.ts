/** What runs by itself, at its times: one list, and the one way to bring Temporal's schedules in line with it. */
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import { TaskQueue } from '../workflows/domain/queues.ts';

export interface RegularRun {
  /** Of the schedule, and the beginning of its runs' ids. */
  id: string;
  /** The workflow type. */
  workflow: string;
  every: '10m' | '30m' | '1h' | '24h';
  description: string;
  input?: object;
  /** When one still runs as the next is due: `skip` it (the default), for the next one sees the same; or `wait`, and run it once after. */
  overlap?: 'skip' | 'wait';
  /** How late a run that a server which was away has missed is still made up for; by default as long as the interval, so that one is. */
  catchUp?: '10m' | '1h' | '24h';
}

export const regularRuns: readonly RegularRun[] = [
  { id: 'anchorRecord', workflow: 'anchorRecord', every: '24h', description: 'Keep the head of the record outside its store' },
  { id: 'unblockRelease', workflow: 'unblockRelease', every: '1h', description: 'Look after gates that have waited too long', input: {} },
  { id: 'sweepRuns', workflow: 'sweepRuns', every: '30m', description: 'Find runs that were terminated or reset from outside', input: {} },
  // One that waits for a source that is away is enough; after an outage of Temporal itself, which is what it is there for, the last one that was due is made up for.
  { id: 'reconcileAlerts', workflow: 'reconcileAlerts', every: '10m', overlap: 'skip', catchUp: '10m', description: 'Read the active alerts of every source, and take up what no webhook told', input: {} },
  // What releases and alerts have not told. A count is of the failures' own times, so that a look that was missed loses nothing.
  { id: 'findTrainingFailures', workflow: 'findTrainingFailures', every: '1h', description: 'Look for training jobs that failed, and have them counted', input: {} },
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

/** A schedule of the list as Temporal has it: `missing` until it is made. */
export interface SeenSchedule extends Pick<RegularRun, 'id' | 'every' | 'description'> {
  state: 'missing' | 'running' | 'paused';
  /** Who paused it and why, as they said. */
  note: string;
  nextAt: string | null;
  /** Id of the run that it started last. */
  last: string | null;
}

export async function listSchedules(client: Client, list: readonly RegularRun[] = regularRuns): Promise<SeenSchedule[]> {
  return await Promise.all(list.map(async ({ id, every, description }) => {
    try {
      const { state, info } = await client.schedule.getHandle(id).describe();
      return { id, every, description, state: state.paused ? 'paused' : 'running', note: state.note ?? '', nextAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null), last: info.recentActions.at(-1)?.action.workflow.workflowId ?? null };
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      return { id, every, description, state: 'missing', note: '', nextAt: null, last: null };
    }
  }));
}

/** Pauses a schedule, lets it go on, or has it start a run now, as if it were due: one that overlaps is treated by its policy. Safe to repeat. Throws ScheduleNotFoundError. */
export async function tendSchedule(client: Client, id: string, action: 'pause' | 'resume' | 'trigger', note: string): Promise<void> {
  const handle = client.schedule.getHandle(id);
  if (action === 'pause') await handle.pause(note);
  else if (action === 'resume') await handle.unpause(note);
  else await handle.trigger();
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

function scheduleOf({ id, workflow, every, description, input, overlap = 'skip', catchUp }: RegularRun) {
  return {
    spec: { intervals: [{ every }] },
    action: { type: 'startWorkflow', workflowType: workflow, workflowId: id, taskQueue: TaskQueue.Runbooks, args: input === undefined ? [] : [input], staticSummary: description },
    // One at a time; what a server that was away has missed is made up for once, not for each time: the others overlap and are skipped.
    policies: { overlap: overlap === 'skip' ? ScheduleOverlapPolicy.SKIP : ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: catchUp ?? every, pauseOnFailure: false },
  } satisfies Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>;
}
