/** Where an incident's messages come in and its clocks run: one state, one timeline, each line of which is told and put on record. */
import { ApplicationFailure, condition, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { FailureType } from '../domain/failures.ts';
import { dues, type Due } from '../domain/incident-clock.ts';
import { objectionTo, readIncidentMessage, type IncidentMessage } from '../domain/incident-message.ts';
import { readIncidentReport } from '../domain/incident-report.ts';
import { clockFacts, letTimePass, openIncidentState, takeMessage, takeReport, type IncidentState } from '../domain/incident-state.ts';
import { dueText, incidentCard, messageText, type IncidentLine, type ReleasesStanding } from '../domain/incident-words.ts';
import { defaultIncidentTerms, isGrave, type CoordinateIncidentInput, type IncidentPolicy } from '../domain/incident.ts';
import type { Severity } from '../domain/vocabulary.ts';
import { incidentReportSignal } from './incident-reports.ts';
import { incidentTelling, type TellIncident } from './incident-telling.ts';

/** What the query and the update answer. */
export interface IncidentView extends Omit<IncidentState, 'fired'> {
  title: string;
  bridge: string | null;
  releases: ReleasesStanding;
  /** What each clock waits for, the earliest first. */
  due: Pick<Due, 'clock' | 'at'>[];
  timeline: IncidentLine[];
}

export const incidentUpdate = defineUpdate<IncidentView, [unknown]>('incident');
export const incidentSignal = defineSignal<[unknown?]>('incident');
export const incidentQuery = defineQuery<IncidentView>('incident');

/** The newest lines that the query answers; the record has all. */
const shownLines = 50;

export class IncidentDesk {
  readonly timeline: IncidentLine[] = [];
  state: IncidentState;
  policy: IncidentPolicy = { digest: '', people: [], terms: defaultIncidentTerms, settleMs: 15_000 };
  /** Whether the releases of the target are held back by this incident. */
  paused = false;
  /** Whether there are any to hold back, as far as is known. */
  isPausable = true;
  readonly #run: Run;
  readonly #input: CoordinateIncidentInput;
  readonly #tell: TellIncident;
  #isReady = false;
  /** What became due and the runbook has not been told. */
  readonly #passed: Due[] = [];
  #failure: { error: unknown } | null = null;
  #lastRefusal: string | null = null;

  /** Registers the handlers: in the run's first lines, so that no message is early enough to be lost. */
  constructor(run: Run, input: CoordinateIncidentInput) {
    this.#run = run;
    this.#input = input;
    this.#tell = incidentTelling(run, input);
    this.state = openIncidentState(now().toISOString(), input.severity);
    setHandler(incidentUpdate, (value) => this.#answer(value), {
      description: 'Act in the incident: {"action": acknowledge, assess, takeRole, update, resolve, addAction or postMortem, "by", "comment", "severity", "role", "person"}',
      validator: (value) => void this.#judged(value),
    });
    setHandler(incidentSignal, (value) => this.#consider(value), { description: 'The same as a signal: {"action", "by", "comment", …}, as the current details show it' });
    setHandler(incidentReportSignal, (value) => this.#hear(value), { description: 'Sent by another run that found the same, or does something about it: a line of the timeline' });
    setHandler(incidentQuery, () => this.view(), { description: 'Where the incident stands, its clocks and its timeline' });
    run.present(() => incidentCard(input, this.state, this.policy.terms, { releases: this.#releases, lastRefusal: this.#lastRefusal }));
  }

  /** People are told, and from now on the clocks run; they have counted from the run's first moment. */
  open(policy: IncidentPolicy | null): void {
    if (policy) this.policy = policy;
    this.#isReady = true;
    const { bridge } = this.policy.terms;
    this.note(`opened as ${this.state.severity}${this.#input.reportedBy === undefined ? '' : `, reported by ${this.#input.reportedBy}`}; bridge: ${bridge ?? 'none is named'}`, this.state.openedAt);
    this.#tell('opened', 'incident', this.state, `${this.#input.title}. Acknowledge within ${this.policy.terms.acknowledgeMs / 60_000} min.${bridge === null ? '' : ` Bridge: ${bridge}`}`);
  }

  get #releases(): ReleasesStanding {
    return !this.isPausable ? 'none' : this.paused ? 'paused' : 'running';
  }

  /** One line of the timeline, and of the record. */
  note(text: string, at = now().toISOString()): void {
    this.timeline.push({ at, text });
    this.#run.record.add({ kind: 'finding', what: `incident: ${text}`, detail: this.#input.title });
    this.#run.inBackground(this.#run.record.flush().catch(() => undefined)); // kept with the close at the latest
    this.#run.refresh();
  }

  /** Waits until the incident is so far. */
  async reached(step: (state: IncidentState) => boolean): Promise<IncidentState> {
    await condition(() => step(this.state) || this.#failure !== null);
    if (this.#failure !== null) throw this.#failure.error;
    return this.state;
  }

  /** Runs the clocks beside the runbook, one durable timer after the other, until it is closed; `due` is told what is for the runbook to do. What goes wrong there fails `reached`. */
  attend(due: (passed: Due) => void): void {
    this.#runClocks(due).catch((error: unknown) => (this.#failure = { error }));
  }

  async #runClocks(due: (passed: Due) => void): Promise<void> {
    for (;;) {
      this.#letTimePass();
      this.#passed.splice(0).forEach(due);
      const before = this.state;
      const [next] = dues(clockFacts(before), this.policy.terms);
      if (next === undefined) return;
      const leftMs = Date.parse(next.at) - now().getTime();
      if (leftMs > 0) await condition(() => this.state !== before, leftMs);
    }
  }

  view(): IncidentView {
    const { fired: _fired, ...state } = this.state;
    return {
      ...state,
      title: this.#input.title,
      bridge: this.policy.terms.bridge,
      releases: this.#releases,
      due: dues(clockFacts(this.state), this.policy.terms).map(({ clock, at }) => ({ clock, at })),
      timeline: this.timeline.slice(-shownLines),
    };
  }

  /**
   * What has become due by now, on the timeline and told: of several updates that were missed while no worker was there, only the last one is told. A message takes its turn after this: one
   * that comes in the moment after a deadline is late, whichever of the two the worker sees first.
   */
  #letTimePass(): void {
    const { state, passed } = letTimePass(this.state, this.policy.terms, now().toISOString());
    this.state = state;
    this.#passed.push(...passed);
    const untold = passed.filter(({ clock }) => clock === 'update').slice(0, -1);
    for (const due of passed.filter(({ clock }) => clock !== 'offerRollback')) {
      const text = dueText(due, state);
      this.note(text, due.at);
      if (!untold.includes(due)) this.#tell(due.id, due.clock === 'escalate' || due.clock === 'acknowledge' ? 'incident' : 'incidentNews', state, text, this.#whoIsTold(due));
    }
  }

  #whoIsTold({ clock, to }: Due): string[] {
    const { leadership, escalate } = this.policy.terms;
    const { roles, acknowledged } = this.state;
    if (to !== undefined) return [to];
    if (clock === 'leadership') return leadership.to === null ? [] : [leadership.to];
    if (clock === 'acknowledge') return escalate.slice(0, 1).map((step) => step.to);
    const owner = clock === 'update' ? (roles.communications ?? roles.commander) : roles.commander;
    return owner ? [owner.by] : acknowledged ? [acknowledged.by] : [];
  }

  /** @throws InputInvalid: a message that changes nothing is refused, and as an update it leaves no event. */
  #judged(value: unknown): IncidentMessage {
    const message = readIncidentMessage(value, this.#isReady ? this.policy.people : []);
    const objection = typeof message === 'string' ? message : objectionTo(message, this.state);
    if (objection !== null) throw ApplicationFailure.nonRetryable(`not taken: ${objection}`, FailureType.InputInvalid);
    return message as IncidentMessage;
  }

  async #answer(value: unknown): Promise<IncidentView> {
    if (!this.#isReady) await condition(() => this.#isReady); // before that nobody knows who may speak
    this.#take(this.#judged(value)); // another message may have been taken since the validator looked
    return this.view();
  }

  /** A signal cannot be refused: what is not taken is shown with its reason. */
  async #consider(value: unknown): Promise<void> {
    if (!this.#isReady) await condition(() => this.#isReady);
    try {
      this.#take(this.#judged(value));
    } catch (error) {
      this.#lastRefusal = error instanceof Error ? error.message : String(error);
      this.#run.refresh();
    }
  }

  /** What another run tells: it acknowledges nothing, and is no update of people. */
  async #hear(value: unknown): Promise<void> {
    if (!this.#isReady) await condition(() => this.#isReady);
    const report = readIncidentReport(value);
    if (report === null) return;
    this.#letTimePass();
    const before = this.state;
    this.state = takeReport(before, report.severity, now().toISOString());
    const isRaised = this.state !== before;
    const text = `${report.text}${isRaised ? `; severity raised from ${before.severity} to ${this.state.severity}` : ''}`;
    this.note(text);
    if (isRaised) this.#tell(`report ${this.timeline.length}`, isGrave(before.severity) ? 'incidentNews' : 'incident', this.state, text);
  }

  #take(message: IncidentMessage): void {
    this.#letTimePass();
    const before = this.state;
    this.state = takeMessage(before, message, now().toISOString());
    this.#lastRefusal = null;
    const text = messageText(message, before);
    this.note(text);
    this.#tell(`${message.action} ${this.timeline.length}`, this.#kindOf(message, before), this.state, text);
  }

  #kindOf({ action }: IncidentMessage, before: IncidentState): 'incident' | 'incidentTaken' | 'incidentNews' | 'incidentClosed' {
    if (action === 'resolve') return 'incidentClosed';
    const isGraver = (was: Severity, is: Severity): boolean => !isGrave(was) && isGrave(is);
    if (isGraver(before.severity, this.state.severity)) return 'incident';
    return before.acknowledged === null ? 'incidentTaken' : 'incidentNews';
  }
}
