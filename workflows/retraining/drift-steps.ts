/** The steps of a retraining after drift: what is measured, who is asked, what is proposed, and when the drift monitor begins anew. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { startOwnRun, waitForOwnRun } from '../blocks/own-run.ts';
import type { Run } from '../blocks/run.ts';
import { attachPicture } from '../changes/change-activities.ts';
import type { ChangeProposal, OpenedPullRequest } from '../domain/configuration-change.ts';
import { degradationThresholds, type InvestigateDegradationInput, type InvestigateDegradationResult } from '../domain/degradation.ts';
import type { DriftDecision } from '../domain/drift-decision.ts';
import { retrainDefaults, retrainingBranch, retrainingTitle, type DriftAnalysis, type DriftBaseline, type DriftRules, type PlatformDriftReport, type PriorInvestigation, type RetrainOnDriftInput, type RetrainOnDriftResult } from '../domain/drift-retraining.ts';
import { analysisText } from '../domain/drift-text.ts';
import { investigateDegradationId, targetLabel } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { Outcome } from '../domain/vocabulary.ts';
import { analyseDrift, readDriftBaseline, readPlatformDriftReport, writeDriftReport } from './drift-activities.ts';

/** What every step needs to know. */
export interface Retraining {
  input: RetrainOnDriftInput;
  policy: TargetPolicy;
  rules: DriftRules;
  /** Day up to which is judged: fixed, so that everything fits together. */
  asOf: string;
}

/** What the platform reports, and what the readings show. */
export interface DriftReview {
  analysis: DriftAnalysis;
  reported: PlatformDriftReport | null;
  recorded: DriftBaseline | null;
}

export async function reviewDrift(run: Run, { input, policy, rules, asOf }: Retraining): Promise<DriftReview> {
  const workspace = policy.workspaces.production;
  const uri = input.reportUri ?? rules.reportUri;
  const { endpoint, deployment, workspaces: { dev: registered } } = policy;
  const [found, { baseline: recorded, remark }] = await Promise.all([uri === null ? null : readPlatformDriftReport({ workspace, uri }), readDriftBaseline({ workspace, target: input.target, serving: { endpoint, deployment }, registered })]);
  if (found !== null && 'problem' in found) run.note(`Drift is computed alone: ${found.problem}`);
  const { psi, ksP, minimumRows, driftDays } = { ...degradationThresholds, ...input.thresholds };
  const analysis = await analyseDrift({ ...readingsOf({ input, policy }), workspace, asOf, psi, ksP, minimumRows, driftDays, recorded, remark, ...(input.features && { features: input.features }), ...(input.baseline && { given: input.baseline }) });
  if (analysis.baseline.remark !== undefined) run.note(analysis.baseline.remark);
  else if (analysis.baseline.source === 'year before') run.note('No drift baseline is recorded yet: the year before is taken');
  return { analysis, reported: found !== null && 'report' in found ? found.report : null, recorded };
}

/** Whose distributions are compared. */
export function readingsOf({ input, policy }: Pick<Retraining, 'policy'> & { input: Pick<RetrainOnDriftInput, 'dataUri'> }) {
  return { dataUri: input.dataUri ?? policy.inference.dataUri, sensor: policy.sensor };
}

/** The report, and the entry on record. A report that cannot be written is noted; the finding stands. */
export async function documentDrift(run: Run, about: Retraining, { analysis, reported }: DriftReview, decision: DriftDecision): Promise<RetrainOnDriftResult['report']> {
  const circuit = targetLabel(about.input.target);
  run.record.add({ kind: 'finding', what: `drift of ${circuit}: ${decision.finding}`, detail: decision.reasoning.join(' ').slice(0, 1_000) });
  return await run.attempt('The report could not be written', () => writeDriftReport({ key: run.key('drift report'), workspace: about.policy.workspaces.production, ...readingsOf(about), circuit, analysis, decision, reported, run: run.signature }));
}

export type Asked = { goesOn: true; by: PriorInvestigation } | { goesOn: false; outcome: Outcome; reason: string };

