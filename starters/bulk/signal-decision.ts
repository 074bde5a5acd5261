/** A decision by signal, for gates that believe nobody but Temporal's server: it gives an update to the worker that accepted it, so only a signal can be its sender's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { GateSilent, readGate } from '../gates/read-gate.ts';
import { within } from '../temporal-connection.ts';
import { isDecidedBy, isSameGate, type PlannedDecision } from './planned-decision.ts';

export interface Signalled {
  result: 'counted' | 'proposed' | 'unanswered';
  state: 'open' | 'approved' | 'rejected' | null;
  missing: number;
  reason: string;
}

/** Milliseconds for the signal itself, and the longest that it is watched for: verifying asks the history once for all answers that wait. */
const signalMs = 10_000;
const longestWatchMs = 15_000;
const lookMs = 500;

/**
 * Sends the signal and watches the gate for what becomes of it, for a signal has no answer.
 *
 * Safe to repeat: a gate counts a person once.
 *
 * @throws WorkflowNotFoundError when the run has ended before
 */
export async function signalDecision(client: Client, { view, answer }: Pick<PlannedDecision, 'view' | 'answer'>, timeoutMs: number): Promise<Signalled> {
  const { workflowId } = view;
  const { verdict, signature: _unread, ...decision } = answer;
  await within(client, signalMs, () => client.workflow.getHandle(workflowId).signal(verdict, decision));
  let last: GateView | null | undefined;
  const until = Date.now() + Math.min(timeoutMs, longestWatchMs);
  while (Date.now() < until) {
    last = await lookAt(client, workflowId);
    const seen = last === undefined ? null : outcomeIn(last, { view, answer });
    if (seen !== null) return seen;
    await sleep(lookMs);
  }
  // A second one like the first shows no difference: it is still the proposal that it was.
  const former = last?.proposals.find((one) => one.verdict === verdict && one.by.toLowerCase() === answer.by.trim().toLowerCase());
  if (former !== undefined) return { result: 'proposed', state: 'open', missing: last?.missing ?? 0, reason: former.reason };
  return { result: 'unanswered', state: null, missing: 0, reason: 'sent as a signal; it does not show yet whether it counts' };
}

/** What the gate shows; undefined while nobody answers. */
async function lookAt(client: Client, workflowId: string): Promise<GateView | null | undefined> {
  try {
    return await readGate(client, workflowId);
  } catch (error) {
    if (error instanceof GateSilent) return undefined;
    throw error;
  }
}

/** Null: nothing shows yet. A gate that has moved on has taken it. */
function outcomeIn(now: GateView | null, { view, answer: { by, verdict } }: Pick<PlannedDecision, 'view' | 'answer'>): Signalled | null {
  if (now === null || !isSameGate(now, view) || now.state === 'decided') return { result: 'counted', state: verdict === 'approve' ? 'approved' : 'rejected', missing: 0, reason: '' };
  if (isDecidedBy(now, by, verdict) || now.decisions.length > view.decisions.length) return { result: 'counted', state: 'open', missing: now.missing, reason: '' };
  const proposal = now.proposals.find((one) => one.verdict === verdict && !view.proposals.some((before) => before.by === one.by && before.at === one.at));
  return proposal === undefined ? null : { result: 'proposed', state: 'open', missing: now.missing, reason: proposal.reason };
}
