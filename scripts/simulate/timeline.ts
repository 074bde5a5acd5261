/** What happened in a simulation, read from the histories of its runs, from what the runs put on record, and from what the people and platforms of the story did. */
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Tick } from '../../workflows/domain/gate-clock.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { AppendToRecordInput, RecordEntry } from '../../workflows/domain/record.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { childrenOf, locksOf, type Child } from './company.ts';

export type EntryKind = 'phase' | 'gate' | 'person' | 'told' | 'step' | 'lock' | 'child' | 'effect' | 'fault' | 'event' | 'undone' | 'finding' | 'outcome';

/** One line of the timeline; with `untilMs`, something that lasted. Milliseconds since the start of the run. */
export interface Entry {
  atMs: number;
  untilMs?: number;
  kind: EntryKind;
  text: string;
  /** For a bar or a mark where the text is too long. */
  label?: string;
  /** The run, where a simulation has several. */
  run: string;
}

/** Steps that serve the run itself, shown only when they had to be repeated. */
const housekeeping: readonly string[] = ['loadPolicy', 'loadReleaseRules', 'appendToRecord', 'notify', 'verifyAnswers', 'planGateClock', 'nextOpening', 'loadCircuits', 'attributeAnswers', 'claimLock'];
/** A step that took longer is shown with its length, in milliseconds. */
const longMs = 60_000;
const looks: readonly string[] = [FailureType.StillRunning, FailureType.StillWatching];

export interface RunReading {
  client: Client;
  workflowId: string;
  startMs: number;
  /** Why attempts of an activity failed. */
  failures: (workflowId: string, activityId: string) => readonly string[];
}

export type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

export interface Step {
  type: string;
  activityId: string;
  input: unknown;
  result?: unknown;
  fromMs: number;
  untilMs: number;
  state: 'done' | 'failed' | 'cancelled' | 'under way';
}

/** The entries of one run, its phases, and the runs that it started. Queries the run, so workers must be there. */
export async function readRun({ client, workflowId, startMs, failures }: RunReading): Promise<{ entries: Entry[]; children: Child[]; endMs: number; phases: string[] }> {
  const handle = client.workflow.getHandle(workflowId);
  const [{ events }, status] = await Promise.all([handle.fetchHistory(), handle.query<RunStatus>('status').catch(() => null)]);
  const relative = (at: string | null): number => Date.parse(at ?? '') - startMs;
  const make = (atMs: number, kind: EntryKind, text: string, more: Partial<Entry> = {}): Entry => ({ atMs, kind, text, run: workflowId, ...more });
  const steps = await stepsOf(client, events ?? [], startMs);
  const endMs = Math.max(0, ...(events ?? []).map((event) => timeOf(event) - startMs));

  const phases = (status?.phases ?? []).map(({ name, startedAt, endedAt }) => make(relative(startedAt), 'phase', name, { untilMs: endedAt === null ? endMs : relative(endedAt) }));
  // A clock of working time is placed by an activity; until then a gate's deadline counts elapsed time.
  const placed = steps.filter(({ type, state }) => type === 'planGateClock' && state === 'done').map(({ input, result }) => ({ openedAt: (input as { openedAt: string }).openedAt, deadline: (result as { ticks: Tick[] }).ticks.at(-1)!.at }));
  const deadlineOf: DeadlineOf = ({ at, deadline }) => placed.find(({ openedAt }) => Math.abs(Date.parse(openedAt) - Date.parse(at)) < longMs)?.deadline ?? deadline;
  const recorded = steps.filter(({ type }) => type === 'appendToRecord').flatMap(({ input }) => (input as AppendToRecordInput).entries);
  const told = steps.filter(({ type }) => type === 'notify').flatMap(({ input, fromMs }) => tellings((input as { event: GateEvent }).event, (text, label) => make(fromMs, 'told', text, { label })));
  const done = steps.flatMap((step) => describeStep(step, failures(workflowId, step.activityId), (text, more) => make(step.fromMs, 'step', text, more)));
  const children = childrenOf(events ?? [], startMs);
  const started = children.map(({ workflowId: id, fromMs, untilMs, ending }) => make(fromMs, 'child', `${sameEachTime(id)}${ending === null ? '' : `, ${ending}`}`, untilMs - fromMs >= longMs ? { untilMs } : {}));
  const locks = await locksOf({ client, events: events ?? [], steps, startMs, endMs });
  const held = locks.map(({ target, fromMs, untilMs, waitsFor }) => make(fromMs, 'lock', `${waitsFor === null ? 'holds' : 'waits for'} the lock of ${target}${waitsFor === null ? '' : `, held by ${waitsFor}`}${untilMs - fromMs >= longMs ? `, until ${clockText(untilMs)}` : ''}`, { untilMs }));
  return { entries: [...phases, ...gates(recorded, deadlineOf, relative, make, endMs), ...told, ...held, ...started, ...done], children, endMs, phases: phases.map(({ text }) => text) };
}

type DeadlineOf = (opened: { at: string; deadline: string }) => string;
type Make = (atMs: number, kind: EntryKind, text: string, more?: Partial<Entry>) => Entry;

