import { Client, Connection } from '@temporalio/client';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { applySchedules } from '../../starters/schedules/apply.ts';
import { scheduleRows } from '../../starters/schedules/rows.ts';
import { readReceiverConfiguration } from '../../workers/configuration.ts';
import type { Settings } from './settings.ts';

/** Sees to the schedules of the demo's estate on the demo's own Temporal, whatever the user's environment names. */
export async function scheduleRegularRuns({ temporal, environment }: Settings): Promise<void> {
  const { estateFile } = readReceiverConfiguration(environment);
  const rows = await scheduleRows(await readEstate(estateFile), estateFile);
  const connection = await Connection.connect({ address: temporal.address });
  try {
    await applySchedules(new Client({ connection, namespace: temporal.namespace }), rows);
  } finally {
    await connection.close();
  }
}
