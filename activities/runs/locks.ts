/** Locks of targets, as runs and writers reach them through a Temporal client. */
import { WithStartWorkflowOperation, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import { SearchAttributeType, TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowNotFoundError, type Workflow } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { isSame, lockId, type LockClaim, type LockNews, type LockParty, type LockState } from '../../workflows/domain/resource-lock.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { vendorFailure } from '../http/classify.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { notYet } from '../not-yet.ts';

/** How long the lock has to answer, in milliseconds; a run may have to be loaded for it. */
const answerMs = 4_000;

/**
 * Claims the lock of a target, starting the lock where this is the first claim of all. Answers whether it was granted at once, or the place in its queue.
 *
 * Safe to retry because a claim of the same run is the same claim: it is told again where it stands.
 */
export async function claimLock(client: Client, claim: LockClaim): Promise<LockNews> {
  const { plant, circuit } = claim.target;
  const workflowId = lockId(claim.target);
  const startWorkflowOperation = new WithStartWorkflowOperation('lockTarget', {
    workflowId,
    taskQueue: TaskQueue.Runbooks,
    args: [{ target: claim.target }],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: `Lock of ${plant}/${circuit}`,
    staticDetails: `Who may change ${plant}/${circuit} now. It never ends; its current details show holder, queue and epoch.`,
    typedSearchAttributes: new TypedSearchAttributes([{ key: { name: 'Plant', type: SearchAttributeType.KEYWORD }, value: plant }, { key: { name: 'Circuit', type: SearchAttributeType.KEYWORD }, value: circuit }]),
  });
  try {
    return await client.connection.withDeadline(Date.now() + answerMs, () => client.workflow.executeUpdateWithStart<Workflow, LockNews, [LockClaim]>('acquire', { args: [claim], startWorkflowOperation }));
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw vendorFailure(FailureType.InvalidRequest, `${workflowId}: ${error.cause?.message ?? error.message}`);
    // Also when it arrived while the lock went on in a new run: the next attempt reaches that one.
    if (error instanceof WorkflowNotFoundError) throw vendorFailure(FailureType.Unavailable, `${workflowId}: it is going on in a new run`);
    throw classifyTemporal(error, workflowId);
  }
}

/** How many locks are asked at the same time. */
const atOnce = 10;

/** Claims the locks of many targets, as `claimLock` does each of them; the answers are in the order of the claims. Safe to retry for the same reason. */
export async function claimLocks(client: Client, { claims }: { claims: LockClaim[] }): Promise<{ news: LockNews[] }> {
  return { news: await pMap(claims, (claim) => claimLock(client, claim), { concurrency: atOnce }) };
}

/** Gives the locks of these targets back, or the places in their queues. Safe to retry because a second release changes nothing. */
export async function releaseLocks(client: Client, { targets, ...party }: LockParty & { targets: Target[] }): Promise<{ released: number }> {
  await pMap(targets, async (target) => {
    const id = lockId(target);
    try {
      await client.connection.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(id).signal('release', party));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw classifyTemporal(error, id); // a lock that nobody has claimed is free
    }
  }, { concurrency: atOnce });
  return { released: targets.length };
}

/** Of the runs named, those that go on no more: closed, or followed by another run of the same id. Safe to retry because it only reads. */
export async function findClosedRuns(client: Client, { runs }: { runs: LockParty[] }): Promise<{ runs: LockParty[] }> {
  const isClosed = await Promise.all(runs.map(async ({ workflowId, runId }) => (await runState(client, { workflowId, runId })) === 'closed'));
  return { runs: runs.filter((_run, index) => isClosed[index]) };
}

/**
 * Gives back what a run that was ended from outside holds of its target's lock, or its place in the queue.
 *
 * Safe to retry because a second release changes nothing.
 */
export async function freeLock(client: Client, { target, ...party }: LockParty & { target: Target }): Promise<{ was: 'held' | 'waited for' | 'neither' }> {
  const id = lockId(target);
  try {
    const lock = client.workflow.getHandle(id);
    const { holder, queue } = await client.connection.withDeadline(Date.now() + answerMs, () => lock.query<LockState>('status'));
    const was = holder !== null && isSame(holder, party) ? 'held' : queue.some((waiting) => isSame(waiting, party)) ? 'waited for' : 'neither';
    if (was !== 'neither') await client.connection.withDeadline(Date.now() + answerMs, () => lock.signal('release', party));
    return { was };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { was: 'neither' };
    throw classifyTemporal(error, id);
  }
}

/**
 * Looks once whether a run has closed; while it goes on the attempt fails benignly and the next one comes after the interval.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillRunning
 */
export async function awaitRunClosed(client: Client, { intervalMs, ...run }: LockParty & { intervalMs: number }): Promise<{ closed: true }> {
  if ((await runState(client, run)) === 'closed') return { closed: true };
  throw notYet(FailureType.StillRunning, `${run.workflowId} goes on`, intervalMs);
}

async function runState(client: Client, { workflowId, runId }: LockParty): Promise<'running' | 'closed'> {
  try {
    const { status, runId: currentRunId, raw } = await client.workflow.getHandle(workflowId).describe();
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || currentRunId; // a reset run has the first run id of the one that it was made from
    return status.name === 'RUNNING' && firstRunId === runId ? 'running' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'closed';
    throw classifyTemporal(error, workflowId);
  }
}

/** The lock's epoch and holder at this moment: for an activity that is about to write. */
export type ReadLock = (id: string) => Promise<Pick<LockState, 'epoch' | 'holder'>>;

/** Reads locks through a client. */
export function lockReader(client: Client): ReadLock {
  return async (id) => {
    try {
      return await client.connection.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(id).query<LockState>('status'));
    } catch (error) {
      throw classifyTemporal(error, id);
    }
  };
}
