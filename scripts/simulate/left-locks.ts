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

/** Real times. */
const lookEveryMs = 50;
const leastMs = 800;
/** What the server was told so many of its slowest answers ago has come to it. */
const answers = 10;
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
    this.#watching.catch(() => undefined); // told by `stop`
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    const isNobodys = (): boolean => !signal.aborted && !this.#clock.isHeld && !this.#isAtWork();
    while (!signal.aborted) {
      if (!(await standsStill(this.#clock, isNobodys)) || (await this.#isAnyBusy()) || !isNobodys()) {
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      await this.#clock.giveBack();
      this.count += 1;
    }
  }

  async #isAnyBusy(): Promise<boolean> {
    const runs = await openRuns(this.#client);
    return (await Promise.all(runs.map((workflowId) => this.#isBusy(workflowId)))).includes(true);
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
  return Boolean(lastAttemptCompleteTime) && timestampMs(lastAttemptCompleteTime) >= timestampMs(lastStartedTime);
}

function timestampMs(at: PendingActivity['lastStartedTime']): number {
  return Number(at?.seconds ?? 0) * 1000 + (at?.nanos ?? 0) / 1e6;
}

/**
 * Looks at the time until it is sure that it goes on at the machine's pace, so that somebody holds it; false as soon as it has skipped, or the caller does not ask any more. It takes the
 * longer, the slower the server answers: whoever has let go may not have been heard yet.
 */
export async function standsStill(clock: SimulatedClock, isAsked: () => boolean): Promise<boolean> {
  const [began, beganMs] = [performance.now(), await clock.nowMs()];
  let slowestMs = performance.now() - began;
  while (isAsked()) {
    const asked = performance.now();
    const nowMs = await clock.nowMs();
    const answered = performance.now();
    slowestMs = Math.max(slowestMs, answered - asked);
    if (nowMs - beganMs > answered - began + skippedMs) return false;
    if (answered - began > Math.max(leastMs, answers * slowestMs)) return isAsked();
    await sleep(lookEveryMs);
  }
  return false;
}
