import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Verdict } from '../../../workflows/domain/answer.ts';
import type { Standing } from '../../../workflows/domain/approval.ts';
import { within } from '../../temporal-connection.ts';
import { holdpoint } from '../../command-line.ts';
import { decide, type Decision } from '../../decide.ts';
import { refuseClosed } from '../closed-run.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { print, printJson, withProgress } from '../output.ts';
import type { AnswerCommandOptions } from '../program.ts';
import { silenceAdvice } from '../run-query.ts';
import { withTemporal, type Session } from '../session.ts';

/** Answers the open gate of a run and waits until the run has counted or refused the answer. */
export async function answer(workflowId: string, verdict: Verdict, options: AnswerCommandOptions): Promise<void> {
  const { gate, as: by, comment, reason, evidence, timeout, json } = options;
  await withTemporal(async (session) => {
    const { runId } = await refuseClosed(session, workflowId, `the answer of ${by} was not taken`);
    const decision: Decision = { gate, verdict, by, comment: reason ?? comment, evidence };
    const standing = await send(session, { workflowId, runId }, decision, timeout * 1000);
    if (json) return printJson({ workflowId, runId, gate, verdict, by, standing });
    print(`${verdict === 'approve' ? 'Approved' : 'Rejected'} ${gate} of ${workflowId} as ${by}. Identity level: claimed, a name that nobody has verified.`);
    print(describe(standing, gate));
  });
}

async function send(session: Session, run: { workflowId: string; runId: string }, decision: Decision, timeoutMs: number): Promise<Standing> {
  const { client } = session;
  try {
    return await withProgress(() => 'waiting for a worker to take the answer', within(client, timeoutMs, () => decide(client.workflow, run, decision)));
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw new CommandError(ExitCode.Refused, `The answer of ${decision.by} was refused: ${error.cause?.message ?? error.message}`, `\`${holdpoint} show ${run.workflowId}\` shows what is asked, and of whom.`);
    }
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      throw new CommandError(
        ExitCode.TimedOut,
        `No worker took the answer within ${timeoutMs / 1000} s. It may still be counted once one does`,
        `${await silenceAdvice(session)}\nLook with \`${holdpoint} show ${run.workflowId}\` before you repeat the answer.`,
      );
    }
    // It ended between the look and the answer.
    if (error instanceof WorkflowNotFoundError) await refuseClosed(session, run.workflowId, `the answer of ${decision.by} was not taken`);
    throw error;
  }
}

function describe(standing: Standing, gate: string): string {
  if (standing.state === 'approved') return `${gate} is passed, approved by ${standing.by.join(', ')}; the run goes on.`;
  if (standing.state === 'rejected') return `${gate} is rejected by ${standing.by}; the run ends with that reason.`;
  return `${gate} stays open: ${standing.missing} more ${standing.missing === 1 ? 'approval is' : 'approvals are'} missing.`;
}
