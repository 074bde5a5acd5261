/** What waits for a decision: found by search attributes, and confirmed by the runs themselves. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { gateFigures, waitingGate, type GateAddress, type GateFigures, type Refusal, type WaitingGate } from '../../workflows/domain/review-gates.ts';
import { recordProgress } from '../heartbeat.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { unreadGate } from './unread-gate.ts';
import { listRuns, ownRuns, quoted } from './visibility.ts';

export interface FindWaitingGatesInput {
  /** ISO instant that ages are counted from. */
  now: string;
  /** Only gates that have been open for longer, in milliseconds. */
  olderThanMs?: number;
  plant?: string;
  circuit?: string;
  /** Only gates of these names. */
  gates?: string[];
  /** Only gates of these runbooks. */
  runbooks?: string[];
  /** Most gates in the answer, oldest first; 500 by default: more would be a payload that Temporal warns of. */
  most?: number;
}

export interface FoundGates {
  /** Oldest first. */
  gates: WaitingGate[];
  /** How many more wait. */
  more: number;
  /** Runs that wait, and that do not say for what: no worker answers for them, or they are broken. Whoever shows the list shows them too. */
  unreadable: Refusal[];
}

/** Most questions under way at the same time: each may make a worker replay a history. */
export const concurrency = 16;
/** How long a worker has to answer a query, in milliseconds. */
const queryMs = 5_000;
const mostGates = 500;
/** Unreadable gates in the answer. */
const mostUnreadable = 50;

/** Safe to retry because it only reads. */
export async function findWaitingGates(client: Client, input: FindWaitingGatesInput): Promise<FoundGates> {
  const { now, olderThanMs = 0, plant, circuit, gates = [], runbooks = [], most = mostGates } = input;
  const latest = new Date(Date.parse(now) - olderThanMs).toISOString();
  const among = (name: string, values: readonly string[]): string[] => (values.length === 0 ? [] : [`${name} IN (${values.map(quoted).join(', ')})`]);
  const query = [
    ownRuns,
    `ExecutionStatus = 'Running'`,
    ...(gates.length === 0 ? ['Gate IS NOT NULL'] : among('Gate', gates)),
    ...among('WorkflowType', runbooks),
    ...(plant === undefined ? [] : [`Plant = ${quoted(plant)}`]),
    ...(circuit === undefined ? [] : [`Circuit = ${quoted(circuit)}`]),
    ...(olderThanMs > 0 ? [`GateOpened <= ${quoted(latest)}`] : []),
  ].join(' AND ');
  const { runs } = await listRuns(client, query);
  const unreadable: Refusal[] = [];
  let asked = 0;
  const views = await pMap(runs, async ({ workflowId, runId }) => {
    const view = await queryGate(client, { workflowId, runId });
    recordProgress({ asked: (asked += 1), of: runs.length });
    if (view === null || !('unread' in view)) return view;
    unreadable.push({ workflowId, reason: view.unread });
    return null;
  }, { concurrency });
  // What the run itself says beats visibility: the gate may have closed, or opened again, meanwhile.
  const found = views.filter((view) => view !== null && view.state !== 'decided' && view.openedAt <= latest && (gates.length === 0 || gates.includes(view.gate))) as GateView[];
  const sorted = found.map(waitingGate).sort((one, other) => (one.openedAt === other.openedAt ? (one.workflowId < other.workflowId ? -1 : 1) : one.openedAt < other.openedAt ? -1 : 1));
  return { gates: sorted.slice(0, most), more: Math.max(0, sorted.length - most), unreadable: unreadable.slice(0, mostUnreadable) };
}

/** A few figures of each of these gates, for a table; those that are not open any more are left out. Safe to retry because it only reads. */
export async function readGates(client: Client, { gates }: { gates: Pick<GateAddress, 'workflowId' | 'gate'>[] }): Promise<{ gates: GateFigures[] }> {
  const views = await pMap(gates, ({ workflowId }) => queryGate(client, { workflowId }), { concurrency });
  return { gates: views.flatMap((view, index) => (view === null || 'unread' in view || view.gate !== gates[index]!.gate ? [] : [gateFigures(view)])) };
}

/** The gate at which an open run waits; null when it waits at none, `unread` where it does not say, with the reason. */
export async function queryGate(client: Client, { workflowId, runId }: { workflowId: string; runId?: string }): Promise<GateView | null | { unread: string }> {
  try {
    return await client.connection.withDeadline(Date.now() + queryMs, () => client.workflow.getHandle(workflowId, runId).query<GateView | null>('gate'));
  } catch (error) {
    const unread = unreadGate(error);
    if (unread !== null) return unread.kind === 'nothing' ? null : { unread: unread.reason };
    throw classifyTemporal(error, workflowId);
  }
}