function gates(recorded: readonly RecordEntry[], deadlineOf: DeadlineOf, relative: (at: string) => number, make: Make, endMs: number): Entry[] {
  return recorded.flatMap((entry, index): Entry[] => {
    const atMs = relative(entry.at);
    if (entry.kind === 'gateOpened') {
      const closed = recorded.slice(index).find((later) => later.kind === 'gateClosed' && later.gate === entry.gate && later.generation === entry.generation);
      return [make(atMs, 'gate', `${entry.gate} opens${entry.generation > 0 ? ' again' : ''}; silence decides at ${clockText(relative(deadlineOf(entry)))}`, { label: entry.gate, untilMs: closed === undefined ? endMs : relative(closed.at) })];
    }
    if (entry.kind === 'gateClosed') return [make(atMs, 'gate', `${entry.gate} is ${entry.state}${entry.by.length > 0 ? ` by ${entry.by.join(', ')}` : ''}`)];
    if (entry.kind === 'policyChanged') return [make(atMs, 'gate', `${entry.gate} follows the changed estate: ${entry.changes.join('; ')}`)];
    if (entry.kind === 'effect') return [make(atMs, 'effect', `${entry.step}: ${entry.what}`)];
    if (entry.kind === 'finding') return [make(atMs, 'finding', entry.what)];
    return [];
  });
}

const tellable = { opened: null, answered: null, decided: null, reopened: null, reminded: 'reminded', escalated: 'escalated to', widened: 'widened to', held: 'held open:', finding: 'told of a finding:', incident: 'paged for an incident:', incidentTaken: null, incidentNews: null, incidentClosed: null } as const;

function tellings({ kind, gate, to }: GateEvent, make: (text: string, label: string) => Entry): Entry[] {
  const words = tellable[kind];
  return words === null ? [] : [make([to.length === 0 ? words.replace(/:$/, '') : `${words} ${to.join(', ')}`, ...(gate === '' ? [] : [`(${gate})`])].join(' '), words)];
}

function describeStep({ type, state, result, fromMs, untilMs }: Step, failed: readonly string[], make: (text: string, more: Partial<Entry>) => Entry): Entry[] {
  const isLong = untilMs - fromMs >= longMs;
  if (housekeeping.includes(type) && failed.length === 0 && state === 'done') return [];
  const counts = new Map<string, number>();
  for (const reason of failed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const looked = looks.reduce((sum, reason) => sum + (counts.get(reason) ?? 0), 0);
  const retried = [...counts].filter(([reason]) => !looks.includes(reason)).map(([reason, count]) => `${reason} ${count === 1 ? 'once' : `${count} times`}`);
  const bad = [...(state === 'done' ? badNews(result) : [state]), ...retried];
  const notes = [...bad, ...(looked > 0 ? [`${looked + 1} looks`] : []), ...(isLong ? [`until ${clockText(untilMs)}`] : [])];
  return [make(notes.length === 0 ? type : `${type}: ${notes.join(', ')}`, { label: bad.length > 0 ? `${type} (${bad.join(', ')})` : type, ...(isLong && { untilMs }) })];
}

/** What a step that was done found out: a job that ended otherwise than completed, a test that was not passed. */
function badNews(result: unknown): string[] {
  const { status, passed } = (result ?? {}) as { status?: unknown; passed?: unknown };
  return [...(status === 'Failed' || status === 'Canceled' || status === 'NotResponding' ? [`the job ended ${status}`] : []), ...(passed === false ? ['not passed'] : [])];
}

async function stepsOf(client: Client, events: readonly Event[], startMs: number): Promise<Step[]> {
  const steps = new Map<string, Step>();
  const end = (id: unknown, event: Event, state: Step['state']): void => {
    const step = steps.get(String(id));
    if (step) Object.assign(step, { untilMs: timeOf(event) - startMs, state });
  };
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, scheduled.input?.payloads);
      const fromMs = timeOf(event) - startMs;
      steps.set(String(event.eventId), { type: scheduled.activityType?.name ?? '', activityId: scheduled.activityId ?? '', input, fromMs, untilMs: fromMs, state: 'under way' });
    }
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) {
      end(completed.scheduledEventId, event, 'done');
      const step = steps.get(String(completed.scheduledEventId));
      if (step) [step.result] = await decodeArrayFromPayloads(client.options.loadedDataConverter, completed.result?.payloads);
    }
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed) end(failed.scheduledEventId, event, 'failed');
    const cancelled = event.activityTaskCanceledEventAttributes;
    if (cancelled) end(cancelled.scheduledEventId, event, 'cancelled');
  }
  return [...steps.values()];
}

export function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6);
}

/** Whole minutes: what really took place between them, the machine's own work, would differ from one simulation to the next. */
export function minutesOf(ms: number): number {
  return Math.max(0, Math.floor(ms / 60_000));
}

/** `+33:10`, hours and minutes since the start; `-2:55` before it. */
export function clockText(ms: number): string {
  const isBefore = ms <= -60_000;
  const minutes = minutesOf(Math.abs(ms));
  return `${isBefore ? '-' : '+'}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

/** A review's id ends with a digest of the run's own id, which is another at each playing. */
function sameEachTime(workflowId: string): string {
  return workflowId.replace(/^(reviewBypass:.*):[0-9a-f]{8}$/, '$1');
}
