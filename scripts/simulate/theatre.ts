/**
 * What the stories of one process share: Temporal's time-skipping server, which takes seconds to start. Each story has a namespace, workers and a stand-in of its own, so that nothing of
 * one is seen by the next; only the clock goes on.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { startTimeSkipping } from '../../test/support/time-skipping.ts';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { standsStill } from './left-locks.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { withLists } from './visibility.ts';

/** In real time. */
const skippedWithinMs = 10_000;
const weekMs = 7 * 24 * 3_600_000;
/** So far the time is to skip between two stories. */
const laterMs = 52 * weekMs;
/** A scene is set so long before the story begins. */
export const sceneMs = 3_600_000;

export class Theatre {
  readonly environment: TestWorkflowEnvironment;
  readonly clock: SimulatedClock;

  private constructor(environment: TestWorkflowEnvironment) {
    this.environment = environment;
    this.clock = new SimulatedClock(environment);
  }

  static async open(): Promise<Theatre> {
    return new Theatre(await startTimeSkipping());
  }

  /** A client of a namespace in which nothing has happened yet. */
  freshClient(): Client {
    return withLists(new Client({ connection: this.environment.connection, namespace: `story-${randomUUID()}`, dataConverter: { payloadConverterPath } }));
  }

  /** When a story begins that is to begin then, and before which so much has to happen: milliseconds since the epoch. */
  async beginning(start: string, leadMs: number): Promise<number> {
    const earliestMs = (await this.clock.nowMs()) + leadMs;
    let startMs = Date.parse(start);
    for (let years = 1; startMs < earliestMs; years += 1) startMs = yearsLater(Date.parse(start), years);
    return startMs;
  }

  /** Whether the time still skips as far as the next story begins. Nobody is at work between two stories: whatever holds the time is left from before, and is given back. */
  async skips(): Promise<boolean> {
    const { clock } = this;
    let isOver = false;
    const skipped = clock.until((await clock.nowMs()) + laterMs).then(() => true, () => false).finally(() => (isOver = true));
    const giveBack = async (): Promise<void> => {
      while (!isOver) if (await standsStill(clock, () => !isOver)) await clock.giveBack();
    };
    return await Promise.race([Promise.all([skipped, giveBack()]).then(([is]) => is), sleep(skippedWithinMs, false, { ref: false }).finally(() => (isOver = true))]);
  }

  async close(): Promise<void> {
    this.clock.stop();
    await this.environment.teardown();
  }
}

/** The same weekday within three days of the date: calendars and summer time are as the story has them, however many were played before. */
function yearsLater(startMs: number, years: number): number {
  const date = new Date(startMs);
  return startMs + Math.round((date.setUTCFullYear(date.getUTCFullYear() + years) - startMs) / weekMs) * weekMs;
}
