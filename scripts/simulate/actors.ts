/** The people and the events of a story, played on the simulated clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { nextWorkingTime } from '../../activities/calendar/working-time.ts';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { decide } from '../../starters/decide.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { Stage } from './stage.ts';
import type { Story, StoryAnswer, StoryEvent, StoryPerson } from './story.ts';

/** What somebody of the story did, in words; `atMs` since the epoch. */
export interface Deed {
  atMs: number;
  kind: 'person' | 'event';
  text: string;
}

/** How long, in real time, a gate that people were told of may take until it can be asked. */
const askableWithinMs = 10_000;
/** How long, in real time, the clock may take to skip to the last of them. */
const goneWithinMs = 5_000;
/** A gate that opened longer ago and cannot be asked is closed. */
const justNowMs = 30_000;

export class Actors {
  readonly deeds: Deed[] = [];
  readonly #stage: Stage;
  readonly #story: Story;
  readonly #startMs: number;
  readonly #used = new Set<StoryAnswer>();
  readonly #waiting: Promise<void>[] = [];
  #isOver = false;

  constructor(stage: Stage, story: Story, startMs: number) {
    this.#stage = stage;
    this.#story = story;
    this.#startMs = startMs;
  }

  /** From here on nobody does anything any more; whoever still waited has gone when this returns. The caller must hold the time. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#stage.clock.release();
    await Promise.race([Promise.allSettled(this.#waiting), sleep(goneWithinMs)]);
  }

  /** Lets the story's events come at their times; call it while the time stands. */
  async expectEvents(workflowId: string): Promise<void> {
    for (const event of this.#story.events) await this.act(this.#startMs + event.at, () => this.#happen(event, workflowId));
  }

  /** A gate has opened: whoever has an answer for it will give it. Each answer of the story is given once, in the order of the file. */
  async gateOpened({ kind, gate, workflowId }: GateEvent): Promise<void> {
    if (kind !== 'opened' && kind !== 'reopened') return;
    for (const person of this.#story.people) {
      const answer = person.answers.find((candidate) => candidate.gate === gate && !this.#used.has(candidate));
      if (!answer) continue;
      const openedMs = await this.#stage.clock.nowMs();
      const first = await this.#whenAwake(person, Math.max(openedMs + answer.after, this.#startMs + (answer.at ?? 0)));
      // What the same person says of this gate later, a withdrawal for example, counts from the same opening.
      const later = person.answers.filter((candidate) => candidate !== answer && candidate.gate === gate && !this.#used.has(candidate) && candidate.verdict !== answer.verdict);
      for (const given of [answer, ...later]) {
        this.#used.add(given);
        const atMs = given === answer ? first : await this.#whenAwake(person, Math.max(openedMs + given.after, this.#startMs + (given.at ?? 0)));
        await this.act(atMs, (nowMs) => this.#answer(person, given, workflowId, nowMs, nowMs - openedMs < justNowMs ? askableWithinMs : 0));
      }
    }
  }

  /** Somebody waits until an instant and then acts, while the time stands. Returns once the time is held for that. */
  async act(atMs: number, deed: (nowMs: number) => Promise<void>): Promise<void> {
    const { clock } = this.#stage;
    await clock.hold();
    const waiting = (async () => {
      await clock.until(atMs);
      try {
        if (!this.#isOver) await deed(await this.#stage.synchronize());
      } finally {
        await clock.release(); // else the simulated world would go on at the machine's pace
      }
    })().catch((error: unknown) => {
      // The server of a simulation that has ended is gone, and with it whoever still waited.
      if (!this.#isOver) this.deeds.push({ atMs, kind: 'event', text: `the simulation could not go on: ${error instanceof Error ? error.message : String(error)}` });
    });
    this.#waiting.push(waiting);
  }

  async #whenAwake({ who, asleep = [], keepsHours }: StoryPerson, wishedMs: number): Promise<number> {
    const estate = await readEstate(this.#stage.configuration.estateFile);
    const name = estate.people.find(({ id }) => id === who)?.calendar;
    const calendar = keepsHours && typeof name === 'string' ? estate.calendars[name] : undefined;
    let atMs = wishedMs;
    for (;;) {
      const sleeping = asleep.find(({ from, until }) => atMs >= this.#startMs + from && atMs < this.#startMs + until);
      const awake = sleeping === undefined ? atMs : this.#startMs + sleeping.until;
      const working = calendar === undefined ? awake : Math.max(awake, nextWorkingTime(calendar, awake).from);
      if (working === atMs) return atMs;
      atMs = working;
    }
  }

  async #answer({ who }: StoryPerson, { gate, verdict, comment, to, until, incident, item, except }: StoryAnswer, workflowId: string, nowMs: number, patienceMs: number): Promise<void> {
    const { client } = this.#stage.environment;
    const said = `${who} ${inWords[verdict]} ${gate}${to === undefined ? '' : ` to ${to}`}${comment === undefined ? '' : `: ${comment}`}`;
    try {
      const view = await openGate(client, workflowId, gate, patienceMs);
      if (view === null) return void this.deeds.push({ atMs: nowMs, kind: 'person', text: `${said} (too late: the gate is closed)` });
      const given = { gate, verdict, by: who, evidence: view.evidence, ...(comment !== undefined && { comment }), ...(to !== undefined && { to }), ...(until !== undefined && { until: new Date(nowMs + until).toISOString() }), ...(incident !== undefined && { incident }), ...(item !== undefined && { item }), ...(except !== undefined && { except }) };
      const { counted, reason } = await decide<{ counted?: boolean; reason?: string }>(client.workflow, { workflowId }, given);
      this.deeds.push({ atMs: nowMs, kind: 'person', text: counted === false ? `${said} (not counted: ${reason ?? 'no reason given'})` : said });
    } catch (error) {
      this.deeds.push({ atMs: nowMs, kind: 'person', text: `${said} (refused: ${causeOf(error)})` });
    }
  }

  async #happen({ alert, estate, cancel }: StoryEvent, workflowId: string): Promise<void> {
    if (!(await runs(this.#stage.environment.client, workflowId))) return;
    const atMs = await this.#stage.clock.nowMs();
    const tell = (text: string) => this.deeds.push({ atMs, kind: 'event', text });
    if (alert) {
      const [plant, circuit] = alert.target.split('/') as [string, string];
      await this.#stage.standIn.alert(plant, circuit, { rule: alert.rule, severity: alert.severity, condition: alert.resolved ? 'Resolved' : 'Fired' });
      tell(`alert ${alert.rule} (Sev${alert.severity}) ${alert.resolved ? 'is resolved' : 'fires'} for ${alert.target}`);
    }
    if (estate) {
      this.#stage.changeEstate(estate);
      tell(`the estate changes: ${Object.keys(estate).join(', ')}`);
    }
    if (cancel !== undefined) {
      tell(`the run is cancelled: ${cancel}`);
      await this.#stage.environment.client.workflow.getHandle(workflowId).cancel();
    }
  }
}

const inWords = { approve: 'approves', reject: 'rejects', withdraw: 'withdraws from', delegate: 'delegates', defer: 'defers', check: 'checks an item of', bypass: 'breaks the glass of' } as const;

/** The gate as it is shown, once it can be asked: people are told a moment before. */
async function openGate(client: Client, workflowId: string, gate: string, patienceMs: number): Promise<GateView | null> {
  for (const until = performance.now() + patienceMs; ; await sleep(20)) {
    const view = await client.workflow.getHandle(workflowId).query<GateView | null>('gate');
    if (view?.gate === gate && view.state !== 'decided') return view;
    if (!(await runs(client, workflowId)) || view !== null || performance.now() > until) return null;
  }
}

/** Whether a run has not ended. */
export async function runs(client: Client, workflowId: string): Promise<boolean> {
  // By its last event: the time-skipping server cannot describe a run.
  const last = (await client.workflow.getHandle(workflowId).fetchHistory()).events?.at(-1);
  return !(last?.workflowExecutionCompletedEventAttributes ?? last?.workflowExecutionFailedEventAttributes ?? last?.workflowExecutionCanceledEventAttributes ?? last?.workflowExecutionTerminatedEventAttributes ?? last?.workflowExecutionTimedOutEventAttributes);
}

function causeOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
