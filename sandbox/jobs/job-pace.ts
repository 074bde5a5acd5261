/** How long jobs take by the stand-in's clock, where somebody has ordered it: a job of a second then takes the forty minutes that a story tells of. */
import { z } from 'zod';
import { isRegularExpression } from '../core/faults.ts';
import type { Store } from '../core/store.ts';

const COLLECTION = 'job-paces';

/** The body of `POST /_sandbox/job-paces`. */
export const jobPaceSchema = z.strictObject({
  /** Regular expression for `<workspace>/<name>`. */
  match: z.string().refine(isRegularExpression, 'not a regular expression'),
  durationMs: z.number().int().min(0),
  dies: z.strictObject({ at: z.number().min(0).max(1), message: z.string().min(1) }).optional(),
  times: z.number().int().min(1).optional(),
});

export type JobPace = Pick<z.infer<typeof jobPaceSchema>, 'durationMs' | 'dies'>;

/** When a job must end, in milliseconds since the epoch: counted from its submission, so that it does not depend on how fast this machine starts processes. */
export function dueMs({ createdTimeUtc }: { createdTimeUtc: string }, { durationMs, dies }: JobPace): number {
  return Date.parse(createdTimeUtc) + durationMs * (dies?.at ?? 1);
}

/** The paces that were ordered; the first that fits a job is its own. */
export class JobPaces {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(order: z.infer<typeof jobPaceSchema>): object {
    const id = String(this.#store.next(COLLECTION));
    this.#store.put(COLLECTION, id, { id, ...order });
    return { id, ...order };
  }

  /** The pace of a job that is submitted now. */
  take(workspace: string, name: string): JobPace | undefined {
    const found = this.#store.list<z.infer<typeof jobPaceSchema> & { id: string }>(COLLECTION).find(({ match, times }) => times !== 0 && new RegExp(match).test(`${workspace}/${name}`));
    if (found === undefined) return undefined;
    if (found.times !== undefined) this.#store.put(COLLECTION, found.id, { ...found, times: found.times - 1 });
    const { durationMs, dies } = found;
    return { durationMs, ...(dies && { dies }) };
  }
}
