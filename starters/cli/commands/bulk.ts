/** `approve --all` and `reject --all`: the gates that wait, a preview of them, and one decision for each, bound to the evidence that the preview showed. */
import { whyLeftOut, type LeftOut } from '../../bulk/left-out.ts';
import { PatternError, targetPattern, type TargetPattern } from '../../bulk/target-pattern.ts';
import { planDecision, type BulkVerdict, type PlannedDecision } from '../../bulk/planned-decision.ts';
import { findWaitingGates, type WaitingGates } from '../../gates/waiting-gates.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { note, progress } from '../output.ts';
import type { BulkCommandOptions } from '../command-options.ts';
import { hasRunbookWorker, silenceAdvice } from '../run-query.ts';
import { withTemporal, type Session } from '../session.ts';
import { deciderOf } from '../sign-in/decider.ts';
import { carryOut } from './bulk-report.ts';

export async function answerAll(verdict: BulkVerdict, options: BulkCommandOptions): Promise<void> {
  const { target = '*', gate, comment, reason, except = [] } = options;
  const decider = deciderOf(options.as);
  const { by } = decider;
  const [wanted, excepted] = [patternOf(target), except.map(patternOf)];
  await withTemporal(async (session) => {
    const { gates: views, silent } = await waiting(session, wanted);
    const meant = views.filter((view) => wanted.matches(view.target) && !excepted.some((pattern) => pattern.matches(view.target)) && (gate === undefined || view.gate === gate));
    const leftOut = gate !== undefined ? [] : meant.flatMap(({ workflowId, gate: unnamed, target: at }): LeftOut[] => {
      const reason = whyLeftOut({ gate: unnamed, target: at });
      return reason === null ? [] : [{ workflowId, gate: unnamed, reason }];
    });
    const chosen = meant.filter(({ workflowId }) => !leftOut.some((left) => left.workflowId === workflowId));
    const oldestFirst = chosen.sort((one, other) => (one.openedAt < other.openedAt ? -1 : 1));
    const planned: PlannedDecision[] = oldestFirst.map((view) => planDecision(view, { verdict, by, comment: reason ?? comment }));
    await carryOut(session, planned, [], { ...options, decider, leftOut, silent, what: `${verdict === 'approve' ? 'Approve' : 'Reject'} ${planned.length} ${planned.length === 1 ? 'gate' : 'gates'} as ${by}?` });
  });
}

async function waiting(session: Session, { filter }: TargetPattern): Promise<WaitingGates> {
  const found = await findWaitingGates(session.client, { query: filter, hasWorker: () => hasRunbookWorker(session).catch(() => true), onAsked: progress('runs asked') });
  const { gates, silent } = found;
  if (silent.length > 0) note(`${silent.length} of ${gates.length + silent.length} runs that wait did not answer and are left out. ${await silenceAdvice(session)}`);
  return found;
}

function patternOf(text: string): TargetPattern {
  try {
    return targetPattern(text);
  } catch (error) {
    throw error instanceof PatternError ? new CommandError(ExitCode.Usage, error.message) : error;
  }
}
