import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import ms, { type StringValue } from 'ms';
import type { Answer, Verdict } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { Standing } from '../../../workflows/domain/approval.ts';
import { within } from '../../temporal-connection.ts';
import { holdpoint } from '../../command-line.ts';
import { decide } from '../../decide.ts';
import { GateSilent, readGate } from '../../gates/read-gate.ts';
import { refuseClosed } from '../closed-run.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { instant, print, printJson, withProgress } from '../output.ts';
import type { AnswerCommandOptions } from '../command-options.ts';
import { silenceAdvice } from '../run-query.ts';
import { deciderOf, levelOf, proposalAdvice, type Decider } from '../sign-in/decider.ts';
import { signAnswers } from '../sign-in/receiver-calls.ts';
import { callMs, withTemporal, type Session } from '../session.ts';

/** What `decide` answers: where the gate stands, and whether this answer counted; if it did not, `reason` says why. */
type Taken = Standing & { counted: boolean };

/** Answers the open gate of a run and waits until the run has counted or refused the answer; on an attributed gate it is only sent. */
export async function answer(workflowId: string, verdict: Verdict, options: AnswerCommandOptions): Promise<void> {
  const { gate, timeout = 30, json } = options;
  const decider = deciderOf(options.as);
  const { by } = decider;
  const given = answerOf(verdict, { ...options, as: by });
  await withTemporal(async (session) => {
    const { runId } = await refuseClosed(session, workflowId, `the answer of ${by} was not taken`);
    if ((verdict === 'approve' || verdict === 'reject') && (await isAttributed(session, workflowId, gate))) {
      await signal(session, { workflowId, runId }, verdict, given);
      if (json) return printJson({ workflowId, runId, gate, verdict, by, standing: null, counted: null });
      print(`Sent, as the signal ${verdict} of ${gate} of ${workflowId}, as ${by}. Identity level: attributed, so it counts if Temporal's server says that the token it came with is ${by}'s.`);
      return print(`\`${holdpoint} show ${workflowId}\` tells in its last answer whether it counted, and if not, why.`);
    }
    const sent = await signed(session, workflowId, given, decider);
    const { counted, ...standing } = await send(session, { workflowId, runId }, sent, timeout * 1000);
    if (!counted) process.exitCode = ExitCode.Refused;
    if (json) return printJson({ workflowId, runId, gate, verdict, by, standing, counted });
    if (!counted) {
      print(`${decider.signIn === null ? 'Kept as a proposal, not counted' : 'Not counted'}: ${'reason' in standing ? standing.reason : 'the run gives no reason'}.`);
      return decider.signIn === null ? print(proposalAdvice) : undefined;
    }
    print(`${done[verdict](given)} ${gate} of ${workflowId} as ${by}. ${levelOf(decider)}`);
    print(describe(standing, gate));
  });
}

const done: Record<Verdict, (answer: Answer) => string> = {
  approve: () => 'Approved',
  reject: () => 'Rejected',
  withdraw: () => 'Withdrew the decision on',
  delegate: ({ to, until }) => `Named ${to}${until === undefined ? '' : ` until ${instant(until)}`} for`,
  defer: ({ until }) => `Deferred until ${instant(until!)}`,
  check: ({ item }) => `Answered ${item} of`,
  bypass: ({ incident }) => `Broke the glass for ${incident} at`,
};

function answerOf(verdict: Verdict, { gate, as: by = '', comment, reason, evidence, except, effectiveAt, until, to, incident, item }: AnswerCommandOptions): Answer & { by: string } {
  const fields = { comment: reason ?? comment, evidence, except, effectiveAt: instantOf('--effective-at', effectiveAt), until: instantOf('--until', until), to, incident, item };
  return { gate, verdict, by, ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) };
}

/** The answer with the receiver's signature, for whoever is signed in: bound to the run's first id, which the open gate tells. */
async function signed(session: Session, workflowId: string, given: Answer & { by: string }, { signIn }: Decider): Promise<Answer & { by: string }> {
  if (signIn === null) return given;
  const view = await openGate(session, workflowId);
  const [answer] = await signAnswers(signIn, [{ workflowId, runId: view.runId, answer: given }]);
  return { ...answer, by: given.by };
}

async function openGate(session: Session, workflowId: string): Promise<GateView> {
  try {
    const view = await readGate(session.client, workflowId);
    if (view !== null) return view;
  } catch (error) {
    throw error instanceof GateSilent ? new CommandError(ExitCode.TimedOut, `Nothing was sent: ${error.message}`, await silenceAdvice(session)) : error;
  }
  throw new CommandError(ExitCode.Refused, `Nothing was sent: no gate of ${workflowId} is open`, `\`${holdpoint} show ${workflowId}\` shows where it stands.`);
}

/** An instant as ISO has it, or so long from now. */
function instantOf(option: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const length = /^\d+(\.\d+)?\s?(m|h|d)$/.test(value) ? ms(value as StringValue) : undefined;
  const at = length === undefined ? (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : NaN) : Date.now() + length;
  if (Number.isNaN(at)) throw new CommandError(ExitCode.Usage, `${option} must be an instant such as 2026-11-24T09:00:00Z, or a length of time such as 90m, 4h or 2d`);
  return new Date(at).toISOString();
}

/** Whether the gate wants to know from Temporal's server who decides. The server gives an update to the worker that accepted it, so only a signal can be its sender's. */
async function isAttributed({ client }: Session, workflowId: string, gate: string): Promise<boolean> {
  try {
    const view = await readGate(client, workflowId);
    return view?.gate === gate && view.policy.identity === 'attributed';
  } catch (error) {
    if (error instanceof GateSilent) return false; // the update waits for a worker, and says so; on an attributed gate it does no harm: it is a proposal
    throw error;
  }
}

/** Sends the answer as Temporal Web UI does. A signal has no answer: the run shows what became of it. */
async function signal(session: Session, { workflowId, runId }: { workflowId: string; runId: string }, name: 'approve' | 'reject', { verdict: _said, ...decision }: Answer & { by: string }): Promise<void> {
  try {
    await within(session.client, callMs, () => session.client.workflow.getHandle(workflowId, runId).signal(name, decision));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) await refuseClosed(session, workflowId, `the answer of ${decision.by} was not taken`);
    throw error;
  }
}

async function send(session: Session, run: { workflowId: string; runId: string }, decision: Answer & { by: string }, timeoutMs: number): Promise<Taken> {
  const { client } = session;
  try {
    return await withProgress(() => 'waiting for a worker to take the answer', within(client, timeoutMs, () => decide<Taken>(client.workflow, run, decision)));
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
  const groups = standing.missingGroups.length === 0 ? '' : `, and somebody of ${standing.missingGroups.join(', ')}`;
  return `${gate} stays open: ${standing.missing} more ${standing.missing === 1 ? 'approval is' : 'approvals are'} missing${groups}.`;
}
