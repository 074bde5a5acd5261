/**
 * From "this approval was given" in Azure Pipelines or a classic release to an answer at a gate.
 *
 * Who, what and when are read by REST (`activities/azure-devops/approval-answers.ts` says what counts). The answer is signed: Azure DevOps knew who it was. It carries no evidence digest,
 * for that person saw Azure DevOps' page and not the card, and so counts only where the policy does not bind evidence; elsewhere it is shown as a proposal.
 */
import { answersOf, seeApproval, type ApprovalReading, type ApprovalRules } from '../../activities/azure-devops/approval-answers.ts';
import type { ApprovalRef, AzureApproval } from '../../activities/azure-devops/approvals.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import { problemAtGate, type ApprovalAnswer, type ReleaseRun } from '../../workflows/domain/azure-approval.ts';
import type { SignDecision } from '../decision-signer.ts';
import type { HookOutcome, SentDecision } from './release-completed.ts';

/** What it reads throws TryLater besides, when something that is needed is away. */
export interface ApprovalPorts extends ApprovalReading {
  /** Null where no target is accompanied. */
  rules: () => Promise<ApprovalRules | null>;
  /** Null where there is no such run. */
  readRelease: (workflowId: string) => Promise<ReleaseRun | null>;
  sign: SignDecision;
  /** Shows an answer at the gate that cannot count as it is, once; false where the gate does not want it. */
  propose: (workflowId: string, answer: Answer & Required<Pick<Answer, 'gate' | 'by' | 'verdict'>>) => Promise<boolean>;
  /** Sends the answer; one that is refused comes back with the reason. */
  send: (workflowId: string, answer: Answer, key: readonly string[]) => Promise<{ counted: boolean; reason?: string }>;
}

/** Sends every decision of an approval to the gates that its run's tags name. @throws the platform's classified failures, and TryLater */
export async function approvalGiven(ports: ApprovalPorts, ref: ApprovalRef): Promise<HookOutcome> {
  const rules = await ports.rules();
  if (rules === null) return { ignored: 'the estate accompanies no build pipeline' };
  const approval = await seeApproval(ports, ref);
  return approval === null ? { ignored: `approval ${ref.id} does not exist in this project, or may not be read` } : await answerGates(ports, rules, approval);
}

/** The same for an approval that has been seen already. */
export async function answerGates(ports: ApprovalPorts, rules: ApprovalRules, approval: AzureApproval): Promise<HookOutcome> {
  const told = await answersOf(ports, rules, approval);
  if ('ignored' in told) return told;
  const sent: SentDecision[] = [];
  for (const answer of told.answers) sent.push(await send(ports, answer, approval.ref));
  return { decisions: sent };
}

async function send({ readRelease, sign, propose, send: sendAnswer }: ApprovalPorts, answer: ApprovalAnswer, ref: ApprovalRef): Promise<SentDecision> {
  const { workflowId, gate, by, verdict, comment } = answer;
  const told = { workflowId, gate, by, verdict };
  const refused = (reason: string, early = false): SentDecision => ({ ...told, counted: false, reason, ...(early && { early }) });

  if (answer.refused !== null) return refused(answer.refused);
  const release = await readRelease(workflowId);
  const problem = problemAtGate(answer, release);
  if (problem !== null) return refused(problem.reason, problem.isEarly);
  if (release!.bindsEvidence) {
    const isShown = await propose(workflowId, { gate, by, verdict, comment });
    return refused(`gate ${gate} counts only decisions that name its evidence, which nobody sees in Azure DevOps; ${isShown ? 'shown there as a proposal: confirm it in the inbox' : 'decide in the inbox'}`);
  }
  const signed = await sign({ workflowId, runId: release!.runId, via: 'azure-devops', by, answer: { gate, verdict, comment } });
  return { ...told, ...(await sendAnswer(workflowId, signed, ['azure-devops', ref.kind, String(ref.id), gate, by, verdict])) };
}
