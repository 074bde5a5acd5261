/** Plays one story: the real workflow code, the real activities, on the time-skipping server; only the people and the far side of the wires are scripted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { parseInput, type Runbook } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { CompensationReport } from '../../workflows/domain/compensation.ts';
import { Actors, runs } from './actors.ts';
import { preparedInput } from './candidate.ts';
import { Stage } from './stage.ts';
import { jobKinds, platforms, type Story, type StoryFault } from './story.ts';
import { readRun, type Entry } from './timeline.ts';
import { Troupe } from './troupe.ts';

export interface Simulation {
  title: string;
  runbook: string;
  workflowId: string;
  /** When the run started by the simulated clock, as the story writes it. */
  start: string;
  entries: Entry[];
  /** Simulated milliseconds from the start to the end of the run. */
  lengthMs: number;
  /** `timedOut`: the story's `until` came first. */
  outcome: string;
  /** What the story says it should be. */
  expected: string;
  reason: string;
  result: unknown;
  realSeconds: number;
}

/** A story that takes longer than this in real time hangs. */
const longestMs = 240_000;

export class StoryError extends Error {}

export async function simulate(runbook: Runbook, input: Record<string, unknown>, story: Story): Promise<Simulation> {
  const began = performance.now();
  if (Date.parse(story.start) < Date.now() + 3_600_000) throw new StoryError(`start: ${story.start} is not in this machine's future: the simulated clock only goes forward. Give a later instant of the same weekday`);
  const stage = await Stage.build(story.estate);
  try {
    const prepared = await preparedInput(runbook.name, input, story, stage.standIn);
    parseInput(runbook, prepared);
    await stage.clock.until(Date.parse(story.start));
    await stage.synchronize();
    const limit = new AbortController();
    const tooLong = sleep(longestMs, undefined, { signal: limit.signal }).then(() => Promise.reject(new StoryError(`the story was not played to its end within ${longestMs / 1000} s of real time`)));
    tooLong.catch(() => undefined);
    const played = await Promise.race([play(stage, runbook, prepared, story), tooLong]).finally(() => limit.abort());
    return { title: story.title, runbook: runbook.name, ...played, realSeconds: Math.round((performance.now() - began) / 100) / 10 };
  } finally {
    await stage.close();
  }
}

async function play(stage: Stage, runbook: Runbook, input: object, story: Story): Promise<Omit<Simulation, 'title' | 'runbook' | 'realSeconds'>> {
  const { client } = stage.environment;
  const startMs = Date.parse(story.start); // what the clock has run on since is this machine's work, like all that is dropped below the minute
  await prepareJobs(stage, story);
  for (const fault of story.faults) await stage.standIn.fault(...faultOrder(fault, startMs));
  const troupe: Troupe = new Troupe(stage, async (event) => await actors.gateOpened(event));
  const actors = new Actors(stage, story, startMs);
  await troupe.start();
  const { workflowId } = await startRunbook(client, runbook, input, story.startedBy === undefined ? {} : { startedBy: story.startedBy });
  await actors.expectEvents(workflowId);
  let isOverdue = false;
  await actors.act(startMs + story.until, async () => {
    if (!(await runs(client, workflowId))) return;
    isOverdue = true;
    await client.workflow.getHandle(workflowId).terminate('the story ends here');
  });

  const end = await endOf(client.workflow.getHandle(workflowId).result());
  const { entries, lengthMs } = await entriesOf(client, troupe, workflowId, startMs);
  await actors.end();
  const outcome = isOverdue ? 'timedOut' : end.outcome;
  const reason = isOverdue ? 'the run had not ended when the story did' : end.reason;
  const faults = await faultEntries(stage, story, startMs, workflowId, lengthMs);
  const deeds = actors.deeds.map(({ atMs, kind, text }): Entry => ({ atMs: atMs - startMs, kind, text, run: workflowId }));
  const undone = end.compensations.map(({ step, state }): Entry => ({ atMs: lengthMs, kind: 'undone', text: `${step}: ${state}`, run: workflowId }));
  const last: Entry = { atMs: lengthMs, kind: 'outcome', text: outcome, run: workflowId };
  const ordered = [...faults, ...deeds, ...entries].sort((one, other) => one.atMs - other.atMs);
  await troupe.stop();
  return { workflowId, start: story.start, expected: story.expect, entries: [...ordered, ...undone, last], lengthMs, outcome, reason, result: end.result };
}

