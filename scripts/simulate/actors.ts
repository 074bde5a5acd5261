/** The people and the events of a story, played on the simulated clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nextWorkingTime } from '../../activities/calendar/working-time.ts';
import { readEstate } from '../../activities/estate/estate-file.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { answerGate, causeOf, votePullRequest, type Opened } from './answering.ts';
import { happen, type Happening } from './happenings.ts';
import { runs } from './open-runs.ts';
import type { ServiceHooks } from './service-hooks.ts';
import type { Stage } from './stage.ts';
import type { Story, StoryAct, StoryAnswer, StoryEvent, StoryPerson } from './story.ts';

/** What somebody of the story did, in words; `atMs` since the epoch. */
export interface Deed {
  atMs: number;
  kind: 'person' | 'event';
  text: string;
}

export interface ActorsOptions {
  stage: Stage;
  story: Story;
  /** Since the epoch. */
  startMs: number;
  /** What events need that a person does not. */
  happening: Omit<Happening, 'stage' | 'pullRequestId'>;
  /** Null: service hooks are missed. */
  hooks: ServiceHooks | null;
}

/** How long, in real time, the clock may take to skip to the last of them. */
const goneWithinMs = 5_000;

export class Actors {
  readonly deeds: Deed[] = [];
  readonly #options: ActorsOptions;
  readonly #used = new Set<StoryAnswer>();
  readonly #waiting: Promise<void>[] = [];
  #isOver = false;
  /** The one whose review was opened last. */
  #pullRequestId: number | null = null;

  constructor(options: ActorsOptions) {
    this.#options = options;
  }

  /** From here on nobody does anything any more; whoever still waited has gone when this returns. The caller must hold the time, which stands where `curtain` put it. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#options.stage.clock.release(); // the one who waits for the curtain holds the time from then on
    await Promise.race([Promise.allSettled(this.#waiting), sleep(goneWithinMs)]);
  }

  /** The time does not go on beyond this instant, at which the deed is done: left alone, the server would skip on to what runs that have ended left behind, years later. */
  async curtain(atMs: number, deed: () => Promise<void>): Promise<void> {
    await this.act(atMs, deed, true);
  }

  /** Lets come at its time what happens before the run begins, to what waits then; call it while the time stands. */
  async expectEarlyEvents(): Promise<void> {
    const { story, startMs } = this.#options;
    for (const event of story.events.filter(({ at }) => at < 0)) await this.act(startMs + event.at, () => this.#happen(event, ''));
  }

  /** Lets the story's events come, and what people do of themselves, at their times; call it while the time stands. */
  async expectEvents(workflowId: string): Promise<void> {
    const { stage, story, startMs } = this.#options;
    for (const event of story.events.filter(({ at }) => at >= 0 && at < story.until)) {
      await this.act(startMs + event.at, async () => {
        if (await runs(stage.client, workflowId)) await this.#happen(event, workflowId);
      });
    }
    for (const person of story.people) for (const act of person.acts) await this.act(await this.#whenAwake(person, startMs + act.at), () => this.#tell('person', () => this.#doInIncident(person, act, workflowId)));
  }

  /** A gate has opened: whoever has an answer for it will give it. Each answer of the story is given once, in the order of the file. */
  async gateOpened(event: GateEvent): Promise<void> {
    const { kind, gate, workflowId, text } = event;
    const { stage, story, startMs } = this.#options;
    if (kind !== 'opened' && kind !== 'reopened') return;
    const pullRequest = /\/pullrequest\/(\d+)/i.exec(text)?.[1];
    if (pullRequest !== undefined) this.#pullRequestId = Number(pullRequest);
    for (const person of story.people) {
      const answer = person.answers.find((candidate) => candidate.gate === gate && !this.#used.has(candidate));
      if (!answer) continue;
      const opened: Opened = { workflowId, openedMs: await stage.clock.nowMs(), pullRequestId: pullRequest === undefined ? null : Number(pullRequest) };
      const dueMs = (given: StoryAnswer) => this.#whenAwake(person, Math.max(opened.openedMs + given.after, startMs + (given.at ?? 0)));
      // What the same person says of this gate later, a withdrawal for example, counts from the same opening.
      const later = person.answers.filter((candidate) => candidate !== answer && candidate.gate === gate && !this.#used.has(candidate) && candidate.verdict !== answer.verdict);
      for (const given of [answer, ...later]) {
        this.#used.add(given);
        const say = opened.pullRequestId === null ? answerGate : votePullRequest;
        await this.act(await dueMs(given), () => this.#tell('person', () => say(stage, person.who, given, opened), opened.pullRequestId !== null));
      }
    }
  }

  /** Somebody waits until an instant and then acts, while the time stands. Returns once the time is held for that. */
  async act(atMs: number, deed: () => Promise<void>, keepsHolding = false): Promise<void> {
    const { clock } = this.#options.stage;
    await clock.hold();
    const waiting = (async () => {
      try {
        await clock.until(atMs);
        if (!this.#isOver) await this.#options.stage.synchronize();
        if (!this.#isOver) await deed();
      } finally {
        if (!keepsHolding) await clock.release(); // else the simulated world would go on at the machine's pace
      }
    })().catch((error: unknown) => {
      // The server of a simulation that has ended is gone, and with it whoever still waited.
      if (!this.#isOver) this.deeds.push({ atMs, kind: 'event', text: `the simulation could not go on: ${causeOf(error)}` });
    });
    this.#waiting.push(waiting);
  }

  async #happen(event: StoryEvent, workflowId: string): Promise<void> {
    const { stage, happening } = this.#options;
    await this.#tell('event', () => happen({ ...happening, stage, pullRequestId: this.#pullRequestId }, event, workflowId), event.pullRequest !== undefined);
  }

  async #tell(kind: Deed['kind'], deed: () => Promise<string>, isHooked = false): Promise<void> {
    const { stage, hooks } = this.#options;
    const atMs = await stage.clock.nowMs();
    this.deeds.push({ atMs, kind, text: await (isHooked && hooks !== null ? hooks.after(deed) : deed()) });
  }

  async #doInIncident({ who }: StoryPerson, { at: _at, ...act }: StoryAct, workflowId: string): Promise<string> {
    const said = `${who}: ${[act.action, act.severity, act.role, act.person].filter((word) => word !== undefined).join(' ')}${act.comment === undefined ? '' : `: ${act.comment}`}`;
    try {
      await this.#options.stage.client.workflow.getHandle(workflowId).executeUpdate('incident', { args: [{ ...act, by: who }] });
      return said;
    } catch (error) {
      return `${said} (refused: ${causeOf(error)})`;
    }
  }

  async #whenAwake({ who, asleep = [], keepsHours }: StoryPerson, wishedMs: number): Promise<number> {
    const { stage, startMs } = this.#options;
    const estate = await readEstate(stage.configuration.estateFile);
    const name = estate.people.find(({ id }) => id === who)?.calendar;
    const calendar = keepsHours && typeof name === 'string' ? estate.calendars[name] : undefined;
    let atMs = wishedMs;
    for (;;) {
      const sleeping = asleep.find(({ from, until }) => atMs >= startMs + from && atMs < startMs + until);
      const awake = sleeping === undefined ? atMs : startMs + sleeping.until;
      const working = calendar === undefined ? awake : Math.max(awake, nextWorkingTime(calendar, awake).from);
      if (working === atMs) return atMs;
      atMs = working;
    }
  }
}
