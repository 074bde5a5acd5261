/** Runs that were ended or set back from outside. Their own code was never asked, so nobody has told of it yet. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { clip } from '../../workflows/domain/answer.ts';
import { interruptionReportId, type InterruptedRun } from '../../workflows/domain/sweep-runs.ts';
import { recordProgress } from '../heartbeat.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute, listRuns, ownRuns, quoted, targetOf } from './visibility.ts';
import { concurrency } from './waiting-gates.ts';

export interface FindInterruptedRunsInput {
  /** ISO instant: only what happened after it. Longer than the schedule's interval, so that two sweeps overlap and none is missed. */
  since: string;
  /** Most interruptions in the answer; 100 by default. */
  most?: number;
}

export interface FoundInterruptions {
  interruptions: InterruptedRun[];
  /** How many more there are: the next sweep takes them up. */
  more: number;
}

interface Reset {
  runId: string;
  baseRunId: string;
  at: string;
  identity: string;
  reason: string;
}

type Described = Omit<WorkflowExecutionInfo, 'raw'> & { firstRunId: string };

/** Wire values of `temporal.api.enums.v1`: the package that names them is loaded as CommonJS, without named exports. */
const eventType = { workflowTaskFailed: 9, terminated: 27 } as const;
const causeReset = 20; // WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW

/**
 * The interruptions that no report exists for yet.
 *
 * A reset shows as one more run of a workflow id whose first run id is the older one's; its history names the run that it was made from, which Temporal has terminated for it: that
 * one is not an interruption of its own.
 *
 * Safe to retry because it only reads.
 */
export async function findInterruptedRuns(client: Client, { since, most = 100 }: FindInterruptedRunsInput): Promise<FoundInterruptions> {
  const [{ runs: ended }, { runs: begun }] = await Promise.all([
    listRuns(client, `${ownRuns} AND ExecutionStatus IN ('Terminated', 'TimedOut') AND CloseTime >= ${quoted(since)}`),
    // A reset run keeps the start time of its first run in some places, so that it is not narrowed by time: those that were ended here lead to it by their id.
    listRuns(client, `${ownRuns} AND (ExecutionStatus = 'Running' OR CloseTime >= ${quoted(since)})`),
  ]);
  const ofSameId = new Map<string, WorkflowExecutionInfo[]>();
  for (const run of [...ended, ...begun]) {
    const known = ofSameId.get(run.workflowId) ?? [];
    if (!known.some(({ runId }) => runId === run.runId)) ofSameId.set(run.workflowId, [...known, run]);
  }
  let asked = 0;
  const found = await pMap(ofSameId.values(), async (runs) => {
    const interruptions = await interruptionsOf(client, runs, since);
    recordProgress({ asked: (asked += 1), of: ofSameId.size });
    return interruptions;
  }, { concurrency });
  const unreported = await pMap(found.flat(), async (interruption) => ((await isReported(client, interruption)) ? [] : [interruption]), { concurrency });
  const sorted = unreported.flat().sort((one, other) => (one.at < other.at ? -1 : 1));
  return { interruptions: sorted.slice(0, most), more: Math.max(0, sorted.length - most) };
}

async function interruptionsOf(client: Client, runs: readonly WorkflowExecutionInfo[], since: string): Promise<InterruptedRun[]> {
  const described = await Promise.all(runs.map((run) => describe(client, run)));
  const resets = new Map<string, Reset>();
  for (const run of described) {
    if (run.firstRunId === run.runId) continue; // as it was started
    const reset = await readReset(client, run);
    if (reset !== null) resets.set(run.runId, reset);
  }
  const bases = new Set([...resets.values()].map(({ baseRunId }) => baseRunId));
  return (await Promise.all(described.map((run) => interruptionOf(client, run, resets.get(run.runId), bases)))).flat().filter(({ at }) => at >= since);
}

async function interruptionOf(client: Client, run: Described, reset: Reset | undefined, bases: ReadonlySet<string>): Promise<InterruptedRun[]> {
  const about = { run: { workflowId: run.workflowId, runId: run.firstRunId, runbook: run.type, target: targetOf(run) }, phase: attribute(run, 'Phase'), gate: attribute(run, 'Gate') };
  const was: InterruptedRun[] = reset ? [{ ...about, runId: run.runId, how: 'reset', at: reset.at, identity: clip(reset.identity, 100), reason: clip(reset.reason, 200) }] : [];
  const at = run.closeTime?.toISOString() ?? '';
  if (run.status.name === 'TIMED_OUT') return [...was, { ...about, runId: run.runId, how: 'timedOut', at, identity: '', reason: '' }];
  if (run.status.name !== 'TERMINATED' || bases.has(run.runId)) return was;
  const { identity, reason } = await readTermination(client, run);
  return [...was, { ...about, runId: run.runId, how: 'terminated', at, identity: clip(identity, 100), reason: clip(reason, 200) }];
}

async function describe(client: Client, run: WorkflowExecutionInfo): Promise<Described> {
  try {
    const description = await client.workflow.getHandle(run.workflowId, run.runId).describe();
    return { ...description, firstRunId: description.raw.workflowExecutionInfo?.firstRunId || run.runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ...run, firstRunId: run.runId }; // visibility keeps it a little longer than the store
    throw classifyTemporal(error, run.workflowId);
  }
}

/** The last event of a closed run. */
async function readTermination(client: Client, { workflowId, runId }: Described): Promise<{ identity: string; reason: string }> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      historyEventFilterType: 2, // HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
    });
    const event = history?.events?.find((candidate) => Number(candidate.eventType) === eventType.terminated);
    return { identity: event?.workflowExecutionTerminatedEventAttributes?.identity ?? '', reason: event?.workflowExecutionTerminatedEventAttributes?.reason ?? '' };
  } catch (error) {
    throw classifyTemporal(error, workflowId);
  }
}

/** The event with which a reset run leaves the history of the run that it was made from; null where there is none, such as after a retry of the whole run. The last one counts. */
async function readReset(client: Client, { workflowId, runId }: Described): Promise<Reset | null> {
  try {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const last = (events ?? []).filter((event) => Number(event.eventType) === eventType.workflowTaskFailed && Number(event.workflowTaskFailedEventAttributes?.cause) === causeReset).at(-1);
    if (!last) return null;
    const { identity, baseRunId, failure } = last.workflowTaskFailedEventAttributes!;
    const seconds = Number(last.eventTime?.seconds ?? 0);
    return { runId, baseRunId: baseRunId ?? '', at: new Date(seconds * 1000 + Math.floor((last.eventTime?.nanos ?? 0) / 1e6)).toISOString(), identity: identity ?? '', reason: failure?.message ?? '' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw classifyTemporal(error, workflowId);
  }
}

/** A report is a workflow of its own, which outlives the run that it is about by as long as Temporal keeps either. */
async function isReported(client: Client, interruption: InterruptedRun): Promise<boolean> {
  const id = interruptionReportId(interruption);
  try {
    await client.workflow.getHandle(id).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw classifyTemporal(error, id);
  }
}
