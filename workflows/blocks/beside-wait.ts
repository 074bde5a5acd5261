/** Something that goes on beside a wait, and may say that there is nothing to wait for any more. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

export class BesideWait {
  readonly #scope = new CancellationScope();
  readonly #ended: Promise<unknown>;
  #over: string | null = null;

  /** @param watch begins at once. Null lets the wait go on, and so does a failure, which `fails` gets. */
  constructor(watch: () => Promise<string | null>, fails: (error: unknown) => void) {
    this.#ended = this.#scope.run(watch).then(
      (over) => (this.#over = over),
      (error: unknown) => {
        if (!isCancellation(error)) fails(error);
      },
    );
  }

  /** Why there is nothing to wait for any more; null for as long as there is. */
  get over(): string | null {
    return this.#over;
  }

  /** Waits until the end of it, or until it is `over`; what is left of it then is cancelled. */
  async until(wait: () => Promise<void>): Promise<void> {
    const scope = new CancellationScope();
    const waited = scope.run(wait);
    await Promise.race([waited, condition(() => this.#over !== null)]);
    if (this.#over === null) return;
    waited.catch(() => undefined); // cancelled below; its failure is expected
    scope.cancel();
  }

  /** Nobody waits any more: cancels what goes on, and waits until it has ended. */
  async end(): Promise<void> {
    this.#scope.cancel();
    await this.#ended;
  }
}
