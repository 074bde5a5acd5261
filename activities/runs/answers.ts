/** Answers and reminders to the gates of other runs: updates with an id of their own, so that a repeated one is the same one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { clip, type ReviewReference } from '../../workflows/domain/answer.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { GateAddress, GivenDecision, Refusal } from '../../workflows/domain/review-gates.ts';
import { recordProgress } from '../heartbeat.ts';
import { isFailure } from '../http/classify.ts';
import { classifyTemporal, grpcCode } from './temporal-failures.ts';
import { concurrency } from './waiting-gates.ts';

export interface AnswerGateInput extends GateAddress {
  key: StepKey;
  verdict: 'approve' | 'reject';
  /** Whose decision it is: they decided in a review, and the answer is given as theirs. Without a signature it is `claimed`. */
  by: string;
  comment: string;
  signature?: string;
  /** Where that was signed. */
  review?: ReviewReference;
}

/** `counted` and not settled: more approvals are missing. */
export interface AnsweredGate {
  counted: boolean;
  state: 'open' | 'approved' | 'rejected' | 'refused';
  reason: string;
}

export interface AnswerGatesInput {
  key: StepKey;
  gates: GateAddress[];
  verdict: 'approve' | 'reject';
  /** Those of the review, each for every gate. */
  decisions: GivenDecision[];
  /** The opening at which they were made. */
  review: ReviewReference;
}

export interface AnsweredGates {
  /** How many gates are settled by this. */
  settled: number;
  /** The others, each with its reason. */
  refused: Refusal[];
}

export type Tending = 'remeasure' | 'remind' | 'widen' | 'lapse';

export interface TendGateInput {
  key: StepKey;
  workflowId: string;
  action: Tending;
  /** Who asks: the name of a run, not of a person. */
  by: string;
  reason: string;
}

export interface TendGatesInput {
  /** Each with a key of its own: a gate that has been tended under it already is not tended again. */
  gates: { key: StepKey; workflowId: string; reason: string }[];
  action: Tending;
  by: string;
}

/** `done: false`: the gate was closed, or does not allow it; the reason says which. */
export interface TendedGate {
  done: boolean;
  changes: string[];
  reason: string;
}

/** Times that an update is sent which Temporal gave back untaken, and how long a worker has to answer, in milliseconds. */
const attempts = 5;
const answerMs = 20_000;
const longestReason = 200;

/**
 * Gives one person's decision at one gate. A gate that refuses it is a result, not a failure.
 *
 * Safe to retry because the update's id comes from the step's key: Temporal gives the first answer's outcome back and sends the gate nothing new.
 */
export async function answerGate(client: Client, { key, workflowId, gate, verdict, by, comment, evidence, signature, review }: AnswerGateInput): Promise<AnsweredGate> {
  const answer = { gate, verdict, by, comment, evidence, ...(signature !== undefined && { signature, review }) };
  const outcome = await update<{ counted: boolean; state: AnsweredGate['state']; reason?: string }>(client, workflowId, 'decide', answer, `${key.key}-${gate}-${by}`);
  if ('refused' in outcome) return { counted: false, state: 'refused', reason: outcome.refused };
  const { counted, state, reason = '' } = outcome.result;
  return { counted, state, reason };
}

/** The same for many gates and everybody who decided; one refused gate stops no other. Safe to retry for the same reason. */
export async function answerGates(client: Client, { key, gates, verdict, decisions, review }: AnswerGatesInput): Promise<AnsweredGates> {
  let answered = 0;
  const refused = await pMap(gates, async (address): Promise<Refusal[]> => {
    let last: AnsweredGate = { counted: false, state: 'refused', reason: 'nobody decided' };
    for (const decision of decisions) {
      last = await answerGate(client, { key, verdict, review, ...decision, ...address });
      if (last.state === 'approved' || last.state === 'rejected') break;
    }
    recordProgress({ answered: (answered += 1), of: gates.length });
    if (last.counted && last.state !== 'open') return [];
    return [{ workflowId: address.workflowId, reason: clip(last.counted ? 'it needs more approvals' : last.reason, longestReason) }];
  }, { concurrency });
  return { settled: gates.length - refused.flat().length, refused: refused.flat() };
}

/**
 * Looks after a gate without deciding it.
 *
 * Safe to retry because the update's id comes from the step's key: a repeated reminder is the same one.
 */
export async function tendGate(client: Client, { key, workflowId, action, by, reason }: TendGateInput): Promise<TendedGate> {
  const outcome = await update<{ changes: string[] }>(client, workflowId, 'tendGate', { action, by, reason }, `${key.key}-${action}`);
  return 'refused' in outcome ? { done: false, changes: [], reason: outcome.refused } : { done: true, changes: outcome.result.changes, reason: '' };
}

/**
 * The same for many gates; one that does not answer in time stops no other, and is said to be at it still.
 *
 * Safe to retry for the same reason.
 */
export async function tendGates(client: Client, { gates, action, by }: TendGatesInput): Promise<{ gates: (TendedGate & { workflowId: string })[] }> {
  let tended = 0;
  const results = await pMap(gates, async ({ key, workflowId, reason }) => {
    const result = await tendGate(client, { key, workflowId, action, by, reason }).catch((error: unknown): TendedGate => {
      if (!isFailure(error, FailureType.Unavailable)) throw error;
      return { done: false, changes: [], reason: 'it has not answered yet' };
    });
    recordProgress({ tended: (tended += 1), of: gates.length });
    return { workflowId, ...result };
  }, { concurrency });
  return { gates: results };
}

/**
 * Sends an update under an id. It is sent again when Temporal gave it back untaken: an update that ends a run meets an event which arrived in the same moment, and the server lets
 * the task be done anew without it.
 */
async function update<T>(client: Client, workflowId: string, name: string, value: object, updateId: string): Promise<{ result: T } | { refused: string }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await client.connection.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(workflowId).executeUpdate<T, [object]>(name, { args: [value], updateId }));
      return { result };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return { refused: clip(error.cause?.message ?? error.message, longestReason) };
      if (error instanceof WorkflowNotFoundError) return { refused: 'the run has ended' };
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || grpcCode(error) !== 9 || attempt === attempts) throw classifyTemporal(error, workflowId);
      await sleep(100 * attempt);
    }
  }
}
