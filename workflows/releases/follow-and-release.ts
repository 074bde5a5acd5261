import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { defaultModelTags, isUsable, type FinishedBuild } from '../domain/build.ts';
import { modelName } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { Change, ChangedCircuit, CircuitResult, ReleaseChangeInput } from '../domain/release.ts';
import type { BuildWatch } from './follow-builds.ts';
import type { JointApproval } from './joint-approval.ts';
import { readPublishedVersion, readRunMetrics } from './release-activities.ts';
import { releaseInput } from './release-input.ts';

/**
 * Steps 2 to 6 for one circuit where the build pipeline does them: its run is followed, what it published is read, and the release starts. Nothing is trained, registered or measured here.
 * A failure is this circuit's result and nobody else's.
 */
export async function followAndRelease(approval: JointApproval, builds: BuildWatch, input: ReleaseChangeInput, { pullRequest }: Change, { target }: ChangedCircuit, policy: TargetPolicy): Promise<CircuitResult> {
  let version: string | null = null;
  const failed = (reason: string): CircuitResult => ({ target, version, state: 'failed', reason });
  try {
    // 1. and 2. The build pipeline of the merge, whose jobs train.
    const followed = await builds.follow(pullRequest, policy);
    if (followed.kind === 'expired') return { target, version, state: 'expired', reason: followed.reason };
    const usable = followed.builds.filter(isUsable);
    if (usable.length === 0) return failed(followed.builds.map(ending).join('; '));

    // 4. and 5. What it has registered and published.
    const { workspaces: { dev: workspace }, execution } = policy;
    const model = modelName(target);
    const tags = execution.modelTags ?? defaultModelTags;
    const { found } = await readPublishedVersion({ workspace, model, builds: usable.map(({ id }) => id), commit: pullRequest.mergeCommit, tags });
    if (found === null) return failed(`${followed.builds.map(ending).join('; ')}; no version of ${model} carries the tag ${tags.build} ${usable.map(({ id }) => id).join(' or ')}, or ${tags.commit} ${pullRequest.mergeCommit}`);
    version = found.version;
    if (found.trainingJob === null) return failed(`version ${version} of ${model} names no training job: give it the tag training_job`);

    // 3. What the approvers will be shown must be there now: a version without metrics is the build's failure, not the release's.
    await readRunMetrics({ workspace, runId: found.trainingJob });
    // 6. The release starts by itself.
    return await approval.release(releaseInput(input, pullRequest, target, version, found.trainingJob), policy);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return failed(rootMessage(error));
  }
}

function ending({ number, pipeline, result, url }: FinishedBuild): string {
  return `build ${number} of ${pipeline} ended as ${result}${url === null ? '' : ` (${url})`}`;
}
