/** Many decisions at once: each is sent with the digest that was shown, under an id of its own, and has its own result. */
import { WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { GateSilent, readGate } from '../gates/read-gate.ts';
import { AnswerRefused, sendAnswer, updateIdFrom, updateIdOf, type AnswerOutcome } from '../gates/send-answer.ts';
import { isUnanswered, within } from '../temporal-connection.ts';
import { isAttributed, isDecidedBy, isSameGate, type PlannedDecision } from './planned-decision.ts';
import { signalDecision } from './signal-decision.ts';

/** Most decisions under way at the same time: what a worker takes at once without those behind waiting longer. */
export const concurrency = 16;

export interface BulkResult {
  workflowId: string;
  /** First run id. */
  runId: string;
  gate: string;
  verdict: string;
  /**
   * `counted`: the gate took it. `already`: the same person had said the same; nothing changed. `proposed`: kept, but not counted. `refused`: the run said no. `unanswered`: nobody
   * took it in time; it may still be counted.
   */
  result: 'counted' | 'already' | 'proposed' | 'refused' | 'unanswered';
  /** Where the gate stands after it; null where that is not known. */
  state: AnswerOutcome['state'] | null;
  /** Further approvals that it still needs. */
  missing: number;
  reason: string;
  /** Set where it was sent as a signal, because the gate asks Temporal's server who it was. */
  channel?: 'signal';
}

export interface DecideAllOptions {
  /** Milliseconds that a worker has to take each decision. */
  timeoutMs: number;
  /** Called after each. */
  onResult?: (result: BulkResult) => void;
}

/**
 * Sends all decisions.
 *
 * Safe to repeat: what a person has said already is not sent again, and one decision is one update, whose id comes from run, gate, evidence, person, verdict and whether it is signed, so
 * that two of the same at the same time count once.
 */
export async function decideAll(client: Client, planned: readonly PlannedDecision[], { timeoutMs, onResult }: DecideAllOptions): Promise<BulkResult[]> {
  return await pMap(planned, async (decision) => {
    const result = await decideOne(client, decision, timeoutMs);
    onResult?.(result);
    return result;
  }, { concurrency });
}

/** After a withdrawal the same decision is a new one: the id of the first would give back its old outcome. So many times. */
const withdrawals = 3;

async function decideOne(client: Client, { view, answer }: PlannedDecision, timeoutMs: number): Promise<BulkResult> {
  const { workflowId, runId, gate } = view;
  const base = { workflowId, runId, gate, verdict: answer.verdict, state: null, missing: 0 };
  if (isDecidedBy(view, answer.by, answer.verdict)) return { ...base, result: 'already', reason: `${answer.by} has said so before; nothing was changed` };
  try {
    if (isAttributed(view)) return { ...base, ...(await signalDecision(client, { view, answer }, timeoutMs)), channel: 'signal' };
    for (let turn = 0; ; turn += 1) {
      const { state, counted, missing = 0, reason = '' } = await send(client, { view, answer }, turn, timeoutMs);
      if (!counted) return { ...base, result: 'proposed', state, missing, reason };
      if (state !== 'open' || turn === withdrawals || (await stands(client, workflowId, { view, answer }))) return { ...base, result: 'counted', state, missing, reason: '' };
    }
  } catch (error) {
    if (error instanceof AnswerRefused) return { ...base, result: 'refused', reason: error.message };
    if (error instanceof WorkflowNotFoundError) return { ...base, result: 'refused', reason: 'the run has ended' };
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isUnanswered(error)) return { ...base, result: 'unanswered', reason: `nobody took it within ${timeoutMs / 1000} s; it may still be counted` };
    throw error;
  }
}

/** One update. What was a proposal counts once it is signed, and a signature that did not hold, for want of a key, may hold now: neither gets the outcome of the former again. */
async function send(client: Client, { view, answer }: Pick<PlannedDecision, 'view' | 'answer'>, turn: number, timeoutMs: number): Promise<AnswerOutcome> {
  const { workflowId, runId, gate, generation } = view;
  const isSigned = answer.signature !== undefined;
  const updateId = updateIdFrom('bulk', runId, gate, String(generation), answer.evidence, answer.by.trim().toLowerCase(), answer.verdict, isSigned ? 'signed' : 'claimed', String(turn));
  const sendAs = (id: string | undefined): Promise<AnswerOutcome> => within(client, timeoutMs, () => sendAnswer(client, { workflowId }, answer, { updateId: id }));
  const outcome = await sendAs(updateId);
  return outcome.counted || !isSigned ? outcome : await sendAs(updateIdOf(answer));
}

/** Whether a decision that is said to count is really there: false after the person has withdrawn it. A gate that has moved on meanwhile has taken it. */
async function stands(client: Client, workflowId: string, { view, answer }: Pick<PlannedDecision, 'view' | 'answer'>): Promise<boolean> {
  try {
    const now = await readGate(client, workflowId);
    if (now === null || !isSameGate(now, view) || now.state === 'decided') return true;
    return now.decisions.length > view.decisions.length || isDecidedBy(now, answer.by, answer.verdict);
  } catch (error) {
    if (error instanceof GateSilent) return true;
    throw error;
  }
}
