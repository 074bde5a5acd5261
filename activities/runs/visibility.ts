/** Finding runs by Temporal's visibility. It lags by moments and holds what each run last said of itself: whoever acts on it asks the run first. */
import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { TargetVersion } from '../../workflows/domain/review-gates.ts';
import type { SeenRun } from '../../workflows/domain/review-progress.ts';
import type { SearchAttributeName } from '../../workflows/domain/search-attributes.ts';
import type { Outcome } from '../../workflows/domain/vocabulary.ts';
import { classifyTemporal } from './temporal-failures.ts';

/** All runs of this product, whatever their type. */
export const ownRuns = `TaskQueue = '${TaskQueue.Runbooks}'`;

/** A text as the list filter takes it. What could end the quotation is refused by the names that the estate allows, and doubled all the same. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll(`'`, `''`)}'`;
}

/** Every run that the filter matches, in no order that may be relied on. */
export async function listRuns(client: Client, query: string): Promise<{ runs: WorkflowExecutionInfo[] }> {
  const runs: WorkflowExecutionInfo[] = [];
  try {
    for await (const info of client.workflow.list({ query, pageSize: 500 })) runs.push(info);
  } catch (error) {
    throw classifyTemporal(error, 'the list of runs');
  }
  return { runs };
}

/** The newest run of an id, as it is now; null where there is none. */
export async function describeRun(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw classifyTemporal(error, workflowId);
  }
}

/** What both a list and a description tell. */
export type KnownRun = Pick<WorkflowExecutionInfo, 'searchAttributes' | 'status'>;

export function attribute(info: KnownRun, name: SearchAttributeName): string | null {
  const value: unknown = info.searchAttributes[name]?.[0];
  return typeof value === 'string' ? value : null;
}

export function targetOf(info: KnownRun): TargetVersion | null {
  const [plant, circuit, version] = [attribute(info, 'Plant'), attribute(info, 'Circuit'), attribute(info, 'ModelVersion')];
  return plant === null || circuit === null || version === null ? null : { plant, circuit, version };
}

export function seenRun(info: KnownRun): SeenRun {
  return { status: info.status.name, outcome: attribute(info, 'Outcome') as Outcome | null, phase: attribute(info, 'Phase'), gate: attribute(info, 'Gate') };
}
