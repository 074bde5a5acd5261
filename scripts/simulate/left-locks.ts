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
const leastMs = 400;
/** What the server was told so many of its slowest answers ago has come to it. */
const answers = 10;
/** Beyond what the machine's clock has gone on, the time has skipped. */
const skippedMs = 50;

export interface LeftLocksOptions {
  client: Client;
  clock: SimulatedClock;
  /** Attempts of activities: how many a worker is at, and how many have ever begun. */
  attempts: () => { atWork: number; begun: number };
}

export class LeftLocks {
  readonly #options: LeftLocksOptions;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: LeftLocksOptions) {
    this.#options = options;
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
    while (!signal.aborted) {
      if (await this.#isLost()) await this.#options.clock.giveBack();
      else await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Whether the time stands still though nobody acts, nobody is at work, and nothing happens to any run meanwhile. */
  async #isLost(): Promise<boolean> {
    const { clock, attempts } = this.#options;
    const { begun } = attempts();
    const isNobodys = (): boolean => !this.#stopping.signal.aborted && !clock.isHeld && attempts().atWork === 0 && attempts().begun === begun;
    if (!(await standsStill(clock, isNobodys))) return false;
    const before = await this.#idleState();
    return before !== null && (await standsStill(clock, isNobodys)) && (await this.#idleState()) === before && isNobodys();
  }

  /** How far each run is; null where one waits for a worker. */
  async #idleState(): Promise<string | null> {
    const runs = await openRuns(this.#options.client);
    const states = await Promise.all(runs.map((workflowId) => this.#idleRun(workflowId)));
    return states.includes(null) ? null : states.join(' ');
  }

  /** Null: a task, or an attempt of an activity, is with a worker or on its way to one, or the run has just ended and may have told another. */
  async #idleRun(workflowId: string): Promise<string | null> {
    try {
      const handle = this.#options.client.workflow.getHandle(workflowId);
      const [{ raw }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
      const last = events?.at(-1)?.eventType;
      const isBusy = last === EVENT_TYPE_WORKFLOW_TASK_SCHEDULED || last === EVENT_TYPE_WORKFLOW_TASK_STARTED || !(raw.pendingActivities ?? []).every(waitsForRetry);
      return isBusy ? null : `${workflowId} ${events?.length ?? 0}`;
    } catch {
      return null;
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
