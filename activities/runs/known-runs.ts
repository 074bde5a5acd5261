/** What Temporal knows of runs by their ids, and for how long it will. */
import { ScheduleNotFoundError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import type { KnownRun, RunMemory } from '../../workflows/domain/hook-reconciliation.ts';
import { recordProgress } from '../heartbeat.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute } from './visibility.ts';

const concurrency = 8;

/**
 * The newest run of each id, in the order of the ids. Asked of the runs themselves: the list lags behind.
 *
 * Safe to retry because it only reads.
 */
export async function readKnownRuns(client: Client, { workflowIds }: { workflowIds: string[] }): Promise<{ runs: KnownRun[] }> {
  let done = 0;
  const runs = await pMap(workflowIds, async (workflowId): Promise<KnownRun> => {
    const known = await describe(client, workflowId);
    recordProgress({ done: (done += 1), of: workflowIds.length });
    return known;
  }, { concurrency });
  return { runs };
}

async function describe(client: Client, workflowId: string): Promise<KnownRun> {
  try {
    const described = await client.workflow.getHandle(workflowId).describe();
    const { status, startTime, closeTime } = described;
    return { workflowId, state: closeTime === undefined ? 'running' : 'ended', status: status.name, phase: attribute(described, 'Phase'), startedAt: startTime.toISOString() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { workflowId, state: 'none', status: '', phase: null, startedAt: null };
    throw classifyTemporal(error, workflowId);
  }
}

/**
 * For how long closed runs are kept, and since when a schedule exists.
 *
 * Safe to retry because it only reads.
 */
export async function readRunMemory(client: Client, { schedule }: { schedule: string | null }): Promise<RunMemory> {
  try {
    const { config } = await client.workflowService.describeNamespace({ namespace: client.options.namespace });
    const retentionMs = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1000;
    return { retentionMs, scheduledSince: schedule === null ? null : await madeAt(client, schedule) };
  } catch (error) {
    throw classifyTemporal(error, 'the namespace');
  }
}

/** Null for a schedule that was deleted meanwhile. */
async function madeAt(client: Client, schedule: string): Promise<string | null> {
  try {
    return (await client.schedule.getHandle(schedule).describe()).info.createdAt.toISOString();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}
