/** The receiver's way to Temporal. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/common';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import type { BuildOrigin } from '../../workflows/domain/build.ts';
import { unresolvedHookId, type UnresolvedHookInput } from '../../workflows/domain/hook.ts';
import { HookPhase } from '../../workflows/domain/phases.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { ReleaseChangeInput } from '../../workflows/domain/release.ts';
import { parseInput, releaseChange } from '../runbooks.ts';
import { AlreadyStarted, startRunbook } from '../start-runbook.ts';
import { isUnanswered, within } from '../temporal-connection.ts';
import { TryLater } from './try-later.ts';

/** Milliseconds that Temporal has to take a run: Azure DevOps waits for an answer only so long. */
const startMs = 5_000;
const readyMs = 2_000;

/** Starts a release, or finds that it was started before. Temporal refuses the second start, so that redeliveries need no memory here. */
export async function startRelease(client: Client, input: ReleaseChangeInput): Promise<{ workflowId: string; started: boolean }> {
  try {
    const { workflowId } = await within(client, startMs, () => startRunbook(client, releaseChange, input));
    return { workflowId, started: true };
  } catch (error) {
    if (error instanceof AlreadyStarted) return { workflowId: error.workflowId, started: false };
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
}

/**
 * Wakes the run that follows a build, or starts the one that will: by one call, so that a hook which is faster than the pull request's own is kept. The run knows what every run of a
 * pull request knows, and looks at the builds by itself. A run that has ended stays ended.
 */
export async function wakeRelease(client: Client, { repositoryId, pullRequestId, buildId, result }: Extract<BuildOrigin, { kind: 'change' }>): Promise<{ workflowId: string; woken: boolean }> {
  const input = parseInput(releaseChange, { repositoryId, pullRequestId });
  const workflowId = releaseChange.workflowId(input);
  try {
    await within(client, startMs, () =>
      client.workflow.signalWithStart(releaseChange.name, {
        workflowId,
        taskQueue: TaskQueue.Runbooks,
        args: [input],
        signal: 'build',
        signalArgs: [{ buildId, result }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        staticSummary: releaseChange.summary(input),
        staticDetails: releaseChange.details(input),
        typedSearchAttributes: releaseChange.searchAttributes(input),
      }),
    );
    return { workflowId, woken: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, woken: false };
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
}

/** Tells a run that its pull request stands differently; false when it has ended. The run hears the same news once. */
export async function wakeReview(client: Client, workflowId: string, news: { pullRequestId: number; standing: string }): Promise<boolean> {
  try {
    await within(client, startMs, () => client.workflow.getHandle(workflowId).signal('review', news));
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
}

/** Keeps a hook whose change is not known; one run for each event, also when it is delivered again after the run has ended. */
export async function keepUnresolved(client: Client, input: UnresolvedHookInput): Promise<{ workflowId: string }> {
  const workflowId = unresolvedHookId(input.eventId);
  try {
    await within(client, startMs, () =>
      client.workflow.start('keepUnresolvedHook', {
        workflowId,
        taskQueue: TaskQueue.Runbooks,
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        staticSummary: `Hook about build ${input.buildId}, whose change is not known`,
        staticDetails: `${input.eventType}: ${input.reason ?? ''}`,
        typedSearchAttributes: searchAttributePairs({ Phase: HookPhase.Unresolved }),
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId };
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
  return { workflowId };
}

/** Whether Temporal answers for the namespace in which runs are started. */
export async function isTemporalReady(client: Client): Promise<boolean> {
  try {
    await within(client, readyMs, () => client.workflowService.describeNamespace({ namespace: client.options.namespace }));
    return true;
  } catch {
    return false;
  }
}
