/** How runs learn of freezes: the question, and the wait for a changed estate. */
import type { createFreezeActivities } from '../../activities/estate/freezes.ts';
import { brief, on, polling } from '../blocks/activity-budgets.ts';
import type { FreezeQuestion, FreezeStanding } from '../domain/freeze.ts';
import { TaskQueue } from '../domain/queues.ts';

type Freezes = ReturnType<typeof createFreezeActivities>;

const { readFreeze } = on<Freezes>(TaskQueue.Estate, brief, 'Look for a freeze');

/** How it stands at an ISO instant. */
export async function freezeAt(question: FreezeQuestion, at: string): Promise<FreezeStanding | null> {
  return (await readFreeze({ ...question, at })).standing;
}

/** Waits until the estate says something else than is known, for so many milliseconds at most; held by no worker in between. */
export async function freezeChanged(question: FreezeQuestion, known: string, boundMs: number): Promise<unknown> {
  return await on<Freezes>(TaskQueue.Estate, polling(60_000, boundMs), 'Notice when the freeze is lifted or moved').awaitFreezeChange({ ...question, known });
}
