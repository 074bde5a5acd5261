import { sleep } from '@temporalio/activity';

/** Milliseconds between two looks at whether the activity was cancelled. */
const lookMs = 1_000;

/** Waits until a write of uncertain outcome can be expected to have arrived, if it ever will. Not a decision by the clock: the time is counted, and a cancellation ends it. */
export async function settle(settleMs: number): Promise<void> {
  for (let remaining = settleMs; remaining > 0; remaining -= lookMs) await sleep(Math.min(remaining, lookMs));
}
