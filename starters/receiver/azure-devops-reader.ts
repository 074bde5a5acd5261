/** The receiver's way to Azure DevOps: the adapter's own REST calls, with failures that tell whether the notification should come again. */
import { ApplicationFailure } from '@temporalio/common';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { azureDevOpsApi } from '../../activities/azure-devops/rest.ts';
import type { PlatformSettings } from '../../activities/http/settings.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ReleasePorts } from './release-completed.ts';
import { TryLater } from './try-later.ts';

/** Azure DevOps waits only so long for the receiver's answer, so the receiver waits shorter for its: milliseconds. */
export const longestRequestMs = 10_000;

const reasons: Partial<Record<string, string>> = {
  [FailureType.Unavailable]: 'Azure DevOps does not answer',
  [FailureType.Throttled]: 'Azure DevOps wants fewer requests',
  [FailureType.Busy]: 'Azure DevOps is busy with this pull request',
  [FailureType.Unauthorized]: 'Azure DevOps does not let the receiver read pull requests; its credential must be repaired',
};

/** Reads pull requests. */
export function pullRequestReader(settings: PlatformSettings): ReleasePorts['readPullRequest'] {
  const { rest, project } = createAzureDevOpsClients({ ...settings, requestTimeoutMs: Math.min(settings.requestTimeoutMs, longestRequestMs) });
  const api = azureDevOpsApi(rest, project);
  return ({ repositoryId, pullRequestId }) => tryingLater(() => api.pullRequest(repositoryId, pullRequestId));
}

/** Makes of a failure that passes one that asks for another delivery. */
export async function tryingLater<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof ApplicationFailure ? reasons[error.type ?? ''] : undefined;
    if (reason === undefined) throw error;
    const { nextRetryDelay } = error as ApplicationFailure;
    throw new TryLater(`${reason}; deliver it again`, error, typeof nextRetryDelay === 'number' ? Math.ceil(nextRetryDelay / 1000) : undefined);
  }
}
