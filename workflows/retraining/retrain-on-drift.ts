import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { loadChangeRules } from '../changes/change-activities.ts';
import { ConfigurationChange } from '../changes/configuration-change.ts';
import { ReviewWatch } from '../changes/review-watch.ts';
import { whyNotPlanned } from '../domain/configuration-change.ts';
import { decideDrift } from '../domain/drift-decision.ts';
import type { MergedRetraining, RetrainOnDriftInput, RetrainOnDriftResult } from '../domain/drift-retraining.ts';
import { RetrainOnDriftPhase as Phase } from '../domain/phases.ts';
import { appendToRecord, loadPolicy } from '../releases/release-activities.ts';
import { loadDriftRules } from './drift-activities.ts';
import { askInvestigation, attachDistributions, cutoffProposal, documentDrift, reviewDrift, type Retraining } from './drift-steps.ts';
import { followRelease, leaveToFinish, moveBaseline } from './merged-retraining.ts';

/** Data drift detected: review the report, analyse the drift, update the cutoff date by a pull request, follow "New model deployment", update the drift monitor. One run at a time for each circuit. */
export async function retrainOnDrift(input: RetrainOnDriftInput): Promise<RetrainOnDriftResult> {
  requireInput(input, ['target.plant', 'target.circuit']);
  const { target } = input;
  const run = new Run({ phase: Phase.Report, target: { ...target, version: 'proposed' }, appendToRecord });
  const watch = new ReviewWatch(run);
  const said: RetrainOnDriftResult = { outcome: 'failed', reason: '', target, finding: null, reasoning: [], drifted: [], newCutoff: null, investigation: null, pullRequest: null, reviewedBy: [], release: null, serving: null, baseline: null, report: null };
  const result = (outcome: RetrainOnDriftResult['outcome'], reason: string): RetrainOnDriftResult => ({ ...said, outcome, reason });

  return await run.conclude(async () => {
    // 1. Review the drift report: which features drifted, and by how much.
    const [policy, rules, changeRules] = await Promise.all([loadPolicy({ target }), loadDriftRules({ target }), loadChangeRules({ target })]);
    const about: Retraining = { input, policy, rules, asOf: input.asOf ?? now().toISOString().slice(0, 10) };
    const review = await reviewDrift(run, about);
    const { analysis, reported, recorded } = review;
    said.baseline = recorded;
    if (analysis.state !== 'measured' || analysis.newest === null) return result('rejected', `drift cannot be measured: ${analysis.detail}`);

    // 2. Analyse the drift: expected (season, operational change) or not, gradual or sudden?
    run.enter(Phase.Analysis);
    const decision = decideDrift(analysis, rules.changes, reported);
    Object.assign(said, { finding: decision.finding, reasoning: decision.reasoning, drifted: decision.features.map(({ feature }) => feature) });
    run.progress(decision.reasoning);
    said.report = await documentDrift(run, about, review, decision);
    let investigated = input.investigation ?? null;
    if (investigated) said.investigation = { workflowId: investigated.workflowId, finding: 'drift', by: investigated.by };
    else if (decision.finding === 'none') return result('succeeded', 'no feature has drifted: nothing is to be done');
    else if (decision.finding === 'investigate') {
      // Unexpected or sudden: an investigation, where a person decides. Only if it points to drift does this go on.
      run.enter(Phase.Investigation);
      const asked = await askInvestigation(run, about, decision, said);
      if (!asked.goesOn) return result(asked.outcome, asked.reason);
      investigated = asked.by;
    }

    // 3. Update the baseline: cutoff_date becomes the day of the newest reading.
    run.enter(Phase.Edit);
    said.newCutoff = analysis.newest;
    const change = new ConfigurationChange(run, cutoffProposal(about, review, decision, investigated, said.report), watch);
    const unreviewed = change.withoutReviewer(changeRules);
    if (unreviewed !== null) return result('rejected', unreviewed);
    const plan = await change.plan(changeRules);
    if (plan.kind !== 'planned') return result('rejected', whyNotPlanned(plan));
    const before = plan.changes[0]!.before?.replace(/["']/g, '') ?? '';
    if (before > analysis.newest) return result('rejected', `the circuit is trained on data up to ${before} already, and the newest reading is of ${analysis.newest}`);

    // 4. Create the pull request, with the analysis; its review and merge. What follows the merge is done by another run where this one ends before.
    run.enter(Phase.Proposal);
    const { newest: until } = analysis;
    const merged = (pullRequestId: number): MergedRetraining => ({ repositoryId: plan.repositoryId, pullRequestId, until, recorded, key: run.key('move the drift baseline'), pollMs: changeRules.pollMs });
    const opened = await change.open(plan, changeRules, (pullRequestId) => leaveToFinish(input, merged(pullRequestId)));
    if (opened.kind === 'taken') return result('rejected', opened.reason);
    said.pullRequest = opened.pullRequest;
    await attachDistributions(run, about, plan.repositoryId, opened.pullRequest, said.report);
    run.enter(Phase.Review);
    const reviewed = await change.review(plan, opened, changeRules);
    if (reviewed.kind !== 'merged') return result(reviewed.kind === 'expired' ? 'expired' : 'rejected', reviewed.reason);
    said.reviewedBy = reviewed.reviewedBy;

    // 5. Follow "New model deployment", until its last run has ended. It goes on whatever becomes of this run.
    run.enter(Phase.Release);
    const retraining = merged(opened.pullRequest.pullRequestId);
    run.compensations.register({ step: 'drift baseline', undo: () => leaveToFinish(input, retraining) });
    const followed = await followRelease(about, retraining, said);
    if ('ending' in followed) return result(followed.ending.outcome, followed.ending.reason);

    // 6. Update the drift monitor, only now that the new version serves: its baseline moves, and with it the tracking begins anew.
    run.enter(Phase.Baseline);
    const { outcome, reason } = await moveBaseline(run, about, retraining, followed.ended, said);
    return result(outcome, reason);
  }, result);
}
