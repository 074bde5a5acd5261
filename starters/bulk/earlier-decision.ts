/** Whether a decision was made before, at a gate that has closed meanwhile: the run's history knows. */
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { readAnswer } from '../../workflows/domain/answer.ts';
import { within } from '../temporal-connection.ts';

/** Milliseconds for the history of one run. */
const historyMs = 20_000;

interface Wanted {
  gate: string;
  verdict: string;
  by: string;
}

/** Looks through what the run has taken: updates that its validator let pass, and signals. Whether they counted is the run's affair; they were not refused. */
export async function wasDecidedBefore(client: Client, workflowId: string, { gate, verdict, by }: Wanted): Promise<boolean> {
  const { events } = await within(client, historyMs, () => client.workflow.getHandle(workflowId).fetchHistory());
  for (const event of events ?? []) {
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    const signal = event.workflowExecutionSignaledEventAttributes;
    const isAnswer = update?.name === 'decide' || signal?.signalName === 'approve' || signal?.signalName === 'reject';
    if (!isAnswer) continue;
    const [value] = await decodeArrayFromPayloads(client.options.loadedDataConverter, update?.args?.payloads ?? signal?.input?.payloads);
    const { answer } = readAnswer(value, signal ? (signal.signalName as 'approve' | 'reject') : undefined);
    if (answer.gate === gate && answer.verdict === verdict && answer.by?.toLowerCase() === by.trim().toLowerCase()) return true;
  }
  return false;
}
