/** The steps of `redeploy.ts` for the stage of a YAML pipeline's run. */
import { activityInfo } from '@temporalio/activity';
import { approvalTag } from '../../workflows/domain/approval-tag.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { PipelineRun, RedeployEnd } from '../../workflows/domain/redeploy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { PipelineRunsApi, StageRecord } from './pipeline-runs-rest.ts';
import { notYet } from '../not-yet.ts';
import { carries, plannedAttempt, planTag, underWay } from './redeploy-attempts.ts';
import type { AwaitRedeployInput, StartRedeployInput } from './redeploy.ts';

/** The gates whose tag says which version a run is of: that of Stage 3, else of Stage 1, for a run may carry only one of a release, and one pipeline may publish and deploy. */
const gates = ['stage3', 'stage1'];

/** Earlier attempts of a stage that are looked at, newest first; each is a request. */
const mostEarlier = 5;

/** A check that is no approval may pass by itself: after so many looks it is taken for one that does not. */
const checkLooks = 5;

/** By the tag `holdpoint.<gate>.<plant>.<circuit>.<version>`. `pipeline`: its name or number; `stage`: its name in the YAML, or as the page shows it. */
export async function findDeployedRun(api: PipelineRunsApi, { pipeline, stage, target, version }: { pipeline: string | number; stage: string; target: Target; version: string }): Promise<{ release: PipelineRun | null }> {
  const pipelines = typeof pipeline === 'number' ? [pipeline] : await api.pipelines(pipeline);
  if (pipelines.length === 0) return { release: null };
  for (const gate of gates) {
    const tag = approvalTag({ gate, target, version });
    for (const { id: runId, buildNumber, definition, tags, _links } of await api.tagged(pipelines, tag)) {
      const found = carries(tags, tag) ? await deployedStage(api, runId, stage) : null;
      if (found !== null) return { release: { runId, name: `${definition.name} ${buildNumber}`, stageRef: found.identifier ?? stage, stage: found.name ?? stage, url: _links?.web?.href ?? null } };
    }
  }
  return { release: null };
}

/** The API takes no comment: that it was Holdpoint, the run's tag tells. */
export async function retryStage(api: PipelineRunsApi, { key, release }: StartRedeployInput<PipelineRun>): Promise<{ attempt: number }> {
  const { runId, stageRef, name } = release;
  const [tags, stage] = await Promise.all([tagsOf(api, release), lastOf(api, release)]);
  const planned = plannedAttempt(tags, key);
  const made = attemptOf(stage);
  if (planned !== undefined && made >= planned) return { attempt: planned };
  if (stage.state !== 'completed') {
    // It had ended when the attempt was named: what is under way is that one, its number not shown yet.
    if (planned !== undefined) return { attempt: planned };
    throw underWay(`stage ${stage.name ?? stageRef} of ${name}`, made);
  }
  const attempt = planned ?? made + 1;
  if (planned === undefined) await api.tag(runId, planTag(key, attempt));
  try {
    await api.updateStage(runId, stageRef, 'retry');
  } catch (error) {
    // An attempt before this one may have been accepted although nobody heard of it, and shown only now.
    if (isFailure(error, FailureType.InvalidRequest) && attemptOf(await lastOf(api, release)) >= attempt) return { attempt };
    throw error;
  }
  return { attempt };
}

export async function awaitStage(api: PipelineRunsApi, { release, attempt, intervalMs }: AwaitRedeployInput<PipelineRun>): Promise<RedeployEnd> {
  const records = await timelineOf(api, release);
  const stage = lastIn(records, release);
  const shown = attemptOf(stage);
  if (shown < attempt) throw notYet(FailureType.StillRunning, `attempt ${attempt} of ${release.name} is not shown yet`, intervalMs);
  const named = `attempt ${shown} of ${release.name}`;
  if (isDone(stage)) return { state: 'succeeded', detail: `${named} succeeded` };
  if (stage.state === 'completed') return { state: 'failed', detail: `${named}: ${stage.result ?? 'no result'}` };
  const waits = openChecks(records, stage);
  if (waits.some(({ type }) => type === 'Checkpoint.Approval')) return { state: 'held', detail: `${named} waits for an approval before ${release.stage}` };
  if (waits.length > 0 && activityInfo().attempt >= checkLooks) return { state: 'held', detail: `${named} waits for a check before ${release.stage}` };
  throw notYet(FailureType.StillRunning, `${named}: ${waits.length > 0 ? 'waits for a check' : stage.state}`, intervalMs);
}

