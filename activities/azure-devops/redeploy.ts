/** Deploying a release of Azure DevOps once more: how a target goes back whose pipeline deploys. */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { approvalTag } from '../../workflows/domain/approval-tag.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { DeployedRelease, RedeployEnd } from '../../workflows/domain/redeploy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { vendorFailure } from '../http/classify.ts';
import type { ReleasesApi, ReleaseStageBody } from './releases-rest.ts';

export interface FindDeployedReleaseInput {
  /** Name or number of the release definition. */
  definition: string | number;
  stage: string;
  target: Target;
  version: string;
}

export interface StartRedeployInput {
  key: StepKey;
  release: DeployedRelease;
  comment: string;
}

export interface AwaitRedeployInput {
  release: DeployedRelease;
  attempt: number;
  intervalMs: number;
}

/** The gate whose tag a release carries that brings a version to production. */
const gate = 'stage3';

/**
 * The newest release of the definition that is tagged with the version (`holdpoint.stage3.<plant>.<circuit>.<version>`) and whose stage has deployed it; null where there is none.
 *
 * Safe to retry because it only reads.
 */
export async function findDeployedRelease(api: ReleasesApi, { definition, stage, target, version }: FindDeployedReleaseInput): Promise<{ release: DeployedRelease | null }> {
  const id = typeof definition === 'number' ? definition : await api.definition(definition);
  if (id === undefined) return { release: null };
  const tag = approvalTag({ gate, target, version });
  for (const { id: releaseId, name, tags, environments, _links } of await api.tagged(id, tag)) {
    const found = environments?.find((each) => each.name.toLowerCase() === stage.toLowerCase());
    if (!tags?.some((each) => each.toLowerCase() === tag.toLowerCase()) || !found?.deploySteps?.some(({ status }) => status === 'succeeded')) continue;
    return { release: { releaseId, name, stageId: found.id, stage: found.name, url: _links?.web?.href ?? null } };
  }
  return { release: null };
}

/**
 * Deploys the release's stage once more. Answers the number of the attempt that is this step's.
 *
 * Safe to retry because the release is tagged with the step's key and the number of the attempt that it is to be before it is started: who finds that attempt made, by whomever, makes no
 * other one. Both would deploy the same release.
 *
 * @throws Busy (not retried) where the stage is being deployed by somebody else
 */
export async function startRedeploy(api: ReleasesApi, { key, release: { releaseId, stageId }, comment }: StartRedeployInput): Promise<{ attempt: number }> {
  const [{ tags = [] }, stage] = await Promise.all([api.release(releaseId), api.stage(releaseId, stageId)]);
  const planned = plannedAttempt(tags, key);
  const made = lastAttempt(stage);
  if (planned !== undefined && made >= planned) return { attempt: planned };
  if (isUnderWay(stage)) throw ApplicationFailure.create({ type: FailureType.Busy, message: `stage ${stage.name} of release ${releaseId} is being deployed already (attempt ${made})`, nonRetryable: true });
  const attempt = planned ?? made + 1;
  if (planned === undefined) await api.tag(releaseId, `${planTag(key)}${attempt}`);
  await api.updateStage(releaseId, stageId, 'inProgress', comment);
  return { attempt };
}

/**
 * Looks once per attempt how the deployment goes, until it has ended or waits for somebody; meanwhile it fails benignly.
 *
 * Safe to retry because it only reads. A deployment that failed is an answer, not an error.
 *
 * @throws StillRunning
 */
export async function awaitRedeploy(api: ReleasesApi, { release: { releaseId, stageId, name }, attempt, intervalMs }: AwaitRedeployInput): Promise<RedeployEnd> {
  const stage = await api.stage(releaseId, stageId);
  const own = stage.deploySteps?.find((step) => step.attempt === attempt);
  if (own?.status === 'succeeded') return { state: 'succeeded', detail: `attempt ${attempt} of ${name} succeeded` };
  const isHeld = stage.preDeployApprovals?.some((approval) => approval.status === 'pending' && (approval.attempt ?? attempt) === attempt && approval.isAutomated !== true);
  if (isHeld) return { state: 'held', detail: `attempt ${attempt} of ${name} waits for an approval before ${stage.name}` };
  const hasEnded = own !== undefined && !['inProgress', 'notDeployed', 'undefined'].includes(own.status);
  if (hasEnded || ['rejected', 'canceled'].includes(stage.status)) return { state: 'failed', detail: `attempt ${attempt} of ${name}: ${own?.status ?? stage.status}` };
  throw ApplicationFailure.create({ type: FailureType.StillRunning, message: `attempt ${attempt} of ${name}: ${stage.status}`, nextRetryDelay: intervalMs, category: ApplicationFailureCategory.BENIGN });
}

/** Stops the step's attempt where it is still under way, so that it does not deploy later what nobody waits for. Safe to retry because one that has ended is left as it is. */
export async function cancelRedeploy(api: ReleasesApi, { key, release: { releaseId, stageId, name }, comment }: StartRedeployInput): Promise<{ cancelled: boolean }> {
  const [{ tags = [] }, stage] = await Promise.all([api.release(releaseId), api.stage(releaseId, stageId)]);
  const attempt = plannedAttempt(tags, key);
  if (attempt === undefined || lastAttempt(stage) !== attempt || !isUnderWay(stage)) return { cancelled: false };
  const { status } = await api.updateStage(releaseId, stageId, 'canceled', comment);
  if (['queued', 'inProgress'].includes(status)) throw vendorFailure(FailureType.Busy, `attempt ${attempt} of ${name} is not cancelled yet`);
  return { cancelled: true };
}

/** Followed by the number of the attempt. Dots, because Azure DevOps refuses a tag with a colon. */
function planTag({ key }: StepKey): string {
  return `holdpoint.redeploy.${key}.`;
}

function plannedAttempt(tags: readonly string[], key: StepKey): number | undefined {
  const prefix = planTag(key).toLowerCase();
  const planned = tags.filter((tag) => tag.toLowerCase().startsWith(prefix)).map((tag) => Number(tag.slice(prefix.length)));
  return planned.length === 0 ? undefined : Math.min(...planned);
}

function lastAttempt({ deploySteps = [] }: ReleaseStageBody): number {
  return Math.max(0, ...deploySteps.map(({ attempt }) => attempt));
}

function isUnderWay({ status }: ReleaseStageBody): boolean {
  return ['queued', 'scheduled', 'inProgress'].includes(status);
}
