/** A run's events from the newest backwards, a page at a time, so that whoever looks for what came last reads no more than that. */
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const pageSize = 200;

/** Throws the service's error as it is; gRPC's NOT_FOUND (5) when the run is not kept. */
export async function* historyBackwards({ workflowService, options }: Client, execution: { workflowId: string; runId: string }): AsyncGenerator<HistoryEvent> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistoryReverse({ namespace: options.namespace, execution, maximumPageSize: pageSize, nextPageToken });
    yield* page.history?.events ?? [];
    ({ nextPageToken } = page);
  } while (nextPageToken && nextPageToken.length > 0);
}
