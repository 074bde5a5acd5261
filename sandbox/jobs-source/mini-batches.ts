/** How a batch is scored piece by piece: what a mini-batch costs, and how long it may take. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface MiniBatchSettings {
  /** Rows that are in memory at the same time; all of them by default. */
  size: number;
  /** Longest time for one mini-batch; none by default. */
  timeoutMs: number;
  /** How often a mini-batch that took too long is tried again. */
  maxRetries: number;
}

/** What rows cost where this runs: the first `rows` take so much memory and so much time each. */
export interface RowCosts {
  rows: number;
  megabytes: number;
  ms: number;
}

/** The costs that the environment tells; a row is cheap by default. */
export function rowCosts({ SCORING_COSTLY_ROWS, SCORING_MB_PER_ROW, SCORING_MS_PER_ROW }: NodeJS.ProcessEnv): RowCosts {
  return { rows: Number(SCORING_COSTLY_ROWS ?? 0), megabytes: Number(SCORING_MB_PER_ROW ?? 0), ms: Number(SCORING_MS_PER_ROW ?? 0) };
}

/** Scores rows mini-batch by mini-batch, in order. Throws when a mini-batch took too long as often as it may be tried. */
export async function scoreInMiniBatches<R, P>(rows: readonly R[], settings: MiniBatchSettings, costs: RowCosts, score: (rows: readonly R[]) => P[]): Promise<P[]> {
  const predictions: P[] = [];
  for (let first = 0; first < rows.length; first += settings.size) {
    const batch = rows.slice(first, first + settings.size);
    const costly = Math.max(0, Math.min(batch.length, costs.rows - first));
    await withinTime(first, batch.length, settings, async (signal) => {
      const held = Array.from({ length: costly }, () => new Array<number>(costs.megabytes * 131_072).fill(first + 0.5));
      await sleep(costly * costs.ms, undefined, { signal });
      const scored = score(batch);
      if (held.length === costly) predictions.push(...scored);
      held.length = 0; // or it would still be held, sometimes, while the next mini-batch is scored
    });
  }
  return predictions;
}

async function withinTime(first: number, length: number, { timeoutMs, maxRetries }: MiniBatchSettings, work: (signal: AbortSignal | undefined) => Promise<void>): Promise<void> {
  for (let retry = 0; ; retry += 1) {
    const signal = Number.isFinite(timeoutMs) ? AbortSignal.timeout(timeoutMs) : undefined;
    try {
      return await work(signal);
    } catch (error) {
      if (!signal?.aborted) throw error;
      const what = `mini-batch of rows ${first + 1} to ${first + length} exceeded its timeout of ${timeoutMs / 1000} s`;
      if (retry >= maxRetries) throw new Error(`TimeoutError: ${what}, after ${maxRetries} retries`);
      console.log(`${what}; retry ${retry + 1} of ${maxRetries}`);
    }
  }
}
