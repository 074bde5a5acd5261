/** Releases that wait at a gate, as many as a test wants, with evidence as it wants it. */
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { modelName, releaseModelId } from '../../workflows/domain/ids.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import type { releaseModel } from '../../workflows/index.ts';
import { eventually } from './eventually.ts';
import { testInput } from './release-activities.ts';

export function releaseInput(plant: string, circuit: string, version: string): ReleaseModelInput {
  const target = { plant, circuit };
  return { ...testInput, target, model: modelName(target), version, trainingJob: `train-${plant}-${circuit}-${version}` };
}

/** Starts a release as `releaseChange` does. */
export async function startRelease(client: Client, input: ReleaseModelInput): Promise<WorkflowHandleWithFirstExecutionRunId<typeof releaseModel>> {
  const { target: { plant, circuit }, version } = input;
  const handle = await client.workflow.start('releaseModel', {
    taskQueue: TaskQueue.Runbooks,
    workflowId: releaseModelId(input.target, version),
    args: [input],
    typedSearchAttributes: searchAttributePairs({ Plant: plant, Circuit: circuit, ModelVersion: version }),
  });
  return handle as WorkflowHandleWithFirstExecutionRunId<typeof releaseModel>;
}

/** Waits until visibility shows so many runs that match; visibility lags by moments. */
export async function visible(client: Client, query: string, wanted: number, timeoutMs = 20_000): Promise<void> {
  await eventually(async () => {
    const { count } = await client.workflow.count(query);
    if (count !== wanted) throw new Error(`${count} runs match ${query}; ${wanted} wanted`);
  }, { timeoutMs });
}
