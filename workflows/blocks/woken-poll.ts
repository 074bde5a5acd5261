/** Following something on a platform: a slow poll, and news that cut it short. */
import { ActivityFailure, CancellationScope, condition, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { isCancelled } from './cancellation.ts';
import { rootMessage } from './compensations.ts';
import { now } from './workflow-clock.ts';

/** Signals that wake, so that a storm of them cannot fill the history; the poll goes on by itself. */
const mostWakes = 50;

/** The last look, when the time is up: milliseconds. */
export const lastLookMs = 10_000;

/** News from outside, by signal. The same news twice wakes once: Azure DevOps tells several subscriptions, and repeats itself. */
export class Wakes {
  #count = 0;
  readonly #heard = new Set<string>();

  get count(): number {
    return this.#count;
  }

  hear(news: string): void {
    const told = news.slice(0, 200);
    if (this.#heard.has(told) || this.#heard.size >= mostWakes) return;
    this.#heard.add(told);
    this.nudge();
  }

  /** For the run's own reasons, which are few. */
  nudge(): void {
    this.#count += 1;
  }
}

export interface WokenPoll<T> {
  wakes: Wakes;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** An activity that polls by failing, for so many milliseconds at most. `isLast`: the time is up, and it looks once more. */
  look: (boundMs: number, isLast: boolean) => Promise<T>;
}

export type Polled<T> = { kind: 'seen'; value: T } | { kind: 'expired'; reason: string };

/** Looks until there is something to see, at once when something wakes it, and once more when the time is up. */
export async function pollUntilSeen<T>({ wakes, deadline, look }: WokenPoll<T>): Promise<Polled<T>> {
  for (;;) {
    const heard = wakes.count;
    const remainingMs = deadline - now().getTime();
    const isLast = remainingMs <= 0;
    const scope = new CancellationScope();
    const looking = scope.run(() => look(isLast ? lastLookMs : remainingMs, isLast));
    try {
      const seen = await Promise.race([looking.then((value) => ({ value })), condition(() => wakes.count > heard)]);
      if (seen !== undefined) return { kind: 'seen', value: seen.value };
      looking.catch(() => undefined); // cancelled below; its failure is expected
      scope.cancel();
    } catch (error) {
      if (isCancellation(error) || isCancelled(error) || !isExpired(error)) throw error;
      if (isLast) return { kind: 'expired', reason: rootMessage(error) };
      // Temporal gives up where the next look would come too late; what is left of the time belongs to the news, and ends with one look more.
      await condition(() => wakes.count > heard, Math.max(deadline - now().getTime(), 1));
    }
  }
}

/** Whether a poll ran into its bound. */
export function isExpired(error: unknown): boolean {
  return error instanceof ActivityFailure && (error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT');
}
