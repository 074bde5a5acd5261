/** The emergency stop of releases, as activities set, lift and read it: one small workflow for each scope, so that Temporal itself keeps who holds what back. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import { WorkflowNotFoundError } from '@temporalio/common';
import { stopReleasesId, stopsOf, type StopHold, type StopScope } from '../../workflows/domain/emergency-stop.ts';
import type { FreezeAction, FreezeQuestion, FreezeStanding } from '../../workflows/domain/freeze.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { vendorFailure } from '../http/classify.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { listRuns } from './visibility.ts';
import { notYet } from '../not-yet.ts';

/** How long Temporal has for one call, in milliseconds. */
const callMs = 10_000;

export interface HoldReleasesInput {
  scope: StopScope;
  by: string;
  reason: string;
  since: string;
}

/**
 * Stops the releases of a scope before their production write, and reads back that they are.
 *
 * Safe to retry because there is one stop for each scope and one hold for each holder: a second call finds its own.
 */
export async function holdReleases(client: Client, { scope, by, reason, since }: HoldReleasesInput): Promise<{ holds: StopHold[] }> {
  const workflowId = stopReleasesId(scope);
  try {
    await client.connection.withDeadline(Date.now() + callMs, () =>
      client.workflow.signalWithStart('stopReleases', { workflowId, taskQueue: TaskQueue.Runbooks, args: [scope], signal: 'hold', signalArgs: [{ by, reason, since }], staticSummary: `Emergency stop: ${reason}`.slice(0, 200) }));
  } catch (error) {
    throw classifyTemporal(error, workflowId);
  }
  const holds = await holdsOf(client, scope);
  if (!holds.some((hold) => hold.by === by)) throw vendorFailure(FailureType.Unavailable, `${workflowId} does not show the hold of ${by} yet`, {});
  return { holds };
}

/** Takes a hold back; the last one lets releases go on. Without a scope: wherever it is held. Safe to retry because a hold that is gone stays so. */
export async function liftHold(client: Client, { scope, by }: { scope?: StopScope; by: string }): Promise<{ sent: boolean }> {
  const workflowIds = scope === undefined ? (await listRuns(client, `WorkflowType = 'stopReleases' AND ExecutionStatus = 'Running'`)).runs.map(({ workflowId }) => workflowId) : [stopReleasesId(scope)];
  const sent = await pMap(workflowIds, (workflowId) => lift(client, workflowId, by), { concurrency: 10 });
  return { sent: sent.includes(true) };
}

async function lift(client: Client, workflowId: string, by: string): Promise<boolean> {
  try {
    await client.connection.withDeadline(Date.now() + callMs, () => client.workflow.getHandle(workflowId).signal('lift', { by }));
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false; // nothing is stopped
    throw classifyTemporal(error, workflowId);
  }
}

/** What the estate's freezes say about an action at an instant; null: none could ever hold it. */
export type ReadFreeze = (question: FreezeQuestion, at: string) => Promise<FreezeStanding | null>;

/** What is about to be written to: one target, or those of a wave. */
export type ReadStopsInput = { target: Target } | { targets: Target[] };

/**
 * Who holds releases of these targets back, by whichever scope; and, where an action is named, what the freezes say about it at the instant `at`: one question instead of two, for it is
 * asked before every release.
 *
 * Safe to retry because it only reads, and the instant is the caller's.
 */
export async function readStops(client: Client, input: ReadStopsInput & { action?: FreezeAction; at?: string }, readFreeze?: ReadFreeze): Promise<{ holds: StopHold[]; freeze?: FreezeStanding }> {
  const targets = 'target' in input ? [input.target] : input.targets;
  const scopes = new Map(targets.flatMap(stopsOf).map((scope) => [stopReleasesId(scope), scope])); // targets of one plant share a scope
  const { action, at } = input;
  const asked = action === undefined || at === undefined ? null : (readFreeze?.({ targets, action }, at) ?? null);
  const [holds, freeze] = await Promise.all([pMap(scopes.values(), (scope) => holdsOf(client, scope), { concurrency: 10 }), asked]);
  return { holds: holds.flat(), ...(freeze && { freeze }) };
}

/**
 * Waits by failing until nobody holds releases of these targets back.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching (retried) naming who holds them
 */
export async function awaitNoStop(client: Client, input: ReadStopsInput): Promise<{ holds: [] }> {
  const { holds } = await readStops(client, input);
  if (holds.length === 0) return { holds: [] };
  throw notYet(FailureType.StillWatching, `releases are stopped by ${holds.map(({ by, reason }) => `${by} (${reason})`).join(', ')}`);
}

/** A stop that has ended holds nothing, whatever its query would still say. */
async function holdsOf(client: Client, scope: StopScope): Promise<StopHold[]> {
  const workflowId = stopReleasesId(scope);
  try {
    return await client.connection.withDeadline(Date.now() + callMs, async () => {
      const handle = client.workflow.getHandle(workflowId);
      const { status } = await handle.describe();
      return status.name === 'RUNNING' ? await handle.query<StopHold[]>('holds') : [];
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw classifyTemporal(error, workflowId);
  }
}
