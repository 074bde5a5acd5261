import { Client, Connection } from '@temporalio/client';
import { ensureSchedules } from '../../starters/schedules.ts';
import type { Settings } from './settings.ts';

/** Sees to the product's schedules on the demo's own Temporal, whatever the user's environment names. */
export async function scheduleRegularRuns({ temporal }: Settings): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    await ensureSchedules(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}
