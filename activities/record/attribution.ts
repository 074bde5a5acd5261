/**
 * Whose answers they are, as Temporal's server knows it: with principal propagation (Server 1.31 or newer) it notes on each event the principal that it computed from the caller's credential.
 *
 * Four things were measured on Server 1.32.1, and each would make somebody a decider who decided nothing:
 * - The accepted event of an update carries the principal of the *worker* that accepted it, never the sender's. Only signals can be attributed.
 * - A reset sends the signals after its point again, with the principal of *whoever reset the run*. Whose they were is read from the run that they were first sent to.
 * - A signal from another workflow has no principal, or, if it waited for a workflow task to end, the one of the worker that ended it. So a principal that works on the run's own workflow tasks is never a person's.
 * - The client-supplied `identity` is whatever its sender likes; it is not read at all.
 */
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import type { VerifiedAnswer, VerifyAnswersInput, WaitingAnswer } from '../../workflows/domain/identity.ts';
import { payloadDigest } from '../../workflows/domain/record.ts';
import { historyBackwards, type HistoryEvent } from './history-backwards.ts';

type Principal = temporal.api.common.v1.IPrincipal;

/** An answer as history has it. `sender` says who sent it, or why nobody knows. */
interface Sent {
  eventId: number;
  channel: WaitingAnswer['channel'];
  digest: string;
  /** The workflow's time when it took the message: the start of the workflow task that brought it. Null: none has yet. */
  takenAt: string | null;
  sender: Principal | { problem: string };
}

/** What to read of a run: back to the task at `since`, or to the event `fromEvent`. */
interface Extent {
  since: string | null;
  fromEvent: number;
}

const nobody = 'the server attributed nobody to this event: principal propagation is off, or the call carried no credential';
const updates = 'the server attributes an update to the worker that accepts it, not to whoever sent it: send it as the signal "approve" or "reject"';

/**
 * Finds the event of each waiting answer and maps its principal to a person, by id or alias. An answer is found by its channel, its payload and the workflow's time at which it came, so
 * that somebody else's repetition of the same payload is another answer; of several in one workflow task the first event is the first answer. What cannot be told apart counts for nobody.
 *
 * Safe to retry: it only reads. Errors of the client pass through, and are retried.
 */
export async function attributeAnswers(client: Client, { workflowId, runId, people, answers }: VerifyAnswersInput): Promise<VerifiedAnswer[]> {
  if (answers.length === 0) return [];
  const since = answers.map(({ receivedAt }) => receivedAt).sort()[0]!;
  const sent = await readSent(client, workflowId, runId, { since, fromEvent: 0 }, new Set(answers.map((answer) => answer.payloadDigest)));
  return answers.map((answer) => {
    const sender = senderOf(answer, answers, sent);
    return 'problem' in sender ? unproven(answer, sender.problem) : attributed(answer, sender, people);
  });
}

function senderOf(answer: WaitingAnswer, answers: readonly WaitingAnswer[], sent: readonly Sent[]): Sent['sender'] {
  if (answer.channel === 'decide') return { problem: updates };
  const isTwin = (other: WaitingAnswer): boolean => other.channel === answer.channel && other.payloadDigest === answer.payloadDigest && other.receivedAt === answer.receivedAt;
  const events = sent.filter(({ channel, digest, takenAt }) => channel === answer.channel && digest === answer.payloadDigest && takenAt === answer.receivedAt);
  const twins = answers.filter(isTwin).sort((one, other) => one.id - other.id);
  if (events.length === 0) return { problem: 'no event of the run has this payload' };
  if (new Set(events.map(({ sender }) => JSON.stringify(sender))).size === 1) return events[0]!.sender;
  if (events.length !== twins.length) return { problem: 'several people sent the same payload in the same moment: send it again' };
  return events[twins.indexOf(answer)]!.sender;
}

function attributed(answer: WaitingAnswer, { type, name }: Principal, people: VerifyAnswersInput['people']): VerifiedAnswer {
  const person = personOf(people, name ?? '');
  if (person === undefined) return unproven(answer, `it was sent by "${name}" (${type}), whom the estate does not know`);
  const { by } = answer.answer;
  if (by !== undefined && personOf(people, by) !== person) return unproven(answer, `it says "${by}", but ${person} sent it`);
  return { id: answer.id, level: 'attributed', by: person, via: `Temporal (${type})`, problem: null };
}

