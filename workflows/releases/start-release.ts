import { startOwnRun } from '../blocks/own-run.ts';
import { releaseModelId, targetLabel } from '../domain/ids.ts';
import { ReleaseModelPhase } from '../domain/phases.ts';
import type { CircuitResult, ReleaseModelInput } from '../domain/release.ts';

/** The release outlives the change that started it. A version that was released before is not released again, whatever became of it. */
export async function startRelease(input: ReleaseModelInput): Promise<CircuitResult> {
  const { target, version } = input;
  const workflowId = releaseModelId(target, version);
  const child = await startOwnRun({
    runbook: 'releaseModel', workflowId, ofItsId: 'once', target, phase: ReleaseModelPhase.Review, modelVersion: version, input,
    summary: `Release ${targetLabel(target)} version ${version}`, details: `Pull request ${input.pullRequest.id}: ${input.pullRequest.title}`,
  });
  return child === null ? { target, version, state: 'alreadyReleased', by: workflowId } : { target, version, state: 'released', workflowId };
}
