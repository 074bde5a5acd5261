/** Starting the runbook that a finding leads to. */
import { startOwnRun, waitForOwnRun } from '../blocks/own-run.ts';
import type { NextStep } from '../domain/degradation.ts';
import type { RetrainOnDriftInput } from '../domain/drift-retraining.ts';
import { isRunOf, retrainOnDriftId, rollBackModelId, targetLabel } from '../domain/ids.ts';
import type { RollBackModelInput } from '../domain/rollback.ts';
import { readKnownRuns } from '../hooks/hook-activities.ts';

export type NextInput = { runbook: 'rollBackModel'; input: RollBackModelInput } | { runbook: 'retrainOnDrift'; input: RetrainOnDriftInput };

/**
 * Starts the runbook and waits for its outcome for so long at most. It goes on by itself whatever becomes of the investigation: a cancelled investigation must not stop a rollback. One that
 * runs already for the circuit is left alone; where it is the one that asked for the investigation, it goes on by what was found.
 */
export async function startNext({ runbook, input }: NextInput, askedBy: string | null, outcomeWithinMs: number, started: (step: NextStep) => void): Promise<NextStep> {
  const workflowId = runbook === 'rollBackModel' ? rollBackModelId(input.target) : retrainOnDriftId(input.target);
  const step = (state: NextStep['state'], reason: string, outcome: NextStep['outcome'] = null): NextStep => ({ runbook, state, workflowId, outcome, reason });
  // A schedule's run has an id of its period: it is the circuit's all the same.
  if (askedBy !== null && askedBy !== workflowId && isRunOf(askedBy, workflowId) && (await isRunning(askedBy))) return step('already running', `${askedBy}, which asked for this investigation, goes on`);
  const child = await startOwnRun({ runbook, workflowId, target: input.target, input, summary: `${runbook} for ${targetLabel(input.target)}, by its investigation` });
  if (child === null) return step('already running', workflowId === askedBy ? `${workflowId}, which asked for this investigation, goes on` : `${workflowId} runs already`);
  started(step('started', 'it has been started'));
  const { outcome, reason } = await waitForOwnRun(child, outcomeWithinMs);
  return step('started', reason, outcome);
}

async function isRunning(workflowId: string): Promise<boolean> {
  return (await readKnownRuns({ workflowIds: [workflowId] })).runs[0]!.state === 'running';
}
