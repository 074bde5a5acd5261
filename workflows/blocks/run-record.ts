/** What a run has to put on record: gathered in order, and appended in batches, one at a time. */
import { CancellationScope } from '@temporalio/workflow';
import { firstPortion } from '../domain/batches.ts';
import type { RecordEntry, RecordEvent } from '../domain/record.ts';
import { now } from './workflow-clock.ts';

/** Appends entries to the record; repeated until it has. `batch` numbers the run's calls. */
export type AppendEntries = (batch: number, entries: RecordEntry[]) => Promise<unknown>;

export class RunRecord {
  #pending: RecordEntry[] = [];
  #batches = 0;
  #writing: Promise<void> = Promise.resolve();
  readonly #append: AppendEntries;

  constructor(append: AppendEntries) {
    this.#append = append;
  }

  add(event: RecordEvent): void {
    this.#pending.push({ ...event, at: now().toISOString() });
  }

  /** How many entries are not on record yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Resolves once everything that was added before is on record. A call that fails leaves its entries pending. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const entries = this.#pending.splice(0, firstPortion(this.#pending).length);
      this.#batches += 1;
      try {
        // Not cancellable: what is under way is written in any case, and giving it up would write it twice.
        await CancellationScope.nonCancellable(() => this.#append(this.#batches, entries));
      } catch (error) {
        this.#pending.unshift(...entries);
        throw error;
      }
    }
  }
}
