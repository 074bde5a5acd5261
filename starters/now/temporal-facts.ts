/** What Temporal and the runs themselves tell of a target. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import { unreadGate } from '../../activities/runs/unread-gate.ts';
import { readStops } from '../../activities/runs/emergency-stop.ts';
import { quoted } from '../../activities/runs/visibility.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { lockId, type LockState } from '../../workflows/domain/resource-lock.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import type { IncidentView } from '../../workflows/incidents/incident-desk.ts';
import { summaryOf } from '../cli/run-summary.ts';
import { findWaitingGates } from '../gates/waiting-gates.ts';
import { within } from '../temporal-connection.ts';
import type { LockNow, NowFacts, OpenGateNow, OpenIncident, OpenRun } from './report.ts';
import type { Sources } from './sources.ts';

/** Milliseconds that a worker has to answer a query. */
const queryMs = 3_000;
/** Open runs of one target that are asked for their phase; further ones are listed as visibility has them. */
const mostAsked = 10;
const concurrency = 16;

/** Workflows that serve others and are shown in a line of their own. */
const serving = ['lockTarget', 'stopReleases', 'followAlert', 'keepUnresolvedHook'];

export type TemporalFacts = Pick<NowFacts, 'runs' | 'lock' | 'gates' | 'incidents' | 'stops'>;

/** Reads them all at once. Without a connection, Temporal is the one source that is missing. */
export async function readTemporalFacts(client: Client, target: Target, sources: Sources): Promise<TemporalFacts> {
  const isThere = await sources.read('Temporal', async () => { await client.connection.ensureConnected(); return true; });
  if (!isThere) return { runs: null, lock: null, gates: null, incidents: null, stops: null };
  const [open, lock, gates, stops] = await Promise.all([
    sources.read('runs', () => openRuns(client, target)),
    sources.read('lock', () => readLock(client, target)),
    sources.read('gates', () => readGates(client, target, sources)),
    sources.read('emergency stop', async () => (await readStops(client, { target })).holds),
  ]);
  const [runs, incidents] = open === null ? [null, null] : await Promise.all([
    sources.read('phases', () => withPhases(client, open)).then((asked) => asked ?? open),
    readIncidents(client, open.filter(({ runbook }) => runbook === 'coordinateIncident'), sources),
  ]);
  return { runs, lock, gates, incidents, stops };
}

/** The filter of everything that concerns a target. */
function about({ plant, circuit }: Target): string {
  return `Plant = ${quoted(plant)} AND Circuit = ${quoted(circuit)}`;
}

async function openRuns(client: Client, target: Target): Promise<OpenRun[]> {
  const query = `TaskQueue = ${quoted(TaskQueue.Runbooks)} AND ExecutionStatus = 'Running' AND ${about(target)}`;
  const runs: OpenRun[] = [];
  await within(client, queryMs, async () => {
    for await (const info of client.workflow.list({ query, pageSize: 500 })) {
      const { workflowId, runbook, phase } = summaryOf(info);
      if (!serving.includes(runbook)) runs.push({ workflowId, runbook, phase, phaseSince: null, startedAt: info.startTime.toISOString() });
    }
  });
  return runs.sort((left, right) => (left.startedAt < right.startedAt ? 1 : -1));
}

/** A run that does not answer is shown as visibility has it: its gate and its lock are asked for elsewhere, and tell that nobody answers. */
async function withPhases(client: Client, runs: readonly OpenRun[]): Promise<OpenRun[]> {
  return await pMap(runs, async (run, index) => {
    const status = index < mostAsked ? await ask<RunStatus>(client, run.workflowId, 'status') : null;
    return status === null ? run : { ...run, phase: status.phase, phaseSince: status.phases.at(-1)?.startedAt ?? null };
  }, { concurrency });
}

async function readLock(client: Client, target: Target): Promise<LockNow> {
  try {
    const { epoch, holder, queue } = await within(client, queryMs, () => client.workflow.getHandle(lockId(target)).query<LockState>('status'));
    return {
      epoch,
      holder: holder && { workflowId: holder.workflowId, what: holder.what, since: holder.grantedAt },
      queue: queue.map(({ workflowId, what }) => ({ workflowId, what })),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { epoch: 0, holder: null, queue: [] }; // nobody has ever claimed it
    throw error;
  }
}

async function readGates(client: Client, target: Target, sources: Sources): Promise<OpenGateNow[]> {
  const { gates, unreadable } = await findWaitingGates(client, { query: about(target) });
  for (const { workflowId, reason } of unreadable) sources.miss({ source: `gate of ${workflowId}`, reason, kind: 'away' });
  return gates.map(openGate).sort((left, right) => (left.deadline < right.deadline ? -1 : 1));
}

/** A gate as an answer needs it. */
export function openGate({ workflowId, gate, card, openedAt, deadline, silence, eligible, missing, evidence }: GateView): OpenGateNow {
  return { workflowId, gate, question: card.question, openedAt, deadline, silence, eligible, missing, evidence };
}

/** An incident that does not answer is open all the same. */
export async function readIncidents(client: Client, runs: readonly Pick<OpenRun, 'workflowId' | 'startedAt'>[], sources: Sources): Promise<OpenIncident[]> {
  const found = await sources.read('incidents', () => pMap(runs, async ({ workflowId, startedAt }): Promise<OpenIncident> => {
    const view = await ask<IncidentView>(client, workflowId, 'incident');
    if (view === null) return silentIncident({ workflowId, startedAt });
    return { workflowId, title: view.title, severity: view.severity, openedAt: view.openedAt, acknowledgedBy: view.acknowledged?.by ?? null, nextClock: view.due[0] ?? null };
  }, { concurrency }));
  return found ?? runs.map(silentIncident);
}

function silentIncident({ workflowId, startedAt }: Pick<OpenRun, 'workflowId' | 'startedAt'>): OpenIncident {
  return { workflowId, title: null, severity: null, openedAt: startedAt, nextClock: null };
}

/** Null where no worker answers, or the run has no such query. */
async function ask<T>(client: Client, workflowId: string, query: string): Promise<T | null> {
  try {
    return await within(client, queryMs, () => client.workflow.getHandle(workflowId).query<T>(query));
  } catch (error) {
    if (unreadGate(error) === null) throw error;
    return null;
  }
}
