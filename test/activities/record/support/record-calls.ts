import type { RecordedCall } from '../../../../activities/record/block.ts';
import type { AppendToRecordInput } from '../../../../workflows/domain/record.ts';

/** What a run would put on record, the same for the same number. */
export function recordCall(number: number, workflowId = 'releaseModel:P001:C001:1'): Omit<RecordedCall, 'build'> {
  return {
    key: String(number).padStart(20, '0'),
    run: { workflowId, runId: 'first-run', runbook: 'releaseModel', target: { plant: 'P001', circuit: 'C001', version: '1' } },
    entries: [{ kind: 'finding', what: `finding ${number}`, detail: 'Grüße, 世界', at: '2026-11-21T12:00:00.000Z' }],
  };
}

/** The same as the activity takes it. */
export function appendInput(number: number, workflowId?: string): AppendToRecordInput {
  const { key, run, entries } = recordCall(number, workflowId);
  return { key: { key, workflowId: run.workflowId, runId: run.runId }, run, entries };
}