/** Jobs of which the story says nothing take five minutes: as long as their process really takes would differ from one simulation to the next. */
async function prepareJobs({ standIn }: Stage, { jobs }: Story): Promise<void> {
  for (const { of: kind, takes, dies, times } of jobs) await standIn.pace({ match: kind === undefined ? '.' : jobKinds[kind], durationMs: takes, ...(dies && { dies }), ...(times !== undefined && { times }) });
  await standIn.pace({ match: '.', durationMs: 5 * 60_000 });
}

function faultOrder({ platform, path, method, answers, retryAfter, from, until, for: forMs, calls, skip }: StoryFault, startMs: number): Parameters<Stage['standIn']['fault']> {
  const instant = (sinceStartMs: number): string => new Date(startMs + sinceStartMs).toISOString();
  return [
    {
      path: path ?? platforms[platform!], times: calls ?? 1_000_000,
      ...(method !== undefined && { method }), ...(skip !== undefined && { skip }), ...(from !== undefined && { from: instant(from) }), ...(until !== undefined && { until: instant(until) }), ...(forMs !== undefined && { forMs }),
    },
    answers === undefined ? { kind: 'cutAfterAccept' } : { kind: 'status', status: answers, ...(retryAfter !== undefined && { retryAfterS: Math.round(retryAfter / 1000) }) },
  ];
}

async function faultEntries({ standIn }: Stage, { faults }: Story, startMs: number, run: string, lengthMs: number): Promise<Entry[]> {
  const kept = await standIn.faults();
  return faults.map((fault, index): Entry => {
    const { platform, path, method, answers, from, until, for: length } = fault;
    const { hits = 0, firstHitMs } = kept[index] ?? {};
    const name = `${method === undefined ? '' : `${method} of `}${platform ?? path}`;
    const what = `${name} ${answers === undefined ? 'does what is asked and never answers' : `answers ${answers}`}`;
    const firstMs = firstHitMs === undefined ? undefined : firstHitMs - startMs;
    const atMs = from ?? firstMs ?? 0;
    const ends = [until, length === undefined || firstMs === undefined ? undefined : firstMs + length].filter((end) => end !== undefined);
    return { atMs, kind: 'fault', text: `${what}: ${hits === 0 ? 'nobody asked' : hits === 1 ? 'once' : `${hits} times`}`, label: what, run, ...(ends.length > 0 && { untilMs: Math.min(lengthMs, ...ends) }) };
  });
}

/** The entries of a run and of all that it started, and when the last of them ended. The clock tells no end: it skips on as soon as nothing is left to do. */
async function entriesOf(client: Client, troupe: Troupe, workflowId: string, startMs: number): Promise<{ entries: Entry[]; lengthMs: number }> {
  const { entries, children, endMs } = await readRun({ client, workflowId, startMs, failures: troupe.failures.bind(troupe) });
  const found = { entries: [...entries], lengthMs: endMs };
  for (const child of children) {
    await endOf(client.workflow.getHandle(child).result());
    const inner = await entriesOf(client, troupe, child, startMs);
    found.entries.push(...inner.entries);
    found.lengthMs = Math.max(found.lengthMs, inner.lengthMs);
  }
  return found;
}

interface End {
  outcome: string;
  reason: string;
  result: unknown;
  compensations: CompensationReport[];
}

async function endOf(ending: Promise<unknown>): Promise<End> {
  try {
    const result = await ending;
    const { outcome = 'succeeded', reason = '', compensations = [] } = (result ?? {}) as Partial<End>;
    return { outcome, reason, result, compensations };
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<End> | undefined) : undefined;
    return { outcome: cause instanceof CancelledFailure ? 'aborted' : 'failed', reason: details?.reason ?? (cause instanceof Error ? cause.message : String(cause)), result: details ?? null, compensations: details?.compensations ?? [] };
  }
}
