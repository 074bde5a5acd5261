/** How far releases are, as visibility tells it: no worker has to answer for that. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import { FailureType } from '../../workflows/domain/failures.ts';
import { ReleaseModelPhase as Phase } from '../../workflows/domain/phases.ts';
import type { BusyTarget } from '../../workflows/domain/review-plan.ts';
import { countStates, describeCounts, isLoss, isSettled, releaseState, type Counts, type ReleaseState } from '../../workflows/domain/review-progress.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute, listRuns, ownRuns, quoted, seenRun, targetOf } from './visibility.ts';
import { concurrency } from './waiting-gates.ts';
import { notYet } from '../not-yet.ts';

/** Releases that write to production or are about to, are watched there, or are being taken back. Safe to retry because it only reads. */
export async function findBusyTargets(client: Client, { plant }: { plant?: string }): Promise<{ busy: BusyTarget[] }> {
  const phases = [Phase.Stopped, Phase.Queued, Phase.Deployment, Phase.Monitoring, Phase.Rollback].map(quoted).join(', ');
  const query = [ownRuns, `WorkflowType = 'releaseModel'`, `ExecutionStatus = 'Running'`, `Phase IN (${phases})`, ...(plant === undefined ? [] : [`Plant = ${quoted(plant)}`])].join(' AND ');
  const { runs } = await listRuns(client, query);
  return {
    busy: runs.flatMap((run) => {
      const target = targetOf(run);
      return target === null ? [] : [{ workflowId: run.workflowId, target, phase: attribute(run, 'Phase') ?? '' }];
    }),
  };
}

export interface FollowReleasesInput {
  workflowIds: string[];
  /** `deployed`: until each is in production or will not be; `closed`: until each has ended. */
  until: 'deployed' | 'closed';
  /** Milliseconds between two looks. */
  intervalMs: number;
  /** What was known before: returns as soon as that has changed. Null: returns at once. */
  seen: Counts | null;
  /** `losses`: of the changes, only further losses return early. */
  tell: 'everything' | 'losses';
}

export interface FollowedReleases {
  counts: Counts;
  /** Ids of those that failed or were taken back. */
  lost: string[];
  /** Ids of those that are in production and not lost. */
  deployed: string[];
  /** Ids of those that are not where they are followed to. */
  waiting: string[];
  done: boolean;
}

/**
 * Looks once per attempt how far the releases are, failing benignly until there is something new to say, so that a day of following costs little history and no worker slot.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching
 */
export async function followReleases(client: Client, { workflowIds, until, intervalMs, seen, tell }: FollowReleasesInput): Promise<FollowedReleases> {
  const states = await pMap(workflowIds, async (workflowId): Promise<ReleaseState> => {
    try {
      return releaseState(seenRun(await client.workflow.getHandle(workflowId).describe()));
    } catch (error) {
      throw classifyTemporal(error, workflowId);
    }
  }, { concurrency });
  const counts = countStates(states);
  const done = states.every((state) => isSettled(state, until));
  const idsOf = (wanted: (state: ReleaseState) => boolean): string[] => workflowIds.filter((_id, index) => wanted(states[index]!));
  const losses = (all: Counts): number => all.failed + all.rolledBack;
  const isNew = seen === null || (tell === 'everything' ? describeCounts(seen) !== describeCounts(counts) : losses(counts) > losses(seen));
  if (done || isNew) return { counts, lost: idsOf(isLoss), deployed: idsOf((state) => state === 'deployed' || state === 'succeeded'), waiting: idsOf((state) => !isSettled(state, until)), done };
  throw notYet(FailureType.StillWatching, describeCounts(counts), intervalMs);
}
