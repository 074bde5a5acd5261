/** Plays one story: the real workflow code, the real activities, on the time-skipping server; only the people and the far side of the wires are scripted. */
import { parseInput, type Runbook } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import { Actors } from './actors.ts';
import { preparedInput } from './candidate.ts';
import { endOf, runsOf } from './ending.ts';
import { countEffects, type Effects } from './effects.ts';
import { unmet } from './expectation.ts';
import { faultEntries, faultOrder } from './faults.ts';
import { LeftLocks } from './left-locks.ts';
import { endOpenRuns, runs } from './open-runs.ts';
import { overlay } from './overlay.ts';
import { setPastTrainings } from './past-trainings.ts';
import { setScene } from './scene.ts';
import { ServiceHooks } from './service-hooks.ts';
import { Stage } from './stage.ts';
import { jobKinds, type Story } from './story.ts';
import { sceneMs, Theatre } from './theatre.ts';
import { clockText, type Entry } from './timeline.ts';
import { Troupe } from './troupe.ts';
import { prepareNewer, type NewerReleases } from './newer-releases.ts';
import { letWait, prepareWaiting } from './waiting-releases.ts';

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
  reason: string;
  result: unknown;
  /** Phases of the run, in their order. */
  phases: string[];
  /** What reached the platforms, of all runs of the story. */
  effects: Effects;
  /** What came otherwise than the story expects; empty when it came true. */
  unmet: string[];
  realSeconds: number;
}

/** A story that takes longer than this in real time hangs. */
const longestMs = 150_000;
const usualJobMs = 5 * 60_000;

export class StoryError extends Error {}

/** Plays one story in a theatre of its own. */
export async function simulate(runbook: Runbook, input: Record<string, unknown>, story: Story): Promise<Simulation> {
  const began = performance.now();
  const theatre = await Theatre.open();
  try {
    return { ...(await playStory(theatre, runbook, input, story)), realSeconds: secondsSince(began) };
  } finally {
    await theatre.close();
  }
}

/** Plays a story; in a theatre that has played others it may begin some years later, on the same weekday. */
export async function playStory(theatre: Theatre, runbook: Runbook, input: Record<string, unknown>, story: Story): Promise<Simulation> {
  const began = performance.now();
  if (Date.parse(story.start) < Date.now() + 2 * sceneMs) throw new StoryError(`start: ${story.start} is not in this machine's future: the simulated clock only goes forward. Give a later instant of the same weekday`);
  const stage = await Stage.build(theatre, story.estate);
  try {
    const leadMs = sceneMs + beforehandMs(story);
    const startMs = await theatre.beginning(story.start, leadMs);
    await stage.clock.until(startMs - leadMs);
    await stage.synchronize();
    const given = overlay(overlay(await setScene({ standIn: stage.standIn, sandbox: stage.sandbox, pass: (ms) => stage.pass(ms) }, story.scene), story.input), input) as Record<string, unknown>;
    const prepared = await preparedInput(runbook.name, given, story, stage, startMs);
    parseInput(runbook, prepared);
    const waiting = await prepareWaiting(stage, story, startMs);
    const newer = await prepareNewer(stage, story, startMs);
    await prepareJobs(stage, story);
    // Ending all runs lets the play come to its end, and its workers with it.
    let isStuck = false;
    const limit = setTimeout(() => {
      isStuck = true;
      endOpenRuns(stage.client).catch(() => undefined);
    }, longestMs);
    const played = await play({ stage, runbook, story, startMs, waiting, newer, input: prepared }).finally(() => clearTimeout(limit));
    if (isStuck) throw new StoryError(`the story was not played to its end within ${longestMs / 1000} s of real time; it came to: ${played.entries.slice(-8).map(({ atMs, kind, text }) => `${clockText(atMs)} ${kind} ${text}`).join('; ')}`);
    return { title: story.title, runbook: runbook.name, ...played, unmet: unmet(story.expect, played), realSeconds: secondsSince(began) };
  } finally {
    await stage.close();
  }
}

