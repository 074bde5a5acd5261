/** The receiver's way to Temporal. */
import type { Client } from '@temporalio/client';
import type { ReleaseChangeInput } from '../../workflows/domain/release.ts';
import { releaseChange } from '../runbooks.ts';
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

/** Whether Temporal answers for the namespace in which runs are started. */
export async function isTemporalReady(client: Client): Promise<boolean> {
  try {
    await within(client, readyMs, () => client.workflowService.describeNamespace({ namespace: client.options.namespace }));
    return true;
  } catch {
    return false;
  }
}
