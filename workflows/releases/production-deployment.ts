import { ApplicationFailure } from '@temporalio/workflow';
import { activityFailedBy } from '../blocks/activity-failure.ts';
import { isPreempted, type LockToken, type ResourceLock } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { FailureType } from '../domain/failures.ts';
import { assetVersion } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot, ReleaseModelInput } from '../domain/release.ts';
import type { PreImage } from '../domain/resource-lock.ts';
import { deployToProduction, restoreProduction } from './release-activities.ts';

/** The tags that a deployment carries: they tell, long after the run's history is gone, who released what, and what to go back to. */
export function deploymentTags(run: Run, input: ReleaseModelInput, before: DeploymentSnapshot, releasedBy: string): Record<string, string> {
  const serving = before.tags['model_version'] ?? assetVersion(before.model);
  return { model_version: input.version, previous_version: serving, released_by: releasedBy, run: run.signature };
}

/** Writes the circuit's own deployment and reads it back. Until that is verified, a failure or a cancellation puts back what was there. */
export async function deployVerified(run: Run, input: ReleaseModelInput, policy: TargetPolicy, before: DeploymentSnapshot, model: string, releasedBy: string, { token: lock }: ResourceLock): Promise<void> {
  const { endpoint, deployment, inference, location } = policy;
  const workspace = policy.workspaces.production;
  const verified = run.compensations.register({ step: `production deployment ${deployment}`, undo: () => putBack(run, policy, before, lock) });
  const tags = deploymentTags(run, input, before, releasedBy);
  run.production = 'changed'; // as long as nobody has seen that it is not
  try {
    await deployToProduction({ key: run.key('deploy to production'), workspace, endpoint, deployment, before, template: { inference, location }, model, tags, ...(lock && { lock }) });
  } catch (error) {
    if (!activityFailedBy(error, FailureType.ChangedByHand)) throw error;
    run.production = 'unchanged'; // what stands there is somebody else's: there is nothing of ours to undo
    verified();
    throw error;
  }
  verified();
  run.effect({ step: 'production deployment', what: `${input.model} ${input.version}`, platform: 'azure-ml', resource: productionResource(policy), before: tags['previous_version'] ?? null, after: input.version });
  void run.record.flush().catch(() => undefined); // not waited for: production is as it is; what could not be kept now goes with the close
}

/** How the record names a circuit's deployment in production. */
function productionResource({ workspaces, endpoint, deployment }: TargetPolicy): string {
  return `${workspaces.production.workspace}/${endpoint}/${deployment}`;
}

/** What the lock hands over to whoever pre-empts this run. */
export function preImage({ tags, model }: DeploymentSnapshot): PreImage {
  return { version: tags['model_version'] ?? (assetVersion(model) || null), model };
}

/** Puts back what production served before this run; once a rollback has taken the lock, what serves is left to it. A change that somebody made meanwhile is not overwritten: that is a failure, and says what was found. */
export async function putBack(run: Run, policy: TargetPolicy, before: DeploymentSnapshot, lock: LockToken | undefined): Promise<string> {
  const { endpoint, deployment, settleMs } = policy;
  const restoring = { key: run.key('restore production'), workspace: policy.workspaces.production, endpoint, deployment, before, run: run.signature, settleMs, ...(lock && { lock }) };
  const restored = await restoreProduction(restoring).catch((error: unknown) => {
    if (isPreempted(error)) return null;
    throw error;
  });
  if (restored === null) return 'left to the rollback that took the lock';
  const { state, found } = restored;
  const version = found.tags['model_version'] ?? found.model ?? 'nothing';
  if (state === 'changedByHand') throw ApplicationFailure.nonRetryable(`${deployment} serves ${version}, which this run neither found nor made; nothing was overwritten`, FailureType.ChangedByHand);
  run.production = 'unchanged';
  if (state === 'restored') run.effect({ step: 'restore production', what: `put back ${version}`, platform: 'azure-ml', resource: productionResource(policy), before: null, after: version });
  return state === 'restored' ? `put back ${version}` : `still serves ${version}`;
}
