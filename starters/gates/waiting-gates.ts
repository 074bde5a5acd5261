/** All gates that wait for somebody: what the inbox, the command line and reviews begin with. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { within } from '../temporal-connection.ts';
import { GateSilent, queryGate } from './read-gate.ts';
import { SilentRuns } from './silent-runs.ts';

/** Most queries under way at the same time: each may make a worker replay a history. */
const concurrency = 16;
/** Milliseconds for all pages of the list. */
const listMs = 60_000;

/** Open runs whose search attribute says that a gate is open, or was until moments ago. */
export const waitingQuery = 'Gate IS NOT NULL';

export interface WaitingGates {
  gates: GateView[];
  /** Workflow ids of runs that wait, and that do not say for what. */
  silent: string[];
  /** The same, each with the reason: no worker answers, or the run is broken. */
  unreadable: { workflowId: string; reason: string }[];
}

export interface WaitingGatesOptions {
  /** Narrows the list, in the words of Temporal's list filter: `Plant = 'P001'`. */
  query?: string;
  /** Whether a worker serves the runbooks: asked when the first 16 runs are silent, and then each run has its 3 s to answer. Left out, the rest is taken to be silent too: a page cannot wait that long. */
  hasWorker?: () => Promise<boolean>;
  /** Called after each run, with how many there are. */
  onAsked?: (all: number) => void;
}

/** The gates that are open now, each confirmed by its run. Visibility lags by moments: a gate that has just opened may be missing. */
export async function listWaitingGates(client: Client, options: WaitingGatesOptions = {}): Promise<GateView[]> {
  return (await findWaitingGates(client, options)).gates;
}

/** The same, with those that cannot be read: whoever shows a list says so, or it looks complete. */
export async function findWaitingGates(client: Client, { query, hasWorker = async () => false, onAsked }: WaitingGatesOptions = {}): Promise<WaitingGates> {
  const filter = [`ExecutionStatus = 'Running'`, waitingQuery, ...(query === undefined ? [] : [`(${query})`])].join(' AND ');
  const runs: { workflowId: string; runId: string }[] = [];
  await within(client, listMs, async () => {
    for await (const { workflowId, runId } of client.workflow.list({ query: filter, pageSize: 500 })) runs.push({ workflowId, runId });
  });
  const asked = new SilentRuns(hasWorker);
  const unreadable: WaitingGates['unreadable'] = [];
  const gates = await pMap(runs, async (run) => {
    if (!(await asked.isWorthAsking())) {
      unreadable.push({ workflowId: run.workflowId, reason: 'no worker answers for the others' });
      return null;
    }
    try {
      const view = await queryGate(client, run);
      asked.answered();
      return view;
    } catch (error) {
      if (!(error instanceof GateSilent)) throw error;
      if (error.isBroken) asked.answered(); // somebody is there
      else asked.stayedSilent();
      unreadable.push({ workflowId: run.workflowId, reason: error.reason });
      return null;
    } finally {
      onAsked?.(runs.length);
    }
  }, { concurrency });
  return { gates: gates.filter((gate) => gate !== null), silent: unreadable.map(({ workflowId }) => workflowId), unreadable };
}