/** Lets the drift be investigated, where a person decides. Whether it points here is what its `next` says. Cancelled with this run, which alone has asked for it. */
export async function askInvestigation(run: Run, { input, asOf }: Retraining, decision: DriftDecision, said: RetrainOnDriftResult): Promise<Asked> {
  const workflowId = investigateDegradationId(input.target);
  const { target, alert, dataUri, features, thresholds, startedBy, investigationWithinMs = retrainDefaults.investigationWithinMs } = input;
  const reason = decision.reasoning.join(' ').slice(0, 1_000);
  const asking: InvestigateDegradationInput = {
    target, asOf, askedBy: { workflowId: workflowInfo().workflowId, reason },
    ...(alert && { alert }), ...(dataUri !== undefined && { dataUri }), ...(features && { features }), ...(thresholds && { thresholds }), ...(startedBy !== undefined && { startedBy }),
  };
  const answered = run.compensations.register({ step: `investigation ${workflowId}`, undo: () => stopInvestigation(workflowId) });
  const child = await startOwnRun({ runbook: 'investigateDegradation', workflowId, target, input: asking, summary: `investigateDegradation for ${targetLabel(target)}, because of its drift` });
  if (child === null) {
    answered(); // somebody else's: it stays
    return { goesOn: false, outcome: 'rejected', reason: `${reason} ${workflowId} runs already; it starts the retraining if that is what it comes to` };
  }
  said.investigation = { workflowId, finding: null, by: [] };
  run.record.add({ kind: 'effect', step: 'investigation', what: 'investigateDegradation', platform: 'temporal', resource: workflowId, before: null, after: 'started' });
  const ended = await waitForOwnRun(child, investigationWithinMs);
  answered();
  if (ended.outcome === null) return { goesOn: false, outcome: 'expired', reason: `${workflowId} has not ended in time; it starts the retraining itself if that is what it comes to` };
  const result = ended.result as InvestigateDegradationResult | undefined;
  said.investigation = { workflowId, finding: result?.finding ?? null, by: result?.decidedBy ?? [] };
  if (result?.next?.runbook === 'retrainOnDrift') return { goesOn: true, by: { workflowId, by: result.decidedBy, reason: ended.reason, reportUri: result.report?.reportUri ?? null } };
  const outcome = ended.outcome === 'expired' || ended.outcome === 'failed' ? ended.outcome : 'rejected';
  return { goesOn: false, outcome, reason: `${workflowId}: ${ended.reason}` };
}

async function stopInvestigation(workflowId: string): Promise<string> {
  try {
    await getExternalWorkflowHandle(workflowId).cancel();
    return 'cancelled';
  } catch {
    return 'had ended';
  }
}

/** The change that is proposed: the cutoff date, and the analysis for whoever reviews it. */
export function cutoffProposal({ input: { target, startedBy } }: Retraining, { analysis }: DriftReview, decision: DriftDecision, investigation: PriorInvestigation | null, report: RetrainOnDriftResult['report']): ChangeProposal {
  const newCutoff = analysis.newest!;
  return { target, edit: { cutoffDate: newCutoff }, branch: retrainingBranch(target), title: retrainingTitle(target), rationale: analysisText({ analysis, decision, report, investigation, newCutoff }), requestedBy: startedBy ?? null };
}

/** The report's picture beside the pull request. One that cannot be attached is noted; the description names the report. */
export async function attachDistributions(run: Run, { policy }: Retraining, repositoryId: string, { pullRequestId }: OpenedPullRequest, report: RetrainOnDriftResult['report']): Promise<void> {
  if (report === null) return;
  const picture = { key: run.key('attach the picture'), repositoryId, pullRequestId, workspace: policy.workspaces.production, plotUri: report.plotUri, caption: 'Distributions now, a year ago and in the baseline' };
  const attached = await run.attempt('The picture could not be attached to the pull request', () => attachPicture(picture));
  if (attached?.linked === false) run.note(`The picture is attached to the pull request; its description has no room for a link: ${attached.url}`);
}
