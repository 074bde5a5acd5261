/** What a run was given and what it ended with. Both are in its history, whether or not a worker is there. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { within } from '../temporal-connection.ts';
import { callMs, type Session } from './session.ts';

interface RunId {
  workflowId: string;
  runId: string;
}

export interface Ending {
  /** As the runbook returned it; of a failed run what stands in the failure, of a cancelled one what stands in the memo. Null where the run left none. */
  result: unknown;
  /** Why the run failed, or was cut off, in one line. */
  failure: string | null;
}

/** The input, from the first event of the history; it fits `holdpoint start` as it is. */
export async function readInput({ client }: Session, { workflowId, runId }: RunId): Promise<unknown> {
  const { history } = await within(client, callMs, () =>
    client.workflowService.getWorkflowExecutionHistory({ namespace: client.options.namespace, execution: { workflowId, runId }, maximumPageSize: 1 }),
  );
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, started?.input?.payloads);
  return input ?? null;
}

/** The end of a closed run; `memo` is the run's own. */
export async function readEnding({ client }: Session, { workflowId, runId }: RunId, memo: Record<string, unknown> | undefined): Promise<Ending> {
  try {
    return { result: await within(client, callMs, () => client.workflow.getHandle(workflowId, runId, { followRuns: false }).result()), failure: null };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    return { result: leftResult(error, memo), failure: cause instanceof CancelledFailure ? null : (cause?.message ?? error.message) };
  }
}

/** What a run that did not complete left as its result; `memo` is the run's own. Null where it left none. */
export function leftResult({ cause }: WorkflowFailedError, memo: Record<string, unknown> | undefined): unknown {
  if (cause instanceof CancelledFailure) return memo?.['result'] ?? null;
  return cause instanceof ApplicationFailure ? (cause.details?.[0] ?? null) : null;
}
