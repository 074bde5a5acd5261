/** Approvals that no service hook has told, shown at the gates that they answer. */
import type { Client } from '@temporalio/client';
import { problemAtGate, type ApprovalAnswer } from '../../workflows/domain/azure-approval.ts';
import type { FoundApproval } from '../../workflows/domain/hook-reconciliation.ts';
import { recordProgress } from '../heartbeat.ts';
import { proposeApproval, readApprovedRelease, type AskGate } from './approved-release.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { queryGate } from './waiting-gates.ts';

/** It is not known what the run waits for. */
class Unread extends Error {}

/**
 * Shows each answer at its gate, unsigned: a proposal where the gate asks for proof, for the receiver alone can sign. One that stands there already, counted or not, is left out of the answer.
 *
 * Safe to retry because what is shown is not sent again.
 */
export async function showApprovals(client: Client, { answers }: { answers: ApprovalAnswer[] }): Promise<{ approvals: FoundApproval[] }> {
  const askGate: AskGate = async (run) => {
    const view = await queryGate(client, run);
    if (view !== null && 'unread' in view) throw new Unread(view.unread);
    return view;
  };
  const approvals: FoundApproval[] = [];
  // One after the other: two of one person must not both be found missing.
  for (const [index, answer] of answers.entries()) {
    const found = await show(client, askGate, answer);
    if (found !== null) approvals.push(found);
    recordProgress({ done: index + 1, of: answers.length });
  }
  return { approvals };
}

/** Null where the gate knows of it. */
async function show(client: Client, askGate: AskGate, answer: ApprovalAnswer): Promise<FoundApproval | null> {
  const { workflowId, gate, by, verdict, approval, where } = answer;
  const found = (shown: boolean, reason: string): FoundApproval => ({ workflowId, gate, by, verdict, approval, where, shown, reason });
  try {
    const problem = problemAtGate(answer, await readApprovedRelease(client, askGate, workflowId));
    if (problem !== null) return found(false, problem.reason);
    if (answer.refused !== null) return found(false, answer.refused);
    const { isShown, told } = await proposeApproval(client, askGate, workflowId, answer);
    if (isShown) return told ? found(true, 'no hook had told it; the receiver counts it when it is back, or the person confirms it in the inbox') : null;
    return found(false, 'its gate did not want it');
  } catch (error) {
    if (error instanceof Unread) return found(false, error.message);
    throw classifyTemporal(error, workflowId);
  }
}
