/** What visibility knows of a run, in the shape that scripts read. Visibility lags by moments and outlives the worker. */
import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { SearchAttributeName } from '../../workflows/domain/search-attributes.ts';

/** A line of `list --json`. `phase` is null only where neither the run nor visibility tells. */
export type RunSummary = Pick<RunStatus, 'workflowId' | 'runId' | 'runbook' | 'status' | 'outcome' | 'target' | 'gate'> & { phase: string | null };

/** Temporal's words as Temporal Web UI writes them. */
const statusNames: Partial<Record<WorkflowExecutionStatusName, RunStatus['status']>> = {
  RUNNING: 'Running',
  PAUSED: 'Running', // a paused run is still open
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Canceled',
  TERMINATED: 'Terminated',
  TIMED_OUT: 'TimedOut',
  CONTINUED_AS_NEW: 'ContinuedAsNew',
};

/** Without a gate: that only the run itself can tell. */
export function summaryOf(info: Omit<WorkflowExecutionInfo, 'raw'>): RunSummary {
  const { workflowId, runId, type } = info;
  const keyword = (name: SearchAttributeName): string | null => info.typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD')) ?? null;
  const [plant, circuit, version] = [keyword('Plant'), keyword('Circuit'), keyword('ModelVersion')];
  return {
    workflowId,
    runId,
    runbook: type,
    status: statusNames[info.status.name] ?? 'Running',
    outcome: keyword('Outcome') as RunStatus['outcome'],
    phase: keyword('Phase'),
    target: plant === null || circuit === null || version === null ? null : { plant, circuit, version },
    gate: null,
  };
}

/** The same run as it describes itself; open or closed is for Temporal to say. */
export function confirmedBy(status: RunStatus, summary: RunSummary): RunSummary {
  const isOpen = summary.status === 'Running';
  return { ...summary, outcome: status.outcome ?? summary.outcome, phase: status.phase, target: status.target ?? summary.target, gate: isOpen ? status.gate : null };
}
