/** How runs ended, and what they and the runbooks that they started did until then. */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { leftResult } from '../../starters/cli/run-result.ts';
import { coordinateIncident, runbooks } from '../../starters/runbooks.ts';
import type { CompensationReport } from '../../workflows/domain/compensation.ts';
import type { SimulatedClock } from './simulated-clock.ts';
import { readRun, type Entry, type RunReading } from './timeline.ts';

export interface End {
  outcome: string;
  reason: string;
  result: unknown;
  compensations: CompensationReport[];
}

export interface RunsReading extends RunReading {
  clock: SimulatedClock;
  /** Whether runbooks that a run starts, or that are started beside it, are waited for, and told of. */
  follows: boolean;
  /** Runs that were started beside it meanwhile. */
  begun: readonly string[];
}

/** The entries of a run, of all that it started and of what was begun beside it, and when the last of them ended. The clock tells no end: it skips on as soon as nothing is left to do. */
export async function runsOf(reading: RunsReading): Promise<{ entries: Entry[]; lengthMs: number; phases: string[] }> {
  const { client, clock, follows, begun } = reading;
  const { entries, children, endMs, phases } = await readRun(reading);
  const found = { entries: [...entries], lengthMs: endMs, phases };
  // What serves a run, such as the test of one model, is told in the run's own line. An incident that a run opens is told too: it goes on until people resolve it, which is a story of its own.
  const started = children.filter(({ type }) => runbooks.some(({ name }) => name === type && name !== coordinateIncident.name)).map(({ workflowId }) => workflowId);
  for (const workflowId of follows ? [...started, ...begun] : []) {
    await clock.while(() => endOf(client.workflow.getHandle(workflowId)));
    const inner = await runsOf({ ...reading, workflowId, begun: [] });
    found.entries.push(...inner.entries);
    found.lengthMs = Math.max(found.lengthMs, inner.lengthMs);
  }
  return found;
}

export async function endOf(handle: WorkflowHandle): Promise<End> {
  try {
    const result: unknown = await handle.result();
    const { outcome = 'succeeded', reason = '', compensations = [] } = (result ?? {}) as Partial<End>;
    return { outcome, reason, result, compensations };
  } catch (error) {
    const [cause, left] = error instanceof WorkflowFailedError ? [error.cause, leftResult(error, (await handle.describe()).memo) as Partial<End> | null] : [error, null];
    return { outcome: cause instanceof CancelledFailure ? 'aborted' : 'failed', reason: left?.reason ?? (cause instanceof Error ? cause.message : String(cause)), result: left, compensations: left?.compensations ?? [] };
  }
}
