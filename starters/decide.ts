/** Sending a decision, the same way for the command line and the demo. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, type WorkflowClient } from '@temporalio/client';
import type { Answer, Verdict } from '../workflows/domain/answer.ts';
import type { Standing } from '../workflows/domain/approval.ts';

/** The answer as the runbooks' update `decide` takes it. */
export interface Decision {
  gate: string;
  verdict: Verdict;
  by: string;
  comment?: string;
  evidence?: string;
}

const attempts = 5;
const failedPrecondition = 9;

/**
 * Sends the update `decide`, under one id, so that a repetition is the same answer; a caller that may itself be repeated chooses the id. It is repeated when Temporal gave the
 * answer back untaken: a decision that ends a run meets an event which arrived in the same moment, and the server lets the task be done anew without it.
 */
export async function decide<Result = Standing>(client: WorkflowClient, { workflowId, runId }: { workflowId: string; runId?: string }, decision: Decision | Answer, updateId: string = randomUUID()): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.getHandle(workflowId, runId).executeUpdate<Result, [Decision | Answer]>('decide', { args: [decision], updateId });
    } catch (error) {
      if (attempt === attempts || !wasGivenBack(error)) throw error;
      await sleep(100 * attempt);
    }
  }
}

function wasGivenBack(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && Number(cause.code) === failedPrecondition && /workflow task failure/.test(cause.details);
}
