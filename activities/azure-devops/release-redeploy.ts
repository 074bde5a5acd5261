/** The steps of `redeploy.ts` for a classic release. */
import { approvalTag } from '../../workflows/domain/approval-tag.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ClassicRelease, RedeployEnd } from '../../workflows/domain/redeploy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { vendorFailure } from '../http/classify.ts';
import { notYet } from '../not-yet.ts';
import { carries, plannedAttempt, planTag, underWay } from './redeploy-attempts.ts';
import type { AwaitRedeployInput, StartRedeployInput } from './redeploy.ts';
import type { ReleasesApi, ReleaseStageBody } from './releases-rest.ts';

/** The gate whose tag a release carries that brings a version to production. */
const gate = 'stage3';

/** By the tag `holdpoint.stage3.<plant>.<circuit>.<version>`. `definition`: name or number of the release definition. */
export async function findRelease(api: ReleasesApi, { definition, stage, target, version }: { definition: string | number; stage: string; target: Target; version: string }): Promise<{ release: ClassicRelease | null }> {
  const id = typeof definition === 'number' ? definition : await api.definition(definition);
  if (id === undefined) return { release: null };
  const tag = approvalTag({ gate, target, version });
  for (const { id: releaseId, name, tags, environments, _links } of await api.tagged(id, tag)) {
    const found = environments?.find((each) => each.name.toLowerCase() === stage.toLowerCase());
    if (!carries(tags, tag) || !found?.deploySteps?.some(({ status }) => status === 'succeeded')) continue;
    return { release: { releaseId, name, stageId: found.id, stage: found.name, url: _links?.web?.href ?? null } };
  }
  return { release: null };
}

export async function deployRelease(api: ReleasesApi, { key, release: { releaseId, stageId }, comment }: StartRedeployInput<ClassicRelease>): Promise<{ attempt: number }> {
  const [{ tags = [] }, stage] = await Promise.all([api.release(releaseId), api.stage(releaseId, stageId)]);
  const planned = plannedAttempt(tags, key);
  const made = lastAttempt(stage);
  if (planned !== undefined && made >= planned) return { attempt: planned };
  if (isUnderWay(stage)) throw underWay(`stage ${stage.name} of release ${releaseId}`, made);
  const attempt = planned ?? made + 1;
  if (planned === undefined) await api.tag(releaseId, planTag(key, attempt));
  await api.updateStage(releaseId, stageId, 'inProgress', comment);
  return { attempt };
}

export async function awaitRelease(api: ReleasesApi, { release: { releaseId, stageId, name }, attempt, intervalMs }: AwaitRedeployInput<ClassicRelease>): Promise<RedeployEnd> {
  const stage = await api.stage(releaseId, stageId);
  const own = stage.deploySteps?.find((step) => step.attempt === attempt);
  if (own?.status === 'succeeded') return { state: 'succeeded', detail: `attempt ${attempt} of ${name} succeeded` };
  const isHeld = stage.preDeployApprovals?.some((approval) => approval.status === 'pending' && (approval.attempt ?? attempt) === attempt && approval.isAutomated !== true);
  if (isHeld) return { state: 'held', detail: `attempt ${attempt} of ${name} waits for an approval before ${stage.name}` };
  const hasEnded = own !== undefined && !['inProgress', 'notDeployed', 'undefined'].includes(own.status);
  if (hasEnded || ['rejected', 'canceled'].includes(stage.status)) return { state: 'failed', detail: `attempt ${attempt} of ${name}: ${own?.status ?? stage.status}` };
  throw notYet(FailureType.StillRunning, `attempt ${attempt} of ${name}: ${stage.status}`, intervalMs);
}

export async function cancelRelease(api: ReleasesApi, { key, release: { releaseId, stageId, name }, comment }: StartRedeployInput<ClassicRelease>): Promise<{ cancelled: boolean }> {
  const [{ tags = [] }, stage] = await Promise.all([api.release(releaseId), api.stage(releaseId, stageId)]);
  const attempt = plannedAttempt(tags, key);
  if (attempt === undefined || lastAttempt(stage) !== attempt || !isUnderWay(stage)) return { cancelled: false };
  const { status } = await api.updateStage(releaseId, stageId, 'canceled', comment);
  if (['queued', 'inProgress'].includes(status)) throw vendorFailure(FailureType.Busy, `attempt ${attempt} of ${name} is not cancelled yet`);
  return { cancelled: true };
}

function lastAttempt({ deploySteps = [] }: ReleaseStageBody): number {
  return Math.max(0, ...deploySteps.map(({ attempt }) => attempt));
}

function isUnderWay({ status }: ReleaseStageBody): boolean {
  return ['queued', 'scheduled', 'inProgress'].includes(status);
}
