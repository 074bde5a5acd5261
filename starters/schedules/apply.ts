/** The one way to bring Temporal's schedules in line with the rows. */
import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import type { ScheduleRow } from './rows.ts';
import { differences, estatePauseNote, isOwn, ownMemo, scheduleOf } from './temporal-schedule.ts';

/** `not in this build`: its runbook is not part of this version, so it is left as it is. `not ours`: somebody else has made a schedule of this name, which is left as it is too. */
export type ScheduleChange = 'created' | 'brought up to date' | 'unchanged' | 'removed' | 'not in this build' | 'not ours';

export interface AppliedSchedule extends Pick<ScheduleRow, 'id' | 'description' | 'runbook' | 'when'> {
  state: ScheduleChange;
  /** What was brought up to date, in words. */
  differs: string[];
  paused: boolean;
  nextAt: string | null;
}

export interface ApplyOptions {
  /** Change nothing, and answer what would change. */
  dryRun?: boolean;
}

/**
 * Makes the schedules that are missing, brings the others in line with their rows, and removes those of Holdpoint's that no row is about any more. Safe to repeat: the same rows change
 * nothing, and no run is started by it. What a person has paused stays paused.
 */
export async function applySchedules(client: Client, rows: readonly ScheduleRow[], { dryRun = false }: ApplyOptions = {}): Promise<AppliedSchedule[]> {
  const applied: AppliedSchedule[] = [];
  for (const row of rows) applied.push(await apply(client, row, dryRun));
  return [...applied, ...(await removeOthers(client, rows, dryRun))];
}

async function apply(client: Client, row: ScheduleRow, dryRun: boolean): Promise<AppliedSchedule> {
  const { id, description, runbook, when } = row;
  const told = (state: ScheduleChange, found: ScheduleDescription | null, differs: string[] = []): AppliedSchedule => ({
    id, description, runbook, when, state, differs,
    paused: found?.state.paused ?? row.paused,
    nextAt: found === null || found.state.paused ? null : (found.info.nextActionTimes[0]?.toISOString() ?? null),
  });
  const found = await describe(client, id);
  if (!row.isInBuild) return told('not in this build', found);
  if (found === null) {
    if (dryRun) return told('created', null);
    await create(client, row);
    return told('created', await client.schedule.getHandle(id).describe());
  }
  // Of an earlier version, which left no memo: it starts the same.
  if (!isOwn(found.memo) && found.action.workflowType !== row.workflow) return told('not ours', found);

  const pause = pauseOf(found, row);
  const differs = [...differences(found, row), ...(pause === null ? [] : ['whether it is paused'])];
  if (differs.length === 0) return told('unchanged', found);
  if (dryRun) return told('brought up to date', found, differs);
  // Read again by the update itself: a pause that a person has made meanwhile stays.
  await client.schedule.getHandle(id).update((current) => ({ ...current, ...scheduleOf(row), state: { ...current.state, ...pauseOf(current, row) } }));
  return told('brought up to date', await client.schedule.getHandle(id).describe(), differs);
}

async function create(client: Client, row: ScheduleRow): Promise<void> {
  try {
    await client.schedule.create({ scheduleId: row.id, ...scheduleOf(row), memo: ownMemo, ...(row.paused && { state: { paused: true, note: estatePauseNote } }) });
  } catch (error) {
    // Made by another apply in the same moment; the next one compares it.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** What to set; null: nothing. What the estate wants paused is paused, and goes on when the estate wants it no more; a pause with another note is a person's. */
function pauseOf({ state }: Pick<ScheduleDescription, 'state'>, { paused }: ScheduleRow): { paused: boolean; note: string } | null {
  if (paused && !state.paused) return { paused: true, note: estatePauseNote };
  if (!paused && state.paused && state.note === estatePauseNote) return { paused: false, note: '' };
  return null;
}

async function removeOthers(client: Client, rows: readonly ScheduleRow[], dryRun: boolean): Promise<AppliedSchedule[]> {
  const removed: AppliedSchedule[] = [];
  for await (const { scheduleId: id, memo, action, state } of client.schedule.list()) {
    if (!isOwn(memo) || rows.some((row) => row.id === id)) continue;
    if (!dryRun && !(await remove(client, id))) continue;
    const workflow = action === undefined ? '' : String(action.workflowType);
    removed.push({ id, description: 'Declared no more', runbook: workflow, when: '', state: 'removed', differs: [], paused: state.paused, nextAt: null });
  }
  return removed;
}

/** The list lags behind: what was removed a moment ago is still in it. */
async function remove(client: Client, id: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(id).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** Null where there is none. */
export async function describe(client: Client, id: string): Promise<ScheduleDescription | null> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}
