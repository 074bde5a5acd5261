/** Sending a signed answer, or any other, to the gate of a run: the same way for the inbox, chat buttons, the command line and reviews. */
import { createHash } from 'node:crypto';
import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { decodeJwt } from 'jose';
import type { Answer } from '../../workflows/domain/answer.ts';
import { decide } from '../decide.ts';

/** What the run says of the answer. `counted: false` with a reason: it is kept as a proposal, or it did not hold when it was verified. */
export interface AnswerOutcome {
  state: 'open' | 'approved' | 'rejected';
  counted: boolean;
  /** Why it did not count. */
  reason?: string;
  /** Of an open gate. */
  missing?: number;
  missingGroups?: string[];
  /** Of a decided one. */
  by?: string[] | string;
}

/** The run's validator refused the answer: it left no event. */
export class AnswerRefused extends Error {}

export interface SendAnswerOptions {
  /** Two answers under one id are one answer, and the second gets what the first got. By default the signature's `jti`. */
  updateId?: string;
}

/**
 * Sends the update `decide` and waits until the run has counted or refused the answer.
 *
 * Safe to repeat, and to replay: the update's id comes from the signature's `jti`, so that the same signed answer is the same update, which Temporal takes once for a run.
 *
 * @throws AnswerRefused with the run's reason; WorkflowNotFoundError when the run has ended; the client's own errors when nobody answers
 */
export async function sendAnswer(client: Client, { workflowId, runId }: { workflowId: string; runId?: string }, answer: Answer, { updateId = updateIdOf(answer) }: SendAnswerOptions = {}): Promise<AnswerOutcome> {
  try {
    return await decide<AnswerOutcome>(client.workflow, { workflowId, ...(runId !== undefined && { runId }) }, answer, updateId);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new AnswerRefused((error.cause?.message ?? error.message).replace(/^not counted: /, ''), { cause: error });
    throw error;
  }
}

/** The update id of a signed answer; undefined for an unsigned one, which has nothing that tells a repetition from a second answer. */
export function updateIdOf({ signature }: Answer): string | undefined {
  if (signature === undefined) return undefined;
  const { jti } = decodeJwt(signature);
  return jti === undefined ? undefined : updateIdFrom('decision', jti);
}

/** An update id from parts of any length and content. */
export function updateIdFrom(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}
