import { activityInfo } from '@temporalio/activity';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { JobEnd } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { ArmClient } from '../azure-resource-manager/arm-client.ts';
import { isFailure } from '../http/classify.ts';
import { settle } from '../settle.ts';
import { runDetails, runDurationMs, runError } from './run-history.ts';
import { notYet } from '../not-yet.ts';

export interface JobRef {
  workspace: WorkspaceRef;
  jobName: string;
}

export interface AwaitJobInput extends JobRef {
  /** Milliseconds between two looks. */
  intervalMs: number;
  /** How long such a job takes, in milliseconds, where that is known: around that time it is looked at more often. */
  expectedMs?: number;
}

export interface CancelJobInput extends JobRef {
  /** How long a job that is not there is still looked for, in milliseconds; 0, the default, for one that is known to exist. */
  settleMs?: number;
}

/** Least milliseconds between two looks around the expected end. */
const soonestMs = 25;
/** Milliseconds between two looks for a job that is not there. */
const lookMs = 1_000;
export const endedJobStatuses: readonly string[] = ['Completed', 'Failed', 'Canceled', 'NotResponding'] satisfies JobEnd['status'][];

/**
 * Looks at a job once; while it runs the attempt fails benignly and the next one comes after the interval, so that waiting for hours costs neither history nor a worker slot.
 *
 * Safe to retry because it only reads. A job that failed is an answer, not an error.
 *
 * @throws StillRunning
 */
export async function awaitJob({ arm }: { arm: ArmClient }, { workspace, jobName, intervalMs, expectedMs }: AwaitJobInput): Promise<JobEnd> {
  const status = await jobStatus(arm, { workspace, jobName });
  if (!endedJobStatuses.includes(status)) {
    throw notYet(FailureType.StillRunning, `job ${jobName}: ${status}`, nextLookMs(Date.now() - activityInfo().scheduledTimestampMs, intervalMs, expectedMs));
  }
  return await jobEndOf(arm, { workspace, jobName }, status);
}

/**
 * When to look at a job again, which has been waited for so long. Where it is known how long such a job takes, the next look is a little before that, and the end is then seen within a
 * fortieth of it; one that is overdue is looked at ever less often, by a quarter of the time that it is. Never later than by the interval.
 */
export function nextLookMs(elapsedMs: number, intervalMs: number, expectedMs?: number): number {
  if (expectedMs === undefined) return intervalMs;
  const leftMs = 0.9 * expectedMs - elapsedMs;
  return Math.round(Math.min(intervalMs, Math.max(leftMs, -leftMs / 4, expectedMs / 40, soonestMs)));
}

/** How a job that has ended with this status did. */
export async function jobEndOf(arm: ArmClient, { workspace, jobName }: JobRef, status: string): Promise<JobEnd> {
  const details = await runDetails(arm, workspace, jobName);
  return { jobName, status: status as JobEnd['status'], error: status === 'Completed' ? null : runError(details), durationMs: runDurationMs(details) };
}

/**
 * Cancels a job that has not ended; one that has ended is left alone. Answers the status found. A job that does not exist is looked for during `settleMs`: its submission may still arrive.
 *
 * Safe to retry because cancelling twice is cancelling once. It does not wait for the job to stop.
 */
export async function cancelJob({ arm }: { arm: ArmClient }, { settleMs = 0, ...job }: CancelJobInput): Promise<{ status: string }> {
  for (let remaining = settleMs; ; remaining -= lookMs) {
    const found = await cancelOnce(arm, job);
    if (found.status !== 'NotFound' || remaining <= 0) return found;
    await settle(Math.min(remaining, lookMs));
  }
}

async function cancelOnce(arm: ArmClient, job: JobRef): Promise<{ status: string }> {
  try {
    const status = await jobStatus(arm, job);
    if (endedJobStatuses.includes(status) || status === 'CancelRequested') return { status };
    const { subscriptionId, resourceGroup, workspace } = job.workspace;
    // The poller is dropped: whoever waits for the job to stop uses `awaitJob`.
    await arm.typed(subscriptionId, (client) => client.jobs.beginCancel(resourceGroup, workspace, job.jobName));
    return { status: 'CancelRequested' };
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return { status: 'NotFound' };
    // The job may have ended between look and cancellation, which Azure refuses.
    if (isFailure(error, FailureType.InvalidRequest) || isFailure(error, FailureType.Busy)) {
      const status = await jobStatus(arm, job);
      if (endedJobStatuses.includes(status)) return { status };
    }
    throw error;
  }
}

async function jobStatus(arm: ArmClient, { workspace, jobName }: JobRef): Promise<string> {
  const job = await arm.typed(workspace.subscriptionId, (client) => client.jobs.get(workspace.resourceGroup, workspace.workspace, jobName));
  return job.properties.status ?? 'Unknown';
}
