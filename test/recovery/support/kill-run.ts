/** One release during which the worker is killed, again and again, at given steps: the plan comes from what a release without kills has recorded in its histories. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { createActivities } from '../../../workers/activity-sets.ts';
import type { Releases } from '../../support/releases.ts';
import type { Stack } from '../../support/stack.ts';

export type Moment = 'before' | 'afterEffect';

export interface Kill {
  /** `<activity>:<moment>`, as HOLDPOINT_KILL_AT takes it. */
  at: string;
  /** Seconds from this kill until the run had got to the next one, or to its end. */
  recoveredAfterS: number;
}

const killedWithinMs = 90_000;

/** Names of all activities that the product registers, on any queue. */
export function registeredActivities(): string[] {
  const nowhere = 'https://nowhere.invalid';
  const settings = { credential: { getToken: async () => null }, resourceManagerEndpoint: nowhere, blobEndpoint: `${nowhere}/{account}`, devOpsUrl: nowhere, devOpsProject: 'none', requestTimeoutMs: 1 };
  const client = new Client({ connection: Connection.lazy({ address: 'nowhere.invalid:1' }) }); // never connects
  const queues = Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks);
  return [...new Set(queues.flatMap((queue) => Object.keys(createActivities(queue, settings, { estateFile: 'none', CHAT_WEBHOOK_URL: undefined, keysDirectory: 'none', recordLocation: 'none', anchorsLocation: 'none', HOLDPOINT_BUILD: 'none', HOLDPOINT_PROFILE: 'production', HOLDPOINT_STATE: 'none' }, client))))].sort();
}

/** One scheduled activity of a run. */
export interface Step {
  activity: string;
  queue: string;
  /** Steps with the same number were scheduled together and run at the same time. */
  batch: string;
}

/** The steps of a closed run, in the order in which they were scheduled. */
export async function stepsOf(stack: Stack, workflowId: string): Promise<Step[]> {
  const { events } = await stack.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled ? [{ activity: scheduled.activityType?.name ?? '', queue: scheduled.taskQueue?.name ?? '', batch: String(scheduled.workflowTaskCompletedEventId) }] : [],
  );
}

/** Where a worker is to die. */
export interface KillPoint {
  /** `<activity>:<moment>`. */
  at: string;
  /** Queues that the worker leaves alone, so that what runs beside this step is still to be done when its own turn comes. */
  unserved: string[];
}

/** These moments of each step, in order. */
export function killsAt(steps: readonly Step[], moments: readonly Moment[] = ['before', 'afterEffect']): KillPoint[] {
  return steps.flatMap(({ activity, queue, batch }, index) => {
    const beside = steps.slice(index + 1).filter((other) => other.batch === batch && other.queue !== queue);
    return moments.map((moment) => ({ at: `${activity}:${moment}`, unserved: beside.map((other) => other.queue) }));
  });
}

/**
 * Kills the worker at each of `plan` in turn and starts the next one at once; a last worker is left running. `drive` is called all the while: it does what people and
 * platforms do, such as approving an open gate.
 */
export async function killAtEach(stack: Stack, plan: readonly KillPoint[], drive: () => Promise<unknown>): Promise<Kill[]> {
  const died: number[] = [];
  for (const { at, unserved } of plan) {
  const queues = Object.values(TaskQueue).filter((queue) => !unserved.includes(queue));
    const worker = await stack.startWorker({ killAt: at, queues });
    const driving = new AbortController();
    const driven = keepDriving(drive, driving.signal);
    const timeout = sleep(killedWithinMs, 'timeout' as const, { signal: driving.signal, ref: false }).catch(() => 'stopped' as const);
    const ended = await Promise.race([worker.ended, timeout, driven]);
    died.push(performance.now());
    driving.abort();
    await driven;
    assert.ok(typeof ended === 'object', `the worker was not killed at ${at} within ${killedWithinMs / 1000} s\n${stack.log('worker').slice(-2_000)}`);
    assert.equal(ended.signal, 'SIGKILL', `the worker that was to die at ${at} ended with status ${ended.code}\n${stack.log('worker').slice(-2_000)}`);
  }
  await stack.startWorker();
  return plan.map(({ at }, index) => ({ at, recoveredAfterS: ((died[index + 1] ?? performance.now()) - died[index]!) / 1000 }));
}

async function keepDriving(drive: () => Promise<unknown>, signal: AbortSignal): Promise<'stopped'> {
  while (!signal.aborted) {
    await drive();
    await sleep(100);
  }
  return 'stopped';
}

/**
 * Approves the two stages of a release as soon as nothing else is under way, and fires an alert once its production is watched. Each only once, however often it is called.
 */
export function peopleAndPlatforms(stack: Stack, releases: Releases, workflowId: string): () => Promise<void> {
  const [, plant = '', circuit = ''] = workflowId.split(':');
  const done = new Set<string>();
  let refused: Error | undefined;
  return async () => {
    if (refused !== undefined) throw refused;
    if (!done.has('started') && !(await releases.exists(workflowId))) return;
    done.add('started');
    const { gate, pending } = await releases.look(workflowId);
    if (pending.includes('watchAlerts') && !done.has('alert')) {
      done.add('alert');
      await stack.standIn.alert(plant, circuit);
    }
    if (gate === null || pending.length > 0 || done.has(gate)) return;
    done.add(gate);
    // Not waited for: the worker that takes the answer may be killed over it, and then the next one has to.
    releases.decide(workflowId, { gate, by: gate === 'stage1' ? 'alice' : 'bob' }).catch((error: unknown) => {
      refused = error as Error;
    });
  };
}

/** The table that a test prints. */
export function killTable(kills: readonly Kill[]): string {
  const width = Math.max(...kills.map(({ at }) => at.length));
  const seconds = kills.map(({ recoveredAfterS }) => recoveredAfterS);
  const rows = kills.map(({ at, recoveredAfterS }) => `${at.padEnd(width)}  ${recoveredAfterS.toFixed(1).padStart(5)} s`);
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  return [`worker killed at${' '.repeat(width - 14)}recovered after`, ...rows, `${kills.length} kills; recovered after ${mean.toFixed(1)} s on average, ${Math.max(...seconds).toFixed(1)} s at most`].join('\n');
}
