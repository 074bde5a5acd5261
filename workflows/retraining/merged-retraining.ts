/** What follows the merge of a retraining: its release, and the drift monitor's new reference once the version serves. By the run itself, or by `finishRetraining` where that has ended meanwhile. */
import { workflowInfo } from '@temporalio/workflow';
import { startOwnRun } from '../blocks/own-run.ts';
import type { Run } from '../blocks/run.ts';
import { isExpired } from '../blocks/woken-poll.ts';
import { finishRetrainingId, retrainDefaults, type FinishRetrainingInput, type MergedRetraining, type ReleaseEnd, type RetrainOnDriftInput, type RetrainOnDriftResult } from '../domain/drift-retraining.ts';
import { targetLabel } from '../domain/ids.ts';
import { RetrainOnDriftPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { Outcome } from '../domain/vocabulary.ts';
import { readProductionDeployment } from '../releases/release-activities.ts';
import { startChange } from '../releases/start-change.ts';
import { awaitRelease, moveDriftBaseline } from './drift-activities.ts';
import { readingsOf } from './drift-steps.ts';

interface Following {
  input: Pick<RetrainOnDriftInput, 'target' | 'dataUri' | 'releaseWithinMs'>;
  policy: TargetPolicy;
}

type Ending = { outcome: Outcome; reason: string };
/** What the run's result says of it, also where it is cut short. */
type Said = Pick<RetrainOnDriftResult, 'release' | 'serving' | 'baseline'>;

/** Follows "New model deployment", until its last run has ended; `ending` where that leaves nothing to do. */
export async function followRelease({ input: { target, releaseWithinMs = retrainDefaults.releaseWithinMs } }: Following, { repositoryId, pullRequestId, pollMs }: MergedRetraining, said: Said): Promise<{ ending: Ending } | { ended: Extract<ReleaseEnd, { kind: 'closed' }> }> {
  const { workflowId, started } = await startChange(repositoryId, pullRequestId);
  said.release = { workflowId, startedBy: started ? 'run' : 'hook', end: null };
  const end = await awaitRelease({ change: workflowId, target, intervalMs: pollMs }, releaseWithinMs).catch((error: unknown) => {
    if (!isExpired(error)) throw error;
    return null;
  });
  said.release.end = end;
  if (end === null) return { ending: { outcome: 'expired', reason: `${workflowId} has not ended in time: the drift baseline stays as it is` } };
  if (end.kind === 'none') return { ending: { outcome: 'rejected', reason: `nothing was released: ${end.reason}; the drift baseline stays as it is` } };
  return { ended: end };
}

/** Only where production serves the new version: what it was trained on is the reference from now on, and what comes after it is judged next. */
export async function moveBaseline(run: Run, following: Following, { until, recorded, key }: MergedRetraining, end: Extract<ReleaseEnd, { kind: 'closed' }>, said: Said): Promise<Ending> {
  const { policy: { workspaces: { production: workspace }, endpoint, deployment }, input: { target } } = following;
  const { tags } = await readProductionDeployment({ workspace, endpoint, deployment });
  said.serving = tags['model_version'] ?? null;
  if (said.serving !== end.version) return { outcome: end.outcome === 'expired' || end.outcome === 'failed' ? end.outcome : 'rejected', reason: `production serves ${said.serving ?? 'nothing known'}, not ${end.version} (${end.workflowId}: ${end.reason}); the drift baseline stays as it is` };
  const { dataUri, sensor: { station } } = readingsOf(following);
  const moved = await moveDriftBaseline({ key, workspace, target, dataUri, station, until, modelVersion: end.version });
  run.effect({ step: 'drift baseline', what: `${moved.from} to ${moved.until}, tracked since ${moved.trackedSince}`, platform: 'azure-ml', resource: moved.asset, before: recorded?.asset ?? null, after: moved.asset });
  said.baseline = moved;
  return { outcome: 'succeeded', reason: `${end.version} serves, trained on data up to ${until}; drift is held against ${moved.asset} from now on` };
}

/** A merge is not taken back, and its release goes on: what is left is done by a run of its own. */
export async function leaveToFinish({ target, dataUri, releaseWithinMs }: RetrainOnDriftInput, merged: MergedRetraining): Promise<string> {
  const workflowId = finishRetrainingId(target, merged.pullRequestId);
  const input: FinishRetrainingInput = { target, ...merged, ...(dataUri !== undefined && { dataUri }), ...(releaseWithinMs !== undefined && { releaseWithinMs }), insteadOf: workflowInfo().workflowId };
  await startOwnRun({ runbook: 'finishRetraining', workflowId, ofItsId: 'once', target, phase: Phase.Release, input, summary: `Follow the release of pull request ${merged.pullRequestId}, and move the drift baseline of ${targetLabel(target)}` });
  return `the change is merged: ${workflowId} follows its release, and moves the baseline once the version serves`;
}
