import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import type { FinishRetrainingInput, FinishRetrainingResult } from '../domain/drift-retraining.ts';
import { RetrainOnDriftPhase as Phase } from '../domain/phases.ts';
import { appendToRecord, loadPolicy } from '../releases/release-activities.ts';
import { followRelease, moveBaseline } from './merged-retraining.ts';

/** The last two steps of a `retrainOnDrift` that was cancelled, or failed, after its change was merged: the release goes on, and its version gets a drift baseline of its own once it serves. */
export async function finishRetraining(input: FinishRetrainingInput): Promise<FinishRetrainingResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'repositoryId', 'pullRequestId', 'until', 'key.key', 'insteadOf']);
  const { target, insteadOf } = input;
  const run = new Run({ phase: Phase.Release, target: { ...target, version: 'proposed' }, appendToRecord });
  const said: FinishRetrainingResult = { outcome: 'failed', reason: '', target, release: null, serving: null, baseline: input.recorded };
  const result = (outcome: FinishRetrainingResult['outcome'], reason: string): FinishRetrainingResult => ({ ...said, outcome, reason });
  run.note(`In place of ${insteadOf}, which has ended after its change was merged.`);

  return await run.conclude(async () => {
    const following = { input, policy: await loadPolicy({ target }) };
    const followed = await followRelease(following, input, said);
    if ('ending' in followed) return result(followed.ending.outcome, followed.ending.reason);
    run.enter(Phase.Baseline);
    const { outcome, reason } = await moveBaseline(run, following, input, followed.ended, said);
    return result(outcome, reason);
  }, result);
}
