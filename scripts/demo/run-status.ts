import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatus } from '../../workflows/domain/run-status.ts';

const pollMs = 300;
/** A query waits for a worker; without one it would wait for ten seconds. */
const queryTimeoutMs = 2_000;

export interface FollowOptions {
  client: Client;
  signal: AbortSignal;
  onStatus: (status: RunStatus, handle: WorkflowHandle) => Promise<void> | void;
  /** Called at each look, also when the status is the same. */
  onLook?: () => Promise<void>;
  /** The run cannot be asked just now: it has not started, or no worker answers. */
  onSilence: (reason: string) => void;
}

/** Follows a run until it closes, in whatever way. `onStatus` gets each status that differs from the one before. Returns the last one. */
export async function followRun(workflowId: string, { client, signal, onStatus, onLook, onSilence }: FollowOptions): Promise<RunStatus> {
  const handle = client.workflow.getHandle(workflowId);
  let before = '';
  let silence = '';
  for (;;) {
    signal.throwIfAborted();
    await onLook?.();
    const asked = await ask(client, handle);
    if ('silence' in asked) {
      if (asked.silence !== silence) onSilence(asked.silence);
      silence = asked.silence;
    } else {
      silence = '';
      const now = JSON.stringify(asked.status);
      if (now !== before) await onStatus(asked.status, handle);
      before = now;
      if (asked.closed) {
        await onLook?.(); // what came between the last look and the end
        return asked.status;
      }
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The markdown card that Temporal Web UI shows for the run. */
export async function currentDetails(handle: WorkflowHandle): Promise<string> {
  const { currentDetails: text } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return text ?? '';
}

async function ask(client: Client, handle: WorkflowHandle): Promise<{ status: RunStatus; closed: boolean } | { silence: string }> {
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, async () => {
      // Asked in this order: a run that was open and then tells its outcome is asked once more.
      const { status } = await handle.describe();
      return { status: await handle.query<RunStatus>('status'), closed: status.name !== 'RUNNING' };
    });
  } catch (error) {
    return { silence: error instanceof WorkflowNotFoundError ? 'has not started yet' : 'does not answer; is the worker running?' };
  }
}
