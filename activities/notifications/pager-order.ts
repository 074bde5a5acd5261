/** The order of pages and resolves of one gate, which come from different activities. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { vendorFailure } from '../http/classify.ts';
import { gateStanding, type GateStanding } from './gate-standing.ts';
import type { PagerEvent } from './pager-duty.ts';

/** How much later than its time-out a trigger may still be taken, in milliseconds; what is later than that stays open until somebody resolves it. */
const lateMs = 5_000;

/** How a page finds out whether it still wakes somebody for something. */
interface PagingAttempt {
  /** From 1. */
  attempt: number;
  /** Whether an attempt before this one has paged, and only the question after it is missing. */
  hasPaged: boolean;
  paged: () => void;
  ask: () => Promise<GateStanding>;
  send: (event: PagerEvent) => Promise<void>;
}

/**
 * Pages for a gate, so that no page is left open when the gate is over: PagerDuty takes events in the order of their arrival, and a trigger that is late, or is tried again, may come
 * after the resolve. So the run is asked after the trigger, whatever became of it: had the gate closed before, the resolve may have gone out already, and is sent once more; if it was
 * still open, the resolve comes after. Before a repeated trigger the run is asked too, so that nobody is woken for nothing. While it cannot be asked, people are woken.
 *
 * Safe to repeat because a trigger joins the page of its key, and a resolve of what is resolved changes nothing.
 */
async function pageInOrder(event: PagerEvent, { attempt, hasPaged, paged, ask, send }: PagingAttempt): Promise<string | void> {
  const resolve = async (): Promise<string> => {
    await send({ event_action: 'resolve', dedup_key: event.dedup_key });
    return 'the gate was over when the page went out, so it was resolved';
  };
  if (!hasPaged) {
    if (attempt > 1 && (await ask()) === 'over') return await resolve();
    try {
      await send(event);
    } catch (error) {
      if ((await ask()) !== 'over') throw error;
      // It may have arrived all the same, or still be on its way. Not left to another attempt: the run has cancelled what it told of an open gate.
      await resolve().catch(() => undefined);
      await sleep(lateMs);
      return await resolve();
    }
    paged();
  }
  const standing = await ask();
  if (standing === 'over') return await resolve();
  if (standing === 'unknown') throw vendorFailure(FailureType.Unavailable, 'paged, but no worker says whether the gate is still open', {});
}

/** Only a page for a gate is overtaken by the gate's end: a finding has none, and an incident tells one thing after the other. */
export async function page(event: PagerEvent, about: GateEvent, send: (event: PagerEvent) => Promise<void>, client: Client | null, attempt: Pick<PagingAttempt, 'attempt' | 'hasPaged' | 'paged'>): Promise<string | void> {
  if (event.event_action !== 'trigger' || about.kind === 'finding' || about.kind === 'incident' || client === null) return await send(event);
  return await pageInOrder(event, { ...attempt, send, ask: () => gateStanding(client, about) });
}
