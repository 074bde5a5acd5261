/** Whom a run has to do with, as its history tells: the runs that it started, and the lock of its target. */
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Client } from '@temporalio/client';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { LockClaim, LockNews } from '../../workflows/domain/resource-lock.ts';
import { timeOf, type Event, type Step } from './timeline.ts';

/** Times in milliseconds since the start of the story. */
export interface Child {
  type: string;
  workflowId: string;
  fromMs: number;
  /** When its parent heard of its end; its start where the parent never did. */
  untilMs: number;
  /** How it ended otherwise than completed; null also where the parent never heard. */
  ending: string | null;
}

export interface LockTime {
  target: string;
  fromMs: number;
  untilMs: number;
  /** Who held it meanwhile; null: the run itself. */
  waitsFor: string | null;
}

export function childrenOf(events: readonly Event[], startMs: number): Child[] {
  const children = new Map<string, Child>();
  for (const event of events) {
    const started = event.childWorkflowExecutionStartedEventAttributes;
    const workflowId = started?.workflowExecution?.workflowId;
    const atMs = timeOf(event) - startMs;
    if (workflowId) children.set(workflowId, { type: started.workflowType?.name ?? '', workflowId, fromMs: atMs, untilMs: atMs, ending: null });
    const endings = {
      null: event.childWorkflowExecutionCompletedEventAttributes, failed: event.childWorkflowExecutionFailedEventAttributes, cancelled: event.childWorkflowExecutionCanceledEventAttributes,
      'timed out': event.childWorkflowExecutionTimedOutEventAttributes, terminated: event.childWorkflowExecutionTerminatedEventAttributes,
    };
    for (const [ending, attributes] of Object.entries(endings)) {
      const child = children.get(attributes?.workflowExecution?.workflowId ?? '');
      if (child) Object.assign(child, { untilMs: atMs, ending: ending === 'null' ? null : ending });
    }
  }
  return [...children.values()];
}

export interface LocksReading {
  client: Client;
  events: readonly Event[];
  steps: readonly Step[];
  startMs: number;
  endMs: number;
}

/** A run claims one lock at most: by an activity, whose answer or the signal `lock` tells what became of it. */
export async function locksOf({ client, events, steps, startMs, endMs }: LocksReading): Promise<LockTime[]> {
  const claim = steps.find(({ type, state }) => type === 'claimLock' && state === 'done');
  if (!claim) return [];
  const target = targetLabel((claim.input as LockClaim).target);
  const news: { atMs: number; news: LockNews | null }[] = [{ atMs: claim.untilMs, news: claim.result as LockNews }];
  for (const event of events) {
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === 'lock') news.push({ atMs: timeOf(event) - startMs, news: ((await decodeArrayFromPayloads(client.options.loadedDataConverter, signal.input?.payloads))[0] as LockNews | undefined) ?? null });
    if (event.signalExternalWorkflowExecutionInitiatedEventAttributes?.signalName === 'release') news.push({ atMs: timeOf(event) - startMs, news: null });
  }
  return news.flatMap(({ atMs, news: told }, index): LockTime[] => {
    const untilMs = news[index + 1]?.atMs ?? endMs;
    if (told?.kind === 'granted') return [{ target, fromMs: atMs, untilMs, waitsFor: null }];
    return told?.kind === 'queued' ? [{ target, fromMs: atMs, untilMs, waitsFor: told.heldBy }] : [];
  });
}
