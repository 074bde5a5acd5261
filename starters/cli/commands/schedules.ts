import { within } from '../../temporal-connection.ts';
import { ensureSchedules } from '../../schedules.ts';
import { instant, print, printJson, table } from '../output.ts';
import type { JsonOption } from '../program.ts';
import { callMs, withTemporal } from '../session.ts';

/** Brings Temporal's schedules in line with the product's list, and shows them. */
export async function schedules({ json }: JsonOption): Promise<void> {
  await withTemporal(async ({ client }) => {
    const states = await within(client, callMs, () => ensureSchedules(client));
    if (json) return printJson(states);
    print(table(['schedule', 'every', 'what it does', 'next', 'state'], states.map(({ id, every, description, nextAt, state, paused }) => [id, every, description, nextAt === null ? '' : instant(nextAt), paused ? 'paused' : state])));
  });
}
