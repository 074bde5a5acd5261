/**
 * Holds on the time that Temporal's time-skipping server loses. It counts who keeps its time from skipping, and (1.38) forgets some of them for good, so that a story would go on at the
 * machine's pace:
 *
 * - A run that ends holds the time until its parent has heard of it. Where the parent has ended before, as `releaseChange` does before the releases that it started, nobody lets go.
 * - The next attempt of an activity that was cancelled while it waited for it, such as a look that news cut short: its timer stays, holds the time for the attempt, and the attempt is refused.
 * - A task, or an attempt, whose run was ended from outside.
 *
 * Each is given back here, once it is sure that nobody is at work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import proto from '@temporalio/proto'; // CommonJS: no named exports are seen
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { openRuns } from './open-runs.ts';
import type { SimulatedClock } from './simulated-clock.ts';

const { EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, EVENT_TYPE_WORKFLOW_TASK_STARTED } = proto.temporal.api.enums.v1.EventType;

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** In real time. */
const lookEveryMs = 100;
/** So many looks in a row find the time at the machine's pace, and nobody at work. */
const looksUntilLost = 4;
/** Beyond what the machine's clock has gone on, the time has skipped. */
const skippedMs = 50;

export class LeftLocks {
  readonly #client: Client;
  readonly #clock: SimulatedClock;
  readonly #isAtWork: () => boolean;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  /** How many were given back. */
  count = 0;

  /** `isAtWork`: whether a worker is at an attempt of an activity. */
  constructor(client: Client, clock: SimulatedClock, isAtWork: () => boolean) {
    this.#client = client;
    this.#clock = clock;
    this.#isAtWork = isAtWork;
  }

  watch(): void {
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (!(await this.#isLost())) continue;
      if (signal.aborted || this.#clock.isHeld || this.#isAtWork()) continue;
      await this.#clock.giveBack();
      this.count += 1;
    }
  }

  /** Looks for a while; false as soon as somebody is at work, or the time skips. */
  async #isLost(): Promise<boolean> {
    for (let look = 0; look < looksUntilLost; look += 1) {
      const isStill = await standsStill(this.#clock, lookEveryMs, this.#stopping.signal);
      if (!isStill || this.#clock.isHeld || this.#isAtWork()) return false;
    }
    const runs = await openRuns(this.#client);
    const busy = await Promise.all(runs.map((workflowId) => this.#isBusy(workflowId)));
    return !busy.includes(true) && (await standsStill(this.#clock, lookEveryMs, this.#stopping.signal));
  }

  /** Whether a task, or an attempt of an activity, is with a worker or on its way to one. A run that has just ended may have told another. */
  async #isBusy(workflowId: string): Promise<boolean> {
    try {
      const handle = this.#client.workflow.getHandle(workflowId);
      const [{ raw }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
      const last = events?.at(-1)?.eventType;
      return last === EVENT_TYPE_WORKFLOW_TASK_SCHEDULED || last === EVENT_TYPE_WORKFLOW_TASK_STARTED || !(raw.pendingActivities ?? []).every(waitsForRetry);
    } catch {
      return true;
    }
  }
}

/** Whether its last attempt has failed and no other has begun; the server's own state does not tell that apart from an attempt at work. */
function waitsForRetry({ lastStartedTime, lastAttemptCompleteTime }: PendingActivity): boolean {
  return lastAttemptCompleteTime != null && timestampMs(lastAttemptCompleteTime) >= timestampMs(lastStartedTime);
}

function timestampMs(at: PendingActivity['lastStartedTime']): number {
  return Number(at?.seconds ?? 0) * 1000 + (at?.nanos ?? 0) / 1e6;
}

/** Whether the time goes on at the machine's pace for so long: somebody holds it. */
export async function standsStill(clock: SimulatedClock, forMs: number, signal?: AbortSignal): Promise<boolean> {
  const [beforeMs, realMs] = [await clock.nowMs(), performance.now()];
  await sleep(forMs, undefined, { ...(signal && { signal }) }).catch(() => undefined);
  return (await clock.nowMs()) - beforeMs <= performance.now() - realMs + skippedMs;
}
