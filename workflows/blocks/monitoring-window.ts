/** Watching after a change: a poll that runs for hours, and alerts that end it at once. */
import { ActivityFailure, CancellationScope, condition, defineSignal, isCancellation, setHandler, TimeoutFailure } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';

export const alertSignal = defineSignal<[unknown?]>('alert');

/** What is still true when a watch could not be carried out to its end. */
export type Unwatched = { kind: 'inconclusive'; reason: string };
export type Alerted = { kind: 'alerted'; name: string };

export class MonitoringWindow {
  #alert: string | null = null;
  #watching = false;

  constructor() {
    setHandler(alertSignal, (value) => this.#receive(value), { description: 'An alert about the watched target: {"name"}; ends the monitoring window' });
  }

  /**
   * Runs `poll`, one activity that polls by failing retryably, until it knows its verdict or an alert arrives. A poll that ran into its bound saw too little:
   * inconclusive, which is neither healthy nor a failure of the run.
   */
  async watch<V>(poll: () => Promise<V>): Promise<V | Alerted | Unwatched> {
    this.#watching = true;
    const scope = new CancellationScope();
    const verdict = scope.run(poll);
    try {
      await Promise.race([verdict, condition(() => this.#alert !== null)]);
      if (this.#alert === null) return await verdict;
      verdict.catch(() => undefined); // cancelled below; its failure is expected
      scope.cancel();
      return { kind: 'alerted', name: this.#alert };
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      const cause = error.cause instanceof TimeoutFailure ? 'the alerts could not be read often enough' : (error.cause?.message ?? error.message);
      return { kind: 'inconclusive', reason: cause };
    } finally {
      this.#watching = false;
    }
  }

  #receive(value: unknown): void {
    if (!this.#watching) return;
    const name = typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : 'an alert without a name';
    this.#alert ??= clip(name, 80);
  }
}
