/** What the inbox asks of Temporal. */
import type { Client } from '@temporalio/client';
import type { Answer } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { readGate } from '../../gates/read-gate.ts';
import { sendAnswer, type AnswerOutcome } from '../../gates/send-answer.ts';
import { findWaitingGates, type WaitingGates } from '../../gates/waiting-gates.ts';
import { within } from '../../temporal-connection.ts';

/** A decision of somebody whom the receiver knows. */
export interface SignedDecision {
  workflowId: string;
  /** First run id. */
  runId: string;
  /** Canonical id. */
  by: string;
  /** Where the person was known: `inbox` or `slack`. */
  via: string;
  answer: Answer;
  /** The same for a repetition of the same form or button. */
  updateId: string;
}

export interface GatePort {
  list(): Promise<WaitingGates>;
  /** Null when the run waits at no gate. */
  read(workflowId: string): Promise<GateView | null>;
  /** Null when no worker says. */
  status(workflowId: string): Promise<RunStatus | null>;
  decide(decision: SignedDecision): Promise<AnswerOutcome>;
  /** Only signs: the command line sends it itself. */
  sign: DecisionSigner;
}

/** Signs an answer for a person: `starters/decision-signer.ts`. */
export type DecisionSigner = (input: { workflowId: string; runId: string; via: string; by: string; answer: Answer }) => Promise<Answer>;

/** Milliseconds for which a list is good for everybody: many who look at once ask the runs once. */
const listMs = 1_500;
/** Milliseconds that a worker has to take an answer and to verify its signature. */
const decideMs = 20_000;
const statusMs = 3_000;

export function temporalGates(client: Client, sign: DecisionSigner): GatePort {
  let listed: { at: number; gates: Promise<WaitingGates> } | null = null;
  return {
    async list() {
      if (listed === null || Date.now() - listed.at > listMs) listed = { at: Date.now(), gates: findWaitingGates(client) };
      try {
        return await listed.gates;
      } catch (error) {
        listed = null;
        throw error;
      }
    },
    read: (workflowId) => readGate(client, workflowId),
    async status(workflowId) {
      return await within(client, statusMs, () => client.workflow.getHandle(workflowId).query<RunStatus>('status')).catch(() => null);
    },
    sign,
    async decide({ updateId, ...decision }) {
      listed = null; // whoever decided must not see the gate still waiting for them
      const signed = await sign(decision);
      // By the workflow's id alone: after a reset the run has another id than the first one, which the signature names.
      return await within(client, decideMs, () => sendAnswer(client, { workflowId: decision.workflowId }, signed, { updateId })).finally(() => (listed = null));
    },
  };
}
