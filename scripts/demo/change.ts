import type { Client } from '@temporalio/client';
import picocolors from 'picocolors';
import { releaseChangeId } from '../../workflows/domain/ids.ts';
import type { ReleaseChangeResult } from '../../workflows/domain/release.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { ArmClient } from '../../activities/azure-resource-manager/arm-client.ts';
import type { Settings } from '../supervise/settings.ts';
import { heading, tell, webAddress } from './narration.ts';
import type { CompletedPullRequest } from './pull-request.ts';
import { followRun } from './run-status.ts';
import { trainingProgress } from './training-progress.ts';

export interface FollowChangeOptions {
  client: Client;
  arm: ArmClient;
  settings: Settings;
  signal: AbortSignal;
}

/** Tells the run that the pull request's service hook started, training included, until it has handed over to its releases. */
export async function followChange({ pullRequestId, repositoryId }: CompletedPullRequest, { client, arm, settings, signal }: FollowChangeOptions): Promise<{ status: RunStatus; result: ReleaseChangeResult }> {
  const workflowId = releaseChangeId(repositoryId, pullRequestId);
  heading(`Change ${workflowId}`);
  let phase = '';
  const status = await followRun(workflowId, {
    client,
    signal,
    onStatus: (now) => {
      if (phase === '') tell(`  in the browser   ${webAddress(settings, now)}`);
      if (now.phase !== phase) tell(`${picocolors.green('▸')} ${now.phase}`);
      phase = now.phase;
    },
    onLook: trainingProgress({ arm, caFile: settings.sandbox.caFile, pullRequestId, onLine: (line) => tell(picocolors.dim(`  ${line}`)) }),
    onSilence: (reason) => tell(picocolors.dim(`  ${workflowId} ${reason}`)),
  });
  return { status, result: await client.workflow.result<() => Promise<ReleaseChangeResult>>(workflowId) };
}
