import { ScheduleNotFoundError } from '@temporalio/client';
import { readEstate } from '../../../activities/estate/estate-file.ts';
import { readEstateFile } from '../../../workers/configuration.ts';
import { holdpoint } from '../../command-line.ts';
import { applySchedules, type AppliedSchedule, type ScheduleChange } from '../../schedules/apply.ts';
import { listSchedules, tendSchedule } from '../../schedules/list.ts';
import { scheduleRows, type ScheduleRow } from '../../schedules/rows.ts';
import { within } from '../../temporal-connection.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { instant, note, print, printJson, table } from '../output.ts';
import { readingEstate } from '../estate-reading.ts';
import type { JsonOption } from '../command-options.ts';
import { callMs, withTemporal } from '../session.ts';

export interface ApplySchedulesOptions extends JsonOption {
  dryRun?: true;
}

export interface TendScheduleOptions extends JsonOption {
  reason?: string;
}

/** Milliseconds for all schedules together. */
const allMs = 60_000;

const wouldBe: Partial<Record<ScheduleChange, string>> = { created: 'would be created', 'brought up to date': 'would be brought up to date', removed: 'would be removed' };

/** Brings Temporal's schedules in line with the estate, and tells what that changed. A name that somebody else's schedule has is exit code 1. */
export async function schedules({ dryRun: isDry, json }: ApplySchedulesOptions, unknown?: string): Promise<void> {
  // It is also what is done where no command is named: one that is misspelt must not be taken for it.
  if (unknown !== undefined) throw new CommandError(ExitCode.Usage, `There is no ${holdpoint} schedules ${unknown}`, 'There are apply, list, pause <id>, resume <id> and trigger <id>; apply takes no schedule: it is always all of them.');
  const dryRun = isDry === true;
  const rows = await declaredRows();
  if (rows === null) throw new CommandError(ExitCode.Usage, 'HOLDPOINT_ESTATE is not set', 'Schedules are declared in the estate file; without it, those that it declares would be removed. Give its path.');
  const applied = await withTemporal(({ client }) => within(client, allMs, () => applySchedules(client, rows, { dryRun })));
  if (applied.some(({ state }) => state === 'not ours')) process.exitCode = ExitCode.Refused;
  if (json) return printJson(applied);
  print(table(['schedule', 'when', 'what it does', 'next', 'state'], applied.map((each) => [each.id, each.when, each.description, each.paused ? 'paused' : each.nextAt === null ? '' : instant(each.nextAt), changeText(each, dryRun)])));
  const changed = applied.filter(({ state }) => wouldBe[state] !== undefined).length;
  if (changed === 0) note('Nothing had to be changed.');
}

function changeText({ state, differs, runbook }: AppliedSchedule, dryRun: boolean): string {
  if (state === 'not in this build') return `left as it is: this build has no ${runbook}`;
  if (state === 'not ours') return 'left as it is: Holdpoint did not make it; choose another name';
  const said = dryRun ? (wouldBe[state] ?? state) : state;
  return differs.length === 0 ? said : `${said}: ${differs.join(', ')}`;
}

/** Shows them as they are, and changes nothing. */
export async function showSchedules({ json }: JsonOption): Promise<void> {
  const rows = await declaredRows();
  const seen = await withTemporal(({ client }) => within(client, allMs, () => listSchedules(client, rows)));
  if (json) return printJson(seen);
  const stateOf = ({ state, note: said, differs, runbook }: (typeof seen)[number]): string => [
    state === 'not in this build' ? `not in this build: it has no ${runbook}` : state,
    ...(said === '' ? [] : [said]),
    ...(differs.length === 0 ? [] : [`not as declared: ${differs.join(', ')}`]),
  ].join(': ');
  print(table(['schedule', 'when', 'what it does', 'next', 'state', 'last run'], seen.map((each) => [each.id, each.when, each.description, each.nextAt === null ? '' : instant(each.nextAt), stateOf(each), each.last ?? ''])));
  if (rows === null) note('HOLDPOINT_ESTATE is not set: what Holdpoint has made is shown, not what is declared.');
}

/** Pauses one, lets it go on, or has it start a run now. */
export async function tendOne(id: string, action: 'pause' | 'resume' | 'trigger', { reason = '', json }: TendScheduleOptions): Promise<void> {
  const rows = action === 'pause' ? await rowsOrNote() : await declaredRows();
  const row = rows?.find((each) => each.id === id);
  if (rows !== null && row === undefined) throw new CommandError(ExitCode.NotFound, `There is no schedule ${id}`, `Known are ${rows.map((each) => each.id).join(', ')}.`);
  if (row?.isInBuild === false) throw new CommandError(ExitCode.NotFound, `The schedule ${id} has no runbook: this build has no ${row.runbook}`);
  await withTemporal(async ({ client }) => {
    try {
      await within(client, callMs, () => tendSchedule(client, id, action, reason));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw row === undefined ? new CommandError(ExitCode.NotFound, `There is no schedule ${id}`) : new CommandError(ExitCode.NotFound, `The schedule ${id} has not been made yet`, `Make it with \`${holdpoint} schedules apply\`.`);
      throw error;
    }
    // Not read back: Temporal takes it at once, and shows it a moment later.
    if (json) return printJson({ id, action, reason });
    print(`${id}: ${{ pause: 'paused', resume: 'goes on', trigger: 'a run was asked for' }[action]}`);
    if (action === 'resume' && row?.paused) note('The estate has it paused: the next apply pauses it again.');
  });
}

/** To stop something must be possible also while the estate is wrong. */
async function rowsOrNote(): Promise<ScheduleRow[] | null> {
  try {
    return await declaredRows();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    note(`The estate cannot be read, so it is not known what it declares: ${error.message}`);
    return null;
  }
}

/** Null where no estate is named. */
async function declaredRows(): Promise<ScheduleRow[] | null> {
  const file = configured(() => readEstateFile());
  return file === null ? null : await readingEstate(async () => scheduleRows(await readEstate(file), file));
}