export async function cancelStage(api: PipelineRunsApi, { key, release }: StartRedeployInput<PipelineRun>): Promise<{ cancelled: boolean }> {
  const [tags, stage] = await Promise.all([tagsOf(api, release), lastOf(api, release)]);
  const attempt = plannedAttempt(tags, key);
  if (attempt === undefined || attemptOf(stage) !== attempt || stage.state === 'completed') return { cancelled: false };
  await api.updateStage(release.runId, release.stageRef, 'cancel');
  const { state } = await lastOf(api, release);
  if (state !== 'completed') throw vendorFailure(FailureType.Busy, `attempt ${attempt} of ${release.name} is not cancelled yet`);
  return { cancelled: true };
}

/** The stage of a run that has deployed, in whichever attempt; null where it has not, or where retention has taken the run away meanwhile. */
async function deployedStage(api: PipelineRunsApi, runId: number, name: string): Promise<StageRecord | null> {
  const records = await orGone(api.timeline(runId), []);
  const last = stageIn(records, name);
  if (last === undefined || isDone(last)) return last ?? null;
  const earlier = (last.previousAttempts ?? []).toSorted((one, other) => other.attempt - one.attempt).slice(0, mostEarlier);
  for (const { timelineId, recordId } of earlier) {
    const then = (await orGone(api.timeline(runId, timelineId), [])).find(({ id }) => id.toLowerCase() === recordId.toLowerCase());
    if (then !== undefined && isDone(then)) return last;
  }
  return null;
}

async function orGone<T>(read: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return otherwise;
    throw error;
  }
}

async function tagsOf(api: PipelineRunsApi, release: PipelineRun): Promise<string[]> {
  const run = await orGone(api.run(release.runId), null);
  if (run === null) throw gone(release);
  return run.tags ?? [];
}

async function timelineOf(api: PipelineRunsApi, release: PipelineRun): Promise<StageRecord[]> {
  const records = await orGone(api.timeline(release.runId), []);
  if (records.length === 0) throw gone(release);
  return records;
}

/** Azure DevOps deletes runs that are older than its retention. */
function gone({ name }: PipelineRun): Error {
  return vendorFailure(FailureType.NotFound, `${name} is gone: Azure DevOps keeps it no longer`);
}

async function lastOf(api: PipelineRunsApi, release: PipelineRun): Promise<StageRecord> {
  return lastIn(await timelineOf(api, release), release);
}

function lastIn(records: readonly StageRecord[], { stageRef, name }: PipelineRun): StageRecord {
  const found = stageIn(records, stageRef);
  if (found === undefined) throw vendorFailure(FailureType.NotFound, `${name} has no stage ${stageRef}`);
  return found;
}

/** The last attempt of a stage; a timeline may show an earlier one beside it. */
function stageIn(records: readonly StageRecord[], name: string): StageRecord | undefined {
  const same = (given: string | null | undefined): boolean => given?.toLowerCase() === name.toLowerCase();
  const stages = records.filter(({ type }) => type === 'Stage');
  const byReference = stages.filter(({ identifier }) => same(identifier));
  const found = byReference.length > 0 ? byReference : stages.filter((stage) => same(stage.name));
  return found.toSorted((one, other) => attemptOf(other) - attemptOf(one))[0];
}

function attemptOf({ attempt = 1 }: StageRecord): number {
  return attempt;
}

function isDone({ state, result }: StageRecord): boolean {
  return state === 'completed' && (result === 'succeeded' || result === 'succeededWithIssues');
}

/** What the stage waits for before it may begin: the records below its checkpoint, or the checkpoint itself where it shows none. */
function openChecks(records: readonly StageRecord[], stage: StageRecord): StageRecord[] {
  const open = records.filter(({ type, state }) => type.startsWith('Checkpoint') && state !== 'completed');
  const below = (parent: string): StageRecord[] => open.filter(({ parentId }) => parentId?.toLowerCase() === parent.toLowerCase());
  return below(stage.id).flatMap((checkpoint) => [checkpoint, ...below(checkpoint.id)]);
}
