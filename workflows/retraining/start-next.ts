/** Starting the runbook that a finding leads to, by its name. */
import { startOwnRun, waitForOwnRun } from '../blocks/own-run.ts';
import type { NextRunbook, NextStep } from '../domain/degradation.ts';
import { retrainOnDriftId, rollBackModelId, targetLabel } from '../domain/ids.ts';
import type { RollBackModelInput } from '../domain/rollback.ts';
import type { Outcome, Target } from '../domain/vocabulary.ts';

/** What is known of `retrainOnDrift` from here: which circuit, why, and where the analysis is. */
export interface RetrainOnDriftInput {
  target: Target;
  reason: string;
  /** Report of the investigation, with the drift of each feature. */
  reportUri: string | null;
  startedBy?: string;
}

export type NextInput = { runbook: 'rollBackModel'; input: RollBackModelInput } | { runbook: 'retrainOnDrift'; input: RetrainOnDriftInput };

/** Which of them this build has. A child of a type that no worker knows would wait for ever; a test compares this list with the registry. */
export const startableNext: readonly NextRunbook[] = ['rollBackModel'];

/**
 * Starts the runbook and waits for its outcome for so long at most. It goes on by itself whatever becomes of the investigation: a cancelled investigation must not stop a rollback.
 * One that runs already for the circuit is left alone and not waited for.
 */
export async function startNext({ runbook, input }: NextInput, outcomeWithinMs: number, started: (step: NextStep) => void): Promise<NextStep> {
  const workflowId = runbook === 'rollBackModel' ? rollBackModelId(input.target) : retrainOnDriftId(input.target);
  const step = (state: NextStep['state'], reason: string, outcome: Outcome | null = null): NextStep => ({ runbook, state, workflowId, outcome, reason });
  if (!startableNext.includes(runbook)) return step('recommended', `${runbook} is not part of this version of Holdpoint: it is recommended, not started`);

  const child = await startOwnRun({ runbook, workflowId, target: input.target, input, summary: `${runbook} for ${targetLabel(input.target)}, by its investigation` });
  if (child === null) return step('already running', `${workflowId} runs already`);
  started(step('started', 'it has been started'));
  const { outcome, reason } = await waitForOwnRun(child, outcomeWithinMs);
  return step('started', reason, outcome);
}
