/** The schedules as they are. */
import type { Client } from '@temporalio/client';
import { describe } from './apply.ts';
import type { ScheduleRow } from './rows.ts';
import { differences, isOwn } from './temporal-schedule.ts';

/** `missing` until it is made; `not in this build`: its runbook is not part of this version; `declared no more`: the next apply removes it. */
export type SeenState = 'missing' | 'running' | 'paused' | 'not in this build' | 'declared no more';

export interface SeenSchedule extends Pick<ScheduleRow, 'id' | 'description' | 'runbook' | 'when'> {
  state: SeenState;
  /** Who paused it and why, as they said. */
  note: string;
  /** What the next apply would bring up to date, in words. */
  differs: string[];
  nextAt: string | null;
  /** Id of the run that it started last. */
  last: string | null;
}

/** @param rows null where the estate is not at hand: then those are told that Holdpoint has made, whatever is declared */
export async function listSchedules(client: Client, rows: readonly ScheduleRow[] | null): Promise<SeenSchedule[]> {
  const declared = await Promise.all((rows ?? []).map((row) => seen(client, row)));
  const others: SeenSchedule[] = [];
  for await (const { scheduleId: id, memo, action, state, info } of client.schedule.list()) {
    if (!isOwn(memo) || rows?.some((row) => row.id === id)) continue;
    const paused = state.paused ? 'paused' : 'running';
    others.push({
      id, description: '', runbook: action === undefined ? '' : String(action.workflowType), when: '', state: rows === null ? paused : 'declared no more', note: state.note ?? '', differs: [],
      nextAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null), last: info.recentActions.at(-1)?.action.workflow.workflowId ?? null,
    });
  }
  return [...declared, ...others];
}

async function seen(client: Client, row: ScheduleRow): Promise<SeenSchedule> {
  const { id, description, runbook, when, isInBuild } = row;
  const found = await describe(client, id);
  if (found === null) return { id, description, runbook, when, state: isInBuild ? 'missing' : 'not in this build', note: '', differs: [], nextAt: null, last: null };
  const { state: { paused, note = '' }, info } = found;
  return {
    id, description, runbook, when, note,
    state: !isInBuild ? 'not in this build' : paused ? 'paused' : 'running',
    differs: isInBuild ? differences(found, row) : [],
    nextAt: paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
    last: info.recentActions.at(-1)?.action.workflow.workflowId ?? null,
  };
}

/** Pauses a schedule, lets it go on, or has it start a run now, as if it were due: one that overlaps is treated by its policy. Safe to repeat. Throws ScheduleNotFoundError. */
export async function tendSchedule(client: Client, id: string, action: 'pause' | 'resume' | 'trigger', note: string): Promise<void> {
  const handle = client.schedule.getHandle(id);
  if (action === 'pause') await handle.pause(note);
  else if (action === 'resume') await handle.unpause(note === '' ? 'resumed' : note); // without a note Temporal takes it for no request at all
  else await handle.trigger();
}
