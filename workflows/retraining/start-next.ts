/** Starting the runbook that a finding leads to. */
import type { NextStep } from '../domain/degradation.ts';
import type { RetrainOnDriftInput } from '../domain/drift-retraining.ts';
import { retrainOnDriftId, rollBackModelId } from '../domain/ids.ts';
import type { RollBackModelInput } from '../domain/rollback.ts';
import { followChild } from './child-runbook.ts';

export type NextInput = { runbook: 'rollBackModel'; input: RollBackModelInput } | { runbook: 'retrainOnDrift'; input: RetrainOnDriftInput };

/** Starts the runbook and waits for its outcome for so long at most. Where it is the one that asked for the investigation, it runs already, and goes on by what was found. */
export async function startNext({ runbook, input }: NextInput, askedBy: string | null, outcomeWithinMs: number, started: (step: NextStep) => void): Promise<NextStep> {
  const workflowId = runbook === 'rollBackModel' ? rollBackModelId(input.target) : retrainOnDriftId(input.target);
  const step = (state: NextStep['state'], reason: string, outcome: NextStep['outcome'] = null): NextStep => ({ runbook, state, workflowId, outcome, reason });
  const { state, ended } = await followChild({ runbook, workflowId, input, by: 'by its investigation' }, outcomeWithinMs, () => started(step('started', 'it has been started')));
  if (state === 'already running') return step(state, workflowId === askedBy ? `${workflowId}, which asked for this investigation, goes on` : `${workflowId} runs already`);
  return ended === null ? step('started', 'it still runs') : step('started', ended.reason, ended.outcome);
}
