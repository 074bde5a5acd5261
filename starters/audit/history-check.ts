/** Whether Temporal's history, as long as it exists, holds the decisions that are on record, and no other. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { payloadDigest, type RecordedAnswer } from '../../workflows/domain/record.ts';
import type { Checked, Finding } from './finding.ts';
import { grpcCode } from '../temporal-connection.ts';
import type { AuditedRun } from './recorded-run.ts';

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type Request = NonNullable<NonNullable<Event['workflowExecutionUpdateAcceptedEventAttributes']>['acceptedRequest']>;
type Payloads = NonNullable<Event['workflowExecutionSignaledEventAttributes']>['input'];
type Channel = RecordedAnswer['channel'];

/** gRPC's status code. */
const notFound = 5;

interface DecisionEvent {
  eventId: number;
  channel: Channel;
  digest: string;
  /** The update was accepted and then answered with a failure: it took no effect. */
  refused: boolean;
}

interface History {
  runId: string;
  isOpen: boolean;
  decisions: DecisionEvent[];
  /** Events after this one cannot be on record: it asked for the last entries. */
  lastAppend: number;
  endedBy: 'reset' | 'terminated' | null;
}

/** Compares the histories of a run and of its resets with the record. */
export async function checkHistory(client: Client, run: AuditedRun): Promise<Checked> {
  const histories = await readHistories(client, run);
  if (histories.length === 0) return { findings: [], notes: [`The history of ${run.workflowId} (${run.runId}) no longer exists: only the record was examined.`] };
  const recorded = run.entries.flatMap((entry) => (entry.kind === 'answers' ? entry.answers.map((answer) => ({ ...answer, block: entry.block })) : []));
  const results = histories.map((history) => compare(run, history, recorded, histories));
  return { findings: results.flatMap(({ findings }) => findings), notes: results.flatMap(({ notes }) => notes) };
}

type Recorded = RecordedAnswer & { block: number };

function compare(run: AuditedRun, { runId, isOpen, decisions, lastAppend, endedBy }: History, recorded: readonly Recorded[], histories: readonly History[]): Checked {
  const where = (eventId: number): string => `${run.workflowId}, run ${runId}, event ${eventId}`;
  let left = [...recorded];
  const unmatched = decisions.filter(({ channel, digest }) => {
    const index = left.findIndex((answer) => answer.channel === channel && answer.payloadDigest === digest);
    left = left.filter((_, at) => at !== index);
    return index === -1;
  });
  // After a reset the same answers come again, and are recorded again; and each of the histories has only its part of them.
  if (histories.length > 1) left = left.filter(({ channel, payloadDigest: digest }) => !histories.some((history) => history.decisions.some((event) => event.channel === channel && event.digest === digest)));
  const findings: Finding[] = [];
  const notes: string[] = [];
  for (const { eventId, channel, refused } of unmatched) {
    const original = left.find((answer) => answer.channel === channel);
    const what = channel === 'decide' ? 'update "decide"' : `signal "${channel}"`;
    if (original) {
      left = left.filter((answer) => answer !== original);
      const decision = original.counted ? `${original.verdict} of ${original.by}` : 'an answer that did not count';
      findings.push({ about: 'history', where: where(eventId), what: `the payload of ${what} is not the one that was recorded at ${original.at} (${decision}, block ${original.block}): it was changed` });
    } else if (refused) continue;
    else if (isOpen) notes.push(`Event ${eventId} of ${run.workflowId} (${what}) is not on record yet; the run is open.`);
    else if (eventId > lastAppend || endedBy !== null) notes.push(`Event ${eventId} of ${run.workflowId} (${what}) came when the run's last entries were written already, and had no effect.`);
    else findings.push({ about: 'history', where: where(eventId), what: `${what} is not on record: it was added, or the record lacks it` });
  }
  const isLatest = histories.at(-1)?.runId === runId;
  if (isLatest) {
    for (const { channel, at, counted, verdict, by, block } of left) {
      findings.push({ about: 'history', where: `${run.workflowId}, run ${runId}`, what: `the ${channel === 'decide' ? 'update' : 'signal'} "${channel}" that was recorded at ${at} (${counted ? `${verdict} of ${by}` : 'it did not count'}, block ${block}) has no event in the history: it was removed` });
    }
    if (!isOpen && run.closed === null) findings.push({ about: 'history', where: `${run.workflowId}, run ${runId}`, what: `the run ended${endedBy === 'terminated' ? ' by termination' : ''} and the record has no end of it` });
  }
  return { findings, notes };
}