interface Play {
  stage: Stage;
  runbook: Runbook;
  story: Story;
  startMs: number;
  waiting: readonly ReleaseModelInput[];
  newer: NewerReleases;
  input: object;
}

async function play({ stage, runbook, story, startMs, waiting, newer, input }: Play): Promise<Omit<Simulation, 'title' | 'runbook' | 'realSeconds' | 'unmet'>> {
  const { client, clock, standIn } = stage;
  const hooks = story.hooks === 'come' ? new ServiceHooks(stage) : null;
  const troupe: Troupe = new Troupe(stage, { onGateEvent: async (event) => await actors.gateOpened(event), restarts: story.events.some(({ worker }) => worker !== undefined) });
  const begun: string[] = [];
  const actors = new Actors({ stage, story, startMs, happening: { restartWorkers: () => troupe.restart(), newer, begun }, hooks });
  const leftLocks = new LeftLocks({ client, clock, attempts: () => troupe.attempts });
  await troupe.start();
  leftLocks.watch();
  try {
    await clock.until(startMs - beforehandMs(story));
    await stage.synchronize();
    await actors.expectEarlyEvents();
    await clock.until(startMs - story.waiting.for);
    await stage.synchronize();
    await letWait(stage, waiting);
    await clock.until(startMs);
    await stage.synchronize();
    for (const fault of story.faults) await standIn.fault(...faultOrder(fault, startMs));
    const ledgerBefore = (await standIn.ledger()).length;
    const { workflowId } = await startRunbook(client, runbook, input, story.startedBy === undefined ? {} : { startedBy: story.startedBy });
    await actors.expectEvents(workflowId);
    let isOverdue = false;
    await actors.curtain(startMs + story.until, async () => {
      isOverdue = await runs(client, workflowId);
      await endOpenRuns(client);
    });

    const end = await clock.while(() => endOf(client.workflow.getHandle(workflowId)));
    const { entries, lengthMs, phases } = await runsOf({ client, clock, workflowId, startMs, failures: troupe.failures.bind(troupe), follows: story.children === 'followed', begun });
    await endOpenRuns(client);
    await actors.end();
    const outcome = isOverdue ? 'timedOut' : end.outcome;
    const faults = await faultEntries(standIn, story.faults, startMs, workflowId, lengthMs);
    const deeds = actors.deeds.map(({ atMs, kind, text }): Entry => ({ atMs: atMs - startMs, kind, text, run: workflowId }));
    const undone = end.compensations.map(({ step, state }): Entry => ({ atMs: lengthMs, kind: 'undone', text: `${step}: ${state}`, run: workflowId }));
    const last: Entry = { atMs: lengthMs, kind: 'outcome', text: outcome, run: workflowId };
    const ordered = [...faults, ...deeds, ...entries].sort((one, other) => one.atMs - other.atMs);
    const effects = countEffects(await standIn.ledger(ledgerBefore));
    return { workflowId, start: story.start, entries: [...ordered, ...undone, last], lengthMs, outcome, reason: isOverdue ? 'the run had not ended when the story did' : end.reason, result: end.result, phases, effects };
  } finally {
    await leftLocks.stop();
    await endOpenRuns(client);
    await troupe.stop();
    await hooks?.close();
  }
}

/** How long before the run something happens already. */
function beforehandMs({ waiting, events }: Story): number {
  return Math.max(waiting.for, ...events.map(({ at }) => -at));
}

/** Jobs of which the story says nothing take five minutes, also those before it: as long as their process really takes would differ from one simulation to the next. */
async function prepareJobs(stage: Stage, { jobs }: Story): Promise<void> {
  const { standIn } = stage;
  setPastTrainings(stage, usualJobMs);
  for (const { of: kind, takes, dies, times } of jobs) await standIn.pace({ match: kind === undefined ? '.' : jobKinds[kind], durationMs: takes, ...(dies && { dies }), ...(times !== undefined && { times }) });
  await standIn.pace({ match: '.', durationMs: usualJobMs });
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10;
}
