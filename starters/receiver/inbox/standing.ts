/**
 * What is true of a decision now. The outcome that Temporal gives for an update is the one of its first sending: pressed again after a withdrawal, or after the gate has moved on, the
 * same button and the same form still get "it counts".
 */
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Answer } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { isDecidedBy } from '../../bulk/planned-decision.ts';
import { GateSilent } from '../../gates/read-gate.ts';
import type { AnswerOutcome } from '../../gates/send-answer.ts';
import { isUnanswered } from '../../temporal-connection.ts';
import type { GatePort } from './gate-port.ts';
import { outcomeText } from './outcome-text.ts';

export interface SentDecision {
  workflowId: string;
  /** First run id. */
  runId: string;
  answer: Answer & { gate: string; verdict: 'approve' | 'reject'; by: string };
}

/** `counts`: it stands, and the gate is still open for others. `closed`: nothing is left to decide. `void`: it does not stand. `unknown`: it was taken, and no worker says more. */
export interface Standing {
  kind: 'counts' | 'closed' | 'void' | 'unknown';
  /** One sentence for whoever decided. */
  text: string;
}

/** Reads the gate after a decision was sent, and says how it stands. `outcome` is what the update got, perhaps long ago. */
export async function standingOf(gates: Pick<GatePort, 'read' | 'status'>, { workflowId, runId, answer }: SentDecision, outcome: AnswerOutcome): Promise<Standing> {
  if (!outcome.counted) return { kind: 'void', text: outcomeText(outcome, answer) };
  const taken = `Your ${answer.verdict === 'approve' ? 'approval' : 'rejection'} was taken`;
  try {
    const view = await currentGate(gates, workflowId);
    if (view?.runId === runId && view.gate === answer.gate) return standsAt(view, answer, outcome);
    if (outcome.state !== 'open') return { kind: 'closed', text: outcomeText(outcome, answer) };
    return { kind: 'closed', text: `${taken}, but ${answer.gate} is closed meanwhile: ${view?.runId === runId ? `the run now waits at ${view.gate}` : await whereItIs(gates, workflowId)}.` };
  } catch (error) {
    if (!(error instanceof GateSilent) && !isUnanswered(error)) throw error;
    return { kind: 'unknown', text: `${taken}; where the gate stands now, no worker says.` };
  }
}

function standsAt(view: GateView, answer: SentDecision['answer'], outcome: AnswerOutcome): Standing {
  if (isDecidedBy(view, answer.by, answer.verdict)) {
    if (view.state === 'decided') return { kind: 'closed', text: outcomeText({ ...outcome, state: answer.verdict === 'approve' ? 'approved' : 'rejected' }, answer) };
    return { kind: 'counts', text: outcomeText({ ...outcome, state: 'open', missing: view.missing }, answer) };
  }
  const why = outcome.state !== 'open' || view.generation > 0 && view.evidence !== answer.evidence ? `the evidence has changed since, and ${view.gate} was opened again` : 'it was taken back since';
  return { kind: 'void', text: `Not counted: ${why}. An old decision does not come back by itself: decide on what is shown now.` };
}

/** Null also when the run is gone. */
async function currentGate(gates: Pick<GatePort, 'read'>, workflowId: string): Promise<GateView | null> {
  try {
    return await gates.read(workflowId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function whereItIs(gates: Pick<GatePort, 'status'>, workflowId: string): Promise<string> {
  const status = await gates.status(workflowId);
  if (status === null) return 'where the run stands, no worker says';
  return status.outcome === null ? `the run goes on, at ${status.phase}` : `the run has ended, ${status.outcome}`;
}