/** The run itself and its resets, the oldest first. */
async function readHistories(client: Client, { workflowId, runId }: AuditedRun): Promise<History[]> {
  const ids = new Map<string, number>([[runId, 0]]);
  for await (const info of client.workflow.list({ query: `WorkflowId = '${workflowId.replaceAll("'", "\\'")}'` })) ids.set(info.runId, info.startTime.getTime());
  // Visibility may lag behind: the latest run is asked for as well.
  const latest = await orGone(client.workflow.getHandle(workflowId).describe());
  if (latest) ids.set(latest.runId, latest.startTime.getTime());
  const read = await Promise.all([...ids].map(async ([id, startedAt]) => ({ startedAt, history: await readHistory(client, workflowId, id, runId) })));
  return read.sort((one, other) => one.startedAt - other.startedAt).flatMap(({ history }) => (history === null ? [] : [history]));
}

/** Null where it does not exist any more, or belongs to another start of the same workflow id. */
async function readHistory(client: Client, workflowId: string, runId: string, firstRunId: string): Promise<History | null> {
  const history = await orGone(client.workflow.getHandle(workflowId, runId).fetchHistory());
  const events = history?.events ?? [];
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (!started || started.firstExecutionRunId !== firstRunId) return null;
  const refused = new Set(events.flatMap(({ workflowExecutionUpdateCompletedEventAttributes: completed }) => (completed?.outcome?.failure ? [String(completed.acceptedEventId)] : [])));
  const admitted = new Map(events.flatMap(({ workflowExecutionUpdateAdmittedEventAttributes: one }) => (one?.request?.meta?.updateId ? [[one.request.meta.updateId, one.request] as const] : [])));
  const decisions: DecisionEvent[] = [];
  let lastAppend = 0;
  for (const event of events) {
    if (event.activityTaskScheduledEventAttributes?.activityType?.name === 'appendToRecord') lastAppend = Number(event.eventId);
    const sent = decisionOf(event, admitted);
    if (sent) decisions.push({ eventId: Number(event.eventId), channel: sent.channel, digest: payloadDigest(sent.channel, await valueOf(client, sent.payloads)), refused: refused.has(String(event.eventId)) });
  }
  const last = events.at(-1);
  const terminated = last?.workflowExecutionTerminatedEventAttributes;
  const isOpen = !events.some(isEnd);
  return { runId, isOpen, decisions, lastAppend, endedBy: terminated ? (/reset/i.test(terminated.reason ?? '') ? 'reset' : 'terminated') : null };
}

function decisionOf(event: Event, admitted: ReadonlyMap<string, Request>): { channel: Channel; payloads: Payloads } | null {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === 'approve' || signal?.signalName === 'reject') return { channel: signal.signalName, payloads: signal.input };
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes;
  // An update that a reset applied again has its request in the event that admitted it.
  const request = accepted?.acceptedRequest?.input ? accepted.acceptedRequest : admitted.get(accepted?.protocolInstanceId ?? '');
  return accepted && request?.input?.name === 'decide' ? { channel: 'decide', payloads: request.input.args } : null;
}

/** What the run's handler was given: by the product's own converter, which makes a value of what cannot be decoded. */
async function valueOf(client: Client, payloads: Payloads): Promise<unknown> {
  const [value] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads?.payloads);
  return value;
}

function isEnd(event: Event): boolean {
  return Boolean(
    event.workflowExecutionCompletedEventAttributes ?? event.workflowExecutionFailedEventAttributes ?? event.workflowExecutionCanceledEventAttributes
      ?? event.workflowExecutionTerminatedEventAttributes ?? event.workflowExecutionTimedOutEventAttributes ?? event.workflowExecutionContinuedAsNewEventAttributes,
  );
}

async function orGone<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === notFound) return null;
    throw error;
  }
}
