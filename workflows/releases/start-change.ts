import { startOwnRun } from '../blocks/own-run.ts';
import { releaseChangeId } from '../domain/ids.ts';
import { ReleaseChangePhase } from '../domain/phases.ts';

/** Starts the release of a merged pull request, as its service hook does: with the same id and the same input, so that whoever comes second finds it started. It outlives whoever started it. */
export async function startChange(repositoryId: string, pullRequestId: number): Promise<{ workflowId: string; started: boolean }> {
  const workflowId = releaseChangeId(repositoryId, pullRequestId);
  const child = await startOwnRun({
    runbook: 'releaseChange', workflowId, ofItsId: 'once', target: null, phase: ReleaseChangePhase.Reading, input: { repositoryId, pullRequestId },
    summary: `Release pull request ${pullRequestId}`, details: `Pull request ${pullRequestId} of repository ${repositoryId}`,
  });
  return { workflowId, started: child !== null };
}
