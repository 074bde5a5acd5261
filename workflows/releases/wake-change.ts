import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { isCancelled } from '../blocks/cancellation.ts';
import type { BuildOrigin } from '../domain/build.ts';
import { buildSignal } from './follow-builds.ts';
import { startChange } from './start-change.ts';

/** Tells the release of a build's change that the build has ended, as `signalWithStart` does from outside: a running one is woken, a new one looks by itself, one that has ended stays ended. */
export async function wakeChange({ repositoryId, pullRequestId, buildId, result }: Extract<BuildOrigin, { kind: 'change' }>): Promise<{ workflowId: string; how: 'started' | 'woken' | 'ended' }> {
  const { workflowId, started } = await startChange(repositoryId, pullRequestId);
  if (started) return { workflowId, how: 'started' };
  try {
    await getExternalWorkflowHandle(workflowId).signal(buildSignal, { buildId, result });
    return { workflowId, how: 'woken' };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { workflowId, how: 'ended' };
  }
}
