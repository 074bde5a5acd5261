/** The undo of a run's steps: each is registered before its step and taken back once the step needs no undo any more. */
import { CancellationScope } from '@temporalio/workflow';
import type { CompensationReport } from '../domain/compensation.ts';

export interface Compensation {
  step: string;
  /** Undoes the step whether or not it took place, and says what it found and did. */
  undo: () => Promise<string>;
}

export class Compensations {
  #registered: Compensation[] = [];

  /** Call before the step itself; the returned function takes the undo back. */
  register(compensation: Compensation): () => void {
    this.#registered.push(compensation);
    return () => {
      this.#registered = this.#registered.filter((other) => other !== compensation);
    };
  }

  /** Undoes in reverse order. Not cancellable: a second cancel must not leave half of it undone. One failing undo does not stop the others. */
  async undo(): Promise<CompensationReport[]> {
    return await CancellationScope.nonCancellable(async () => {
      const reports: CompensationReport[] = [];
      for (const { step, undo } of this.#registered.splice(0).reverse()) {
        try {
          reports.push({ step, state: 'done', detail: await undo() });
        } catch (error) {
          reports.push({ step, state: 'failed', detail: rootMessage(error) });
        }
      }
      return reports;
    });
  }
}

/** The innermost message: the platform's own words rather than "Activity task failed". */
export function rootMessage(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
