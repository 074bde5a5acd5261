/** Service hooks about builds: what they are followed by, and a notification that led to no change yet. */
import { idPart } from './ids.ts';
import type { Outcome } from './vocabulary.ts';

/** What builds are followed by. */
export interface BuildRules {
  /** Such as `refs/heads/main`. */
  releaseBranch: string;
  /** How long a change waits for its build, and how often it looks, in milliseconds. */
  forMs: number;
  everyMs: number;
}

export interface UnresolvedHookInput {
  /** Of the event; the same event comes to several subscriptions. */
  eventId: string;
  eventType: string;
  buildId: number;
  /** Such as `refs/heads/main`, as the estate had it. */
  releaseBranch: string;
  /** Why nothing was found at first. */
  reason?: string;
  /** How long it is tried again, and how often, in milliseconds. */
  forMs: number;
  everyMs: number;
}

/** `succeeded`: it woke or started its change; `rejected`: it turned out to concern nothing that is released; `expired`: nothing was found. */
export interface UnresolvedHookResult {
  outcome: Outcome;
  reason: string;
  buildId: number;
}

/** One run for each event, however often it is delivered. */
export function unresolvedHookId(eventId: string): string {
  return ['keepUnresolvedHook', idPart(eventId)].join(':');
}