function unproven({ id }: WaitingAnswer, problem: string): VerifiedAnswer {
  return { id, level: 'claimed', by: null, via: null, problem };
}

function personOf(people: VerifyAnswersInput['people'], name: string): string | undefined {
  const wanted = name.trim().toLowerCase();
  return people.find(({ id, aliases }) => [id, ...aliases].some((known) => known.toLowerCase() === wanted))?.id;
}

/** The signals of a run, oldest first, that have one of the digests. */
async function readSent(client: Client, workflowId: string, runId: string, { since, fromEvent }: Extent, wanted: ReadonlySet<string>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const workers = new Set<string>();
  /** Starts of workflow tasks that were completed: a task that failed took nothing. */
  const completed = new Set<number>();
  let takenAt: string | null = null;
  /** The workflow task scheduled next: what lies between a reset and the first task after it was sent to another run. */
  let scheduled = Number.POSITIVE_INFINITY;
  for await (const event of historyBackwards(client, { workflowId, runId })) {
    const eventId = Number(event.eventId);
    if (eventId < fromEvent) break;
    if (event.workflowTaskScheduledEventAttributes) scheduled = eventId;
    const done = event.workflowTaskCompletedEventAttributes;
    if (done) {
      completed.add(Number(done.startedEventId));
      // Only a worker completes a task; a reset writes the other events of one with the principal of whoever resets.
      if (event.principal?.name) workers.add(nameOf(event.principal));
    }
    if (event.workflowTaskStartedEventAttributes && completed.has(eventId)) {
      takenAt = new Date(tsToMs(event.eventTime)).toISOString();
      if (since !== null && takenAt < since) break;
    }
    const reset = resetOf(event);
    if (reset !== null) await restoreSenders(client, workflowId, reset, eventId, sent.filter((message) => message.eventId < scheduled), wanted);
    const message = await readSignal(client, event);
    if (message && wanted.has(message.digest)) sent.unshift({ ...message, eventId, takenAt });
  }
  for (const message of sent) if (!('problem' in message.sender) && workers.has(nameOf(message.sender))) message.sender = { problem: `it bears the principal of the worker, "${message.sender.name}": another workflow sent it` };
  return sent;
}

/** Gives signals that a reset sent again the senders that they had in the run before it: of the same payload, the first there is the first here. */
async function restoreSenders(client: Client, workflowId: string, baseRunId: string, resetAt: number, again: readonly Sent[], wanted: ReadonlySet<string>): Promise<void> {
  if (again.length === 0) return;
  const before = await readSent(client, workflowId, baseRunId, { since: null, fromEvent: resetAt }, wanted).catch((error: unknown) => {
    if (isNotFound(error)) return [];
    throw error;
  });
  for (const message of again) {
    const original = before.findIndex(({ channel, digest }) => channel === message.channel && digest === message.digest);
    message.sender = original < 0 ? { problem: 'it came with a reset of the run, and the run that it was sent to is not kept: send it again' } : before.splice(original, 1)[0]!.sender;
  }
}

async function readSignal(client: Client, { principal, workflowExecutionSignaledEventAttributes: signal }: HistoryEvent): Promise<Pick<Sent, 'channel' | 'digest' | 'sender'> | null> {
  const channel = signal?.signalName;
  if (channel !== 'approve' && channel !== 'reject') return null;
  const [value] = await decodeArrayFromPayloads(client.options.loadedDataConverter, signal!.input?.payloads);
  const sender = signal!.externalWorkflowExecution ? { problem: `another workflow sent it, ${signal!.externalWorkflowExecution.workflowId}` } : principal?.name ? isTemporals(principal) : { problem: nobody };
  return { channel, digest: payloadDigest(channel, value), sender };
}

/** Temporal's own services call as a principal of their own, for example to carry out a batch operation that somebody asked for. */
function isTemporals(principal: Principal): Sent['sender'] {
  return principal.type === 'temporal' ? { problem: 'Temporal itself sent it, for a batch operation: send it to this run alone' } : principal;
}

function nameOf({ type, name }: Principal): string {
  return `${type}:${name}`.toLowerCase();
}

/** The run that was reset, if the event is where a reset began. */
function resetOf({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): string | null {
  return failed?.baseRunId && failed.newRunId && failed.baseRunId !== failed.newRunId ? failed.baseRunId : null;
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 5;
}
