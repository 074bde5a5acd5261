/** Deploying once more what Azure DevOps deployed before: how a target goes back whose pipeline deploys. Each step is done as its kind wants it: a classic release, or a pipeline's run. */
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { DeployedRelease, Deployer, RedeployEnd } from '../../workflows/domain/redeploy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { awaitStage, cancelStage, findDeployedRun, retryStage } from './pipeline-redeploy.ts';
import type { PipelineRunsApi } from './pipeline-runs-rest.ts';
import { awaitRelease, cancelRelease, deployRelease, findRelease } from './release-redeploy.ts';
import type { ReleasesApi } from './releases-rest.ts';

export interface RedeployApis {
  releases: ReleasesApi;
  runs: PipelineRunsApi;
}

export type FindDeployedReleaseInput = Deployer & {
  stage: string;
  target: Target;
  version: string;
};

/** Of one kind: a classic release, or a run. */
export interface StartRedeployInput<R extends DeployedRelease = DeployedRelease> {
  key: StepKey;
  release: R;
  comment: string;
}

export interface AwaitRedeployInput<R extends DeployedRelease = DeployedRelease> {
  release: R;
  attempt: number;
  intervalMs: number;
}

/**
 * The newest release, or run, that is tagged with the version and whose stage has deployed it; null where there is none.
 *
 * Safe to retry because it only reads.
 */
export async function findDeployedRelease({ releases, runs }: RedeployApis, { stage, target, version, ...deployer }: FindDeployedReleaseInput): Promise<{ release: DeployedRelease | null }> {
  const wanted = { stage, target, version };
  return deployer.pipeline === undefined ? findRelease(releases, { definition: deployer.release, ...wanted }) : findDeployedRun(runs, { pipeline: deployer.pipeline, ...wanted });
}

/**
 * Deploys the stage once more. Answers the number of the attempt that is this step's.
 *
 * Safe to retry because the release, or run, is tagged with the step's key and the number of the attempt that it is to be before it is started: who finds that attempt made, by whomever,
 * makes no other one. Both would deploy the same.
 *
 * @throws Busy (not retried) where the stage is being deployed by somebody else
 */
export async function startRedeploy({ releases, runs }: RedeployApis, { release, ...step }: StartRedeployInput): Promise<{ attempt: number }> {
  return 'runId' in release ? retryStage(runs, { release, ...step }) : deployRelease(releases, { release, ...step });
}

/**
 * Looks once per attempt how the deployment goes, until it has ended or waits for somebody; meanwhile it fails benignly.
 *
 * Safe to retry because it only reads. A deployment that failed is an answer, not an error.
 *
 * @throws StillRunning
 */
export async function awaitRedeploy({ releases, runs }: RedeployApis, { release, ...look }: AwaitRedeployInput): Promise<RedeployEnd> {
  return 'runId' in release ? awaitStage(runs, { release, ...look }) : awaitRelease(releases, { release, ...look });
}

/** Stops the step's attempt where it is still under way, so that it does not deploy later what nobody waits for. Safe to retry because one that has ended is left as it is. */
export async function cancelRedeploy({ releases, runs }: RedeployApis, { release, ...step }: StartRedeployInput): Promise<{ cancelled: boolean }> {
  return 'runId' in release ? cancelStage(runs, { release, ...step }) : cancelRelease(releases, { release, ...step });
}
