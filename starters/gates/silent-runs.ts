/** How long to go on asking many runs of which none answers. */

/** After so many without an answer, and none with one, it is asked whether any worker is there. */
export const silentAtFirst = 16;

/** Whether it is worth asking on, for a list of runs that are asked one after the other or several at once. */
export class SilentRuns {
  #answered = 0;
  #silent = 0;
  #isWorthwhile: Promise<boolean> | null = null;
  readonly #hasWorker: () => Promise<boolean>;

  /** `hasWorker` is asked once at most. Where it says yes, each run is asked, and each has its own time: some that are stuck must not hide the others. */
  constructor(hasWorker: () => Promise<boolean>) {
    this.#hasWorker = hasWorker;
  }

  answered(): void {
    this.#answered += 1;
  }

  stayedSilent(): void {
    this.#silent += 1;
  }

  async isWorthAsking(): Promise<boolean> {
    if (this.#answered > 0 || this.#silent < silentAtFirst) return true;
    this.#isWorthwhile ??= this.#hasWorker();
    return await this.#isWorthwhile;
  }
}
