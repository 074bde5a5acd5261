import { ChildWorkflowCancellationType, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { searchAttributePairs } from '../blocks/search-attribute-pairs.ts';
import { idPart, targetLabel } from '../domain/ids.ts';
import type { Target } from '../domain/vocabulary.ts';
import type { LastChange } from './last-change-gate.ts';

/** What `rollBackModel` takes. */
interface RollBack {
  target: Target;
  reason: string;
  /** What people saw serving: where something else serves by then, the rollback says so and does nothing. */
  from: string;
  to?: string;
  startedBy: string;
}

/** Starts `rollBackModel` by name; it outlives the incident. One that is under way already is joined. */
export async function startRollback(target: Target, { from, to }: LastChange, { title, by }: { title: string; by: readonly string[] }): Promise<{ workflowId: string; isNew: boolean }> {
  const workflowId = ['rollBackModel', idPart(target.plant), idPart(target.circuit)].join(':');
  const input: RollBack = { target, reason: `incident: ${title}`.slice(0, 1000), from, ...(to === null && { to: 'newestGood' }), startedBy: by.join(', ') };
  try {
    await startChild('rollBackModel', {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      typedSearchAttributes: searchAttributePairs({ Plant: target.plant, Circuit: target.circuit, ModelVersion: to ?? 'previous' }),
      staticSummary: `Roll ${targetLabel(target)} back, approved in an incident`,
    });
    return { workflowId, isNew: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, isNew: false };
    throw error;
  }
}
