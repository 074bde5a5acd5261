/** A released model's run, as the tests of `releaseModel` start, watch and answer it. */
import assert from 'node:assert/strict';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { decide } from '../../starters/decide.ts';
import { bundlePath } from '../../workers/bundle.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { releaseModel } from '../../workflows/index.ts';
import { eventually } from './eventually.ts';
import { testInput, type ReleaseActivities } from './release-activities.ts';
import { withReleaseWorkers } from './release-worker.ts';

export type Handle = WorkflowHandle<typeof releaseModel>;

export const status = (handle: Handle) => handle.query<RunStatus>('status');

export const details = async (handle: Pick<Handle, 'query'>): Promise<string> => {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
};

export const gateOpen = (handle: Handle, gate: string) => eventually(async () => assert.equal((await status(handle)).gate?.id, gate));

export const approve = (handle: Handle, gate: string, by: string) => decide(handle.client, { workflowId: handle.workflowId }, { gate, verdict: 'approve', by });

export const passBothStages = async (handle: Handle): Promise<void> => {
  for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob']] as const) {
    await gateOpen(handle, gate);
    await approve(handle, gate, by);
  }
};

export const failureOf = async (promise: Promise<unknown>): Promise<WorkflowFailedError> => {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
};

/**
 * Starts runs, and runs workers for them; afterwards each run's history is replayed from its first event: what is not deterministic fails there. (Workers without a cache would
 * replay at every task, but the SDK's core then drops a task now and again, which costs its time-out of 10 s.)
 */
export function releaseRuns(temporal: () => TestWorkflowEnvironment) {
  let started = 0;
  const unchecked: Handle[] = [];
  return {
    start: async (input: unknown = testInput): Promise<Handle> => {
      started += 1;
      const handle = (await temporal().client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseModel:P001:C001:${started}`, args: [input] })) as Handle;
      unchecked.push(handle);
      return handle;
    },
    run: async <T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>): Promise<T> => {
      const result = await withReleaseWorkers(temporal(), activities, body);
      const histories = await Promise.all(unchecked.splice(0).map(async (handle) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })));
      for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories)) assert.equal(error, undefined, `${workflowId} does not replay`);
      return result;
    },
  };
}
