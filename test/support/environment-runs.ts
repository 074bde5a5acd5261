/** Runs of `updateEnvironment` on a fleet in memory: started, answered like people do, and replayed from the first event afterwards. */
import assert from 'node:assert/strict';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../workers/bundle.ts';
import type { UpdateEnvironmentInput, UpdateEnvironmentResult } from '../../workflows/domain/environment.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { updateEnvironment } from '../../workflows/index.ts';
import { eventually } from './eventually.ts';
import type { Fleet } from './fleet.ts';
import type { ReleaseActivities } from './release-activities.ts';
import { withReleaseWorkers } from './release-worker.ts';

export type EnvironmentRun = WorkflowHandle<typeof updateEnvironment>;

export const notebook = { link: 'azureml://datastores/workspaceblobstore/paths/notebooks/score.ipynb', sha256: 'a'.repeat(64) };

let pullRequest = 200;

/** Runs an update on a fleet, and replays its history from the first event afterwards. */
export async function update<T>(temporal: TestWorkflowEnvironment, fleet: Fleet, replaced: Partial<ReleaseActivities>, input: Partial<UpdateEnvironmentInput>, body: (handle: EnvironmentRun) => Promise<T>): Promise<T> {
  pullRequest += 1;
  const workflowId = `updateEnvironment:b1a7:${pullRequest}`;
  const answer = await withReleaseWorkers(temporal, { ...fleet.activities, ...replaced }, async () => {
    const handle = await temporal.client.workflow.start<typeof updateEnvironment>('updateEnvironment', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ repositoryId: 'b1a7', pullRequestId: pullRequest, notebook, waveSize: 2, ...input }] });
    return await body(handle);
  });
  const history = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, history, workflowId);
  return answer;
}

/** Waits until the gate is open. */
export const open = (handle: EnvironmentRun, gate: string): Promise<GateView> => eventually(async () => {
  const view = await handle.query<GateView | null>('gate');
  assert.equal(view?.gate, gate);
  return view;
}, { timeoutMs: 240_000 });

export const answer = (handle: EnvironmentRun, value: { gate: string; by: string } & Record<string, unknown>): Promise<unknown> => handle.executeUpdate<unknown, [object]>('decide', { args: [{ verdict: 'approve', ...value }] });

export async function pass(handle: EnvironmentRun, gate: string, by: string): Promise<void> {
  await open(handle, gate);
  await answer(handle, { gate, by });
}

export async function passBoth(handle: EnvironmentRun): Promise<UpdateEnvironmentResult> {
  await pass(handle, 'stage1', 'alice');
  await pass(handle, 'stage3', 'bob');
  return await handle.result();
}

export async function failureOf(promise: Promise<unknown>): Promise<WorkflowFailedError> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
}

/** The result that a failed run leaves in its failure. */
export function resultOf({ cause }: WorkflowFailedError): UpdateEnvironmentResult {
  return ((cause as ApplicationFailure).details as [UpdateEnvironmentResult])[0];
}

/** The result that a cancelled run leaves in its memo. */
export async function leftResult(handle: EnvironmentRun): Promise<UpdateEnvironmentResult> {
  return (await handle.describe()).memo?.['result'] as UpdateEnvironmentResult;
}
