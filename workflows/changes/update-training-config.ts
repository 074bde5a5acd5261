import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { tuningBranch, tuningTitle, whyNotPlanned, type UpdateTrainingConfigInput, type UpdateTrainingConfigResult } from '../domain/configuration-change.ts';
import { UpdateTrainingConfigPhase as Phase } from '../domain/phases.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { startChange } from '../releases/start-change.ts';
import { loadChangeRules } from './change-activities.ts';
import { ConfigurationChange } from './configuration-change.ts';

/** Config update: new hyperparameters for one circuit, by a pull request that a data scientist reviews; once merged, "New model deployment" goes on for that circuit alone. */
export async function updateTrainingConfig(input: UpdateTrainingConfigInput): Promise<UpdateTrainingConfigResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'rationale']);
  const { target, hyperparameters, cutoffDate, rationale, startedBy = null } = input;
  const run = new Run({ phase: Phase.Edit, target: { ...target, version: 'proposed' }, appendToRecord });
  const branch = tuningBranch(target);
  const edit = { ...(hyperparameters && { hyperparameters }), ...(cutoffDate !== undefined && { cutoffDate }) };
  const change = new ConfigurationChange(run, { target, edit, branch, title: tuningTitle(target), rationale, requestedBy: startedBy });
  const said: Pick<UpdateTrainingConfigResult, 'pullRequest' | 'changes' | 'notes' | 'reviewedBy' | 'release'> = { pullRequest: null, changes: [], notes: [], reviewedBy: [], release: null };
  const result = (outcome: UpdateTrainingConfigResult['outcome'], reason: string): UpdateTrainingConfigResult => ({ outcome, reason, target, branch, ...said });

  return await run.conclude(async () => {
    const rules = await loadChangeRules({ target });
    const unreviewed = change.withoutReviewer(rules);
    if (unreviewed !== null) return result('rejected', unreviewed);

    // 1. Update the config file: the values alone, checked; comments, order and cutoff_date stay.
    const plan = await change.plan(rules);
    if (plan.kind !== 'planned') return result('rejected', whyNotPlanned(plan));
    said.changes = plan.changes;
    said.notes = plan.notes;

    // 2. Create the pull request, with the rationale and the difference.
    run.enter(Phase.Proposal);
    const release = async (pullRequestId: number): Promise<string> => `the change is merged: ${(await startChange(plan.repositoryId, pullRequestId)).workflowId} trains and releases the circuit`;
    const opened = await change.open(plan, rules, release);
    if (opened.kind === 'taken') return result('rejected', opened.reason);
    said.pullRequest = opened.pullRequest;

    // 3. Review by a data scientist, and 4. merge.
    run.enter(Phase.Review);
    const review = await change.review(plan, opened, rules);
    if (review.kind === 'expired') return result('expired', review.reason);
    if (review.kind !== 'merged') return result('rejected', review.reason);
    said.reviewedBy = review.reviewedBy;

    // 5. "New model deployment" goes on, whether the merge's own hook has started it or this run does: only this circuit is trained.
    run.enter(Phase.Release);
    const { workflowId, started } = await startChange(plan.repositoryId, opened.pullRequest.pullRequestId);
    said.release = { workflowId, startedBy: started ? 'run' : 'hook' };
    return result('succeeded', `${review.reason}; ${workflowId} trains and releases the circuit`);
  }, result);
}
