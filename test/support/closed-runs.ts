/** What a closed run came to, and whether its history replays from its first event. */
import assert from 'node:assert/strict';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../workers/bundle.ts';

/** The result, also of a run that failed (its failure's details) or was aborted (its memo). */
export async function resultOf(handle: WorkflowHandle): Promise<unknown> {
  return await handle.result().then((value: unknown) => value, async (error: unknown) => {
    assert.ok(error instanceof WorkflowFailedError);
    const { memo } = await handle.describe();
    return memo?.['result'] ?? (error.cause as ApplicationFailure).details?.[0];
  });
}

export async function assertReplays(handle: WorkflowHandle): Promise<void> {
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, [{ workflowId: handle.workflowId, history: await handle.fetchHistory() }])) assert.equal(error, undefined);
}
