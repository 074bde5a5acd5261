/** What ails batch scoring, where somebody has ordered it: a compute with less memory, rows that take more of it, or more time. */
import { z } from 'zod';
import { isRegularExpression } from '../core/faults.ts';
import type { Store } from '../core/store.ts';

const COLLECTION = 'scoring-conditions';

/** The body of `POST /_sandbox/scoring-conditions`. */
export const scoringConditionSchema = z.strictObject({
  /** Regular expression for `<workspace>/<endpoint>/<deployment>`. */
  match: z.string().refine(isRegularExpression, 'not a regular expression'),
  /** The heap that a scoring process may have. */
  memoryMb: z.number().int().min(16).optional(),
  /** What each of the first `rows` rows takes while its mini-batch is scored. */
  rows: z.number().int().min(1).default(20),
  rowMb: z.number().min(0).optional(),
  rowMs: z.number().min(0).optional(),
  times: z.number().int().min(1).optional(),
});

export type ScoringCondition = z.infer<typeof scoringConditionSchema>;

/** How a scoring process learns of it. */
export function conditionVariables(condition: ScoringCondition | undefined): Record<string, string> {
  if (condition === undefined) return {};
  const { memoryMb, rows, rowMb = 0, rowMs = 0 } = condition;
  return {
    SCORING_COSTLY_ROWS: String(rows),
    SCORING_MB_PER_ROW: String(rowMb),
    SCORING_MS_PER_ROW: String(rowMs),
    ...(memoryMb !== undefined && { NODE_OPTIONS: `--max-old-space-size=${memoryMb}` }),
  };
}

/** The conditions that were ordered; the first that fits a deployment holds for its job. */
export class ScoringConditions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(order: ScoringCondition): object {
    const id = String(this.#store.next(COLLECTION));
    this.#store.put(COLLECTION, id, { id, ...order });
    return { id, ...order };
  }

  clear(): void {
    for (const { id } of this.#store.list<{ id: string }>(COLLECTION)) this.#store.delete(COLLECTION, id);
  }

  /** What holds for a job that is submitted now. */
  take(deployment: string): ScoringCondition | undefined {
    const found = this.#store.list<ScoringCondition & { id: string }>(COLLECTION).find(({ match, times }) => times !== 0 && new RegExp(match).test(deployment));
    if (found?.times !== undefined) this.#store.put(COLLECTION, found.id, { ...found, times: found.times - 1 });
    return found;
  }
}
