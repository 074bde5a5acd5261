/** People who decide a gate of quorum 2 of 3 at the same moment, and do not give up while there is no worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client, type WorkflowHandle } from '@temporalio/client';
import { payloadDigest } from '../../../workflows/domain/record.ts';

/** What became of a decision, as its sender knows it: the run counted it, took it without counting it, refused it, had ended, or (of a signal) the server has it. */
export type Fate = 'counted' | 'uncounted' | 'refused' | 'late' | 'sent';

export interface Sent {
  workflowId: string;
  gate: string;
  by: string;
  channel: 'decide' | 'approve';
  /** Digest of the payload, which no other decision has. */
  digest: string;
  fate: Fate;
  /** How often the update was sent, under one id. */
  attempts: number;
}

/** A worker that is away answers no update: the client asks again after this long. */
const patienceMs = 2_000;

/** Sends the update under one id until it is answered. */
export async function decideByUpdate(client: Client, workflowId: string, gate: string, by: string): Promise<Sent> {
  const answer = { gate, verdict: 'approve', by, comment: `${by} at ${gate} of ${workflowId}` };
  const sent: Omit<Sent, 'fate' | 'attempts'> = { workflowId, gate, by, channel: 'decide', digest: payloadDigest('decide', answer) };
  for (let attempts = 1; ; attempts += 1) {
    try {
      const { counted } = await client.withDeadline(Date.now() + patienceMs, () => client.workflow.getHandle(workflowId).executeUpdate<{ counted: boolean }, [object]>('decide', { args: [answer], updateId: `${gate}-${by}` }));
      return { ...sent, fate: counted ? 'counted' : 'uncounted', attempts };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return { ...sent, fate: 'refused', attempts };
      if (error instanceof WorkflowNotFoundError) return { ...sent, fate: 'late', attempts };
      if (!isUnanswered(error)) throw error;
      await sleep(50);
    }
  }
}

/** Sends the signal once: the server has it, worker or not. */
export async function decideBySignal(handle: WorkflowHandle, gate: string, by: string): Promise<Sent> {
  const answer = { gate, by, comment: `${by} at ${gate} of ${handle.workflowId}` };
  const sent: Omit<Sent, 'fate'> = { workflowId: handle.workflowId, gate, by, channel: 'approve', digest: payloadDigest('approve', answer), attempts: 1 };
  try {
    await handle.signal('approve', answer);
    return { ...sent, fate: 'sent' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ...sent, fate: 'late' };
    throw error;
  }
}

/** Deadline, cancelled, unavailable, busy; and "workflow task failure", by which the server gives an update back untaken (see `starters/decide.ts`). */
function isUnanswered(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [1, 4, 8, 9, 10, 14].includes(Number(cause.code));
}
