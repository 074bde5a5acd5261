import { ScheduleNotFoundError } from '@temporalio/client';
import { within } from '../../temporal-connection.ts';
import { holdpoint } from '../../command-line.ts';
import { ensureSchedules, listSchedules, regularRuns, tendSchedule } from '../../schedules.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { instant, print, printJson, table } from '../output.ts';
import type { JsonOption } from '../program.ts';
import { callMs, withTemporal } from '../session.ts';

export interface TendScheduleOptions extends JsonOption {
  reason?: string;
}

/** Brings Temporal's schedules in line with the product's list, and shows them. */
export async function schedules({ json }: JsonOption): Promise<void> {
  await withTemporal(async ({ client }) => {
    const states = await within(client, callMs, () => ensureSchedules(client));
    if (json) return printJson(states);
    print(table(['schedule', 'every', 'what it does', 'next', 'state'], states.map(({ id, every, description, nextAt, state, paused }) => [id, every, description, nextAt === null ? '' : instant(nextAt), paused ? 'paused' : state])));
  });
}

/** Shows them as they are, and changes nothing. */
export async function showSchedules({ json }: JsonOption): Promise<void> {
  await withTemporal(async ({ client }) => {
    const seen = await within(client, callMs, () => listSchedules(client));
    if (json) return printJson(seen);
    print(table(['schedule', 'every', 'what it does', 'next', 'state', 'last run'], seen.map(({ id, every, description, nextAt, state, note, last }) => [id, every, description, nextAt === null ? '' : instant(nextAt), note === '' ? state : `${state}: ${note}`, last ?? ''])));
  });
}

/** Pauses one, lets it go on, or has it start a run now. */
export async function tendOne(id: string, action: 'pause' | 'resume' | 'trigger', { reason = '', json }: TendScheduleOptions): Promise<void> {
  if (!regularRuns.some((regular) => regular.id === id)) throw new CommandError(ExitCode.NotFound, `There is no schedule ${id}`, `Known are ${regularRuns.map((regular) => regular.id).join(', ')}.`);
  await withTemporal(async ({ client }) => {
    try {
      await within(client, callMs, () => tendSchedule(client, id, action, reason));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw new CommandError(ExitCode.NotFound, `The schedule ${id} has not been made yet`, `Make it with \`${holdpoint} schedules apply\`.`);
      throw error;
    }
    // Not read back: Temporal takes it at once, and shows it a moment later.
    if (json) return printJson({ id, action, reason });
    print(`${id}: ${{ pause: 'paused', resume: 'goes on', trigger: 'a run was asked for' }[action]}`);
  });
}
