/** The hold points of one run. Handlers are registered once, in the run's first lines, so that no answer is early enough to be lost. */
import { CancellationScope, condition, defineQuery, defineSignal, defineUpdate, isCancellation, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { jsonDigest } from '../domain/digest.ts';
import { needsCalendar } from '../domain/gate-clock.ts';
import type { GateView } from '../domain/gate-view.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { AnswerDesk } from './answer-desk.ts';
import { isCancelled } from './cancellation.ts';
import { rootMessage } from './compensations.ts';
import type { DecideResult } from './answer-verification.ts';
import { lookAgain } from './checklist.ts';
import { measureAgain } from './evidence-again.ts';
import { Attendance } from './gate-attendance.ts';
import { sleepUntil } from './gate-clock.ts';
import type { GateOutcome, GateRequest, GateServices } from './gate-request.ts';
import { gateEvent, gateStatus, gateView, openCard, openedEvent } from './gate-presentation.ts';
import { approvedBy, deciders, isOff, isStillSo, outcomeOf, reasonOf, takenBack } from './gate-outcome.ts';
import { OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

/** Longer than this nobody waits to be told that a gate is open. */
const plannedWithin = '30s';

export const decideUpdate = defineUpdate<DecideResult, [unknown]>('decide');
export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');
export const supersedeSignal = defineSignal<[unknown?]>('supersede');
export const tendGateUpdate = defineUpdate<{ changes: string[] }, [unknown]>('tendGate');
export const gateQuery = defineQuery<GateView | null>('gate');

export class Gates {
  #open: OpenGate | null = null;
  /** What goes on for as long as a gate is open, its effect waited for included. */
  #whileOpen = new CancellationScope();
  #closed = new Set<string>();
  /** How often each gate has opened. A gate that is passed once more goes on counting: what names an opening, such as an answer, a record or a key, must never mean two. */
  readonly #openings = new Map<string, number>();
  /** A newer version is on its way; the next gate that could let this one through closes at once. */
  #superseded: { by: string; reason: string } | null = null;
  /** What the gate asks about is over, be it open just now or between two openings. */
  #retired: { by: string; reason: string } | null = null;
  readonly #desk: AnswerDesk;
  readonly #attendance: Attendance;
  readonly #run: Run;
  readonly #services: GateServices;

  constructor(run: Run, given: GateServices) {
    // What people are told of an open gate is no news once it is decided: a message that is still being tried then must not overtake the outcome.
    const services: GateServices = { ...given, tell: (step, event) => (event.kind === 'decided' || event.kind === 'reopened' ? given.tell(step, event) : void this.#whileOpen.run(async () => given.tell(step, event))) };
    this.#run = run;
    this.#services = services;
    this.#desk = new AnswerDesk(run, services, { open: () => this.#open, isClosed: (gate) => this.#closed.has(gate) });
    this.#attendance = new Attendance(run, services, this.#desk);
    setHandler(decideUpdate, (value) => this.#desk.decide(value), {
      description: 'Decide the open gate: {"gate", "verdict": "approve" or "reject", "by", "comment", "evidence"}; also withdraw, delegate, defer, check, bypass',
      validator: (value) => this.#desk.refuseUseless(value),
    });
    setHandler(approveSignal, (value) => this.#desk.consider(value, 'approve'), { description: 'Approve the open gate: {"gate", "by", "evidence", "comment"}, as the current details show it' });
    setHandler(rejectSignal, (value) => this.#desk.consider(value, 'reject'), { description: 'Reject the open gate: {"gate", "by", "evidence", "comment": the reason}' });
    setHandler(supersedeSignal, (value) => this.#supersede(value), { description: 'Sent by the run of a newer version: {"by": its workflow id, "version"}' });
    setHandler(tendGateUpdate, (value) => this.#attendance.tend(value, this.#open), {
      description: 'Look after the open gate: {"action": "remeasure", "remind", "widen" or "lapse", "by", "reason"}',
      validator: (value) => void this.#attendance.readTending(value, this.#open),
    });
    setHandler(gateQuery, () => this.#open && gateView(this.#open, this.#run), { description: 'The open gate: card, evidence, policy, decisions' });
    setDefaultSignalHandler((name) => run.answered({ by: null, counted: false, reason: `there is no signal "${clip(name, 40)}"; send "approve" or "reject"` }));
  }

  /**
   * Waits until those whom the policy names have decided, or until silence decides; then measures the evidence again, and asks anew if it is no longer what they saw. What was
   * decided is on record before this returns.
   */
  async pass<E>(request: GateRequest<E>): Promise<GateOutcome<E>> {
    this.#retired = null;
    let [measured, changes] = [request.measured, [] as string[]];
    let before: OpenGate<E> | null = null;
    for (;;) {
      const generation = this.#openings.get(request.gate) ?? 0;
      this.#openings.set(request.gate, generation + 1);
      const open: OpenGate<E> = this.#openGate(new OpenGate<E>(request, measured, generation, changes, before));
      this.#whileOpen.run(() => this.#desk.verifyWhileOpen(open)).catch(() => undefined); // ends by being cancelled
      try {
        await this.#attend(open);
        const outcome = await this.#conclude(open);
        if (outcome) return outcome;
      } catch (error) {
        this.#abandon(open, isCancelled(error) ? 'the run was cancelled' : rootMessage(error));
        throw error;
      } finally {
        this.#leave(open);
      }
      ({ measured, changes } = open.reopening!);
      before = open;
      await this.#run.record.flush();
    }
  }

  /** The newer version that is on its way, for what holds a run without a gate; null: none has said so. */
  get superseded(): { by: string; reason: string } | null {
    return this.#superseded;
  }

  /** Ends the open gate because what it asks about is over; `by` says who or what ended it. The gate comes to `superseded`. Without an open gate it does nothing. */
  retire(by: string, reason: string): void {
    this.#retired = { by: clip(by, 200), reason: clip(reason, 300) }; // it may be between two openings
    if (this.#open && !this.#open.isSettled) this.#open.superseded ??= this.#retired;
  }

  #openGate<E>(open: OpenGate<E>): OpenGate<E> {
    const { request, gate, generation, card, evidenceDigest, policy, people, estateDigest, deadline } = open;
    this.#open = open;
    this.#run.record.add({
      kind: 'gateOpened', gate, generation, card, items: open.measured.items, evidenceDigest, policy, policyDigest: jsonDigest(policy), estateDigest,
      requestedBy: request.requestedBy.map((name) => canonicalPerson(people, name)), deadline, changes: [...open.changes],
    });
    this.#run.gateOpened({ status: () => gateStatus(open), card: () => openCard(open) });
    if (generation === 0) this.#desk.mentionEarly(gate);
    open.superseded = this.#retired ?? (request.measure === null ? null : this.#superseded);
    if (needsCalendar(policy.clock)) this.#whileOpen.run(() => this.#tellWhenPlanned(open)).catch(() => undefined); // ends by being cancelled
    else this.#tellOpened(open);
    return open;
  }

  #tellOpened(open: OpenGate): void {
    this.#services.tell(`${open.gate} opened ${open.generation}`, openedEvent(open, this.#run));
  }

  /** People are told the deadline by working hours; where those cannot be placed soon, they are told all the same. */
  async #tellWhenPlanned(open: OpenGate): Promise<void> {
    await condition(() => open.isPlanned, plannedWithin);
    this.#tellOpened(open);
  }

  /** Everything that goes on while a gate is open. */
  async #attend(open: OpenGate): Promise<void> {
    let failed: { error: unknown } | null = null;
    const attendance = new CancellationScope();
    attendance.run(() => Promise.all([this.#attendance.runClock(open), this.#attendance.answerChecklist(open)])).catch((error: unknown) => {
      if (!isCancellation(error)) failed = { error };
    });
    try {
      await condition(() => open.isSettled || failed !== null);
    } finally {
      attendance.cancel();
    }
    if (failed !== null && !open.isSettled) throw (failed as { error: unknown }).error;
  }

  /** What the settled gate comes to; null if it must open again. Until the effect begins, a "no" still counts; and what takes long must not carry the effect out of its opening. */
  async #conclude<E>(open: OpenGate<E>): Promise<GateOutcome<E> | null> {
    open.isWaiting = true;
    const before = approvedBy(open);
    if (open.expired) await this.#desk.verified(open); // what came in time counts, also where it was still being found out whose it is
    for (;;) {
      const until = await this.#untilEffect(open);
      await Promise.race([this.#measureBeforeEffect(open), condition(() => isOff(open))]);
      if (!isOff(open)) await this.#desk.verified(open);
      const outcome = outcomeOf(open);
      if (outcome === null) {
        open.reopening ??= { measured: open.measured, changes: takenBack(open, before) };
        this.#reopen(open, open.reopening.changes);
        return null;
      }
      if (outcome.state === 'approved' && outcome.bypass) await this.#services.reviewBypass(open.gate, outcome.bypass, open.request);
      await this.#keepOutcome(open, outcome);
      if (outcome.state === 'approved' && !isStillSo(open, outcome, until)) continue;
      this.#close(open, outcome);
      return outcome;
    }
  }

  /**
   * An approval may take effect later: at the time that its author named, and only within the policy's opening. An opening that closed meanwhile moves it to the next. After a wait
   * the policy is read again: who approved may have left.
   *
   * @returns when the opening ends; null where there is none, or where nothing is to be waited for.
   */
  async #untilEffect(open: OpenGate): Promise<string | null> {
    const asked = open.ballot.decisions.flatMap(({ effectiveAt }) => (effectiveAt === null ? [] : [effectiveAt])).sort().at(-1);
    for (let hasWaited = false; !isOff(open); hasWaited = true) {
      if (hasWaited) await this.#attendance.reload(open);
      const earliest = [now().toISOString(), asked ?? ''].sort().at(-1)!;
      const opening = open.policy.opening === null ? null : await this.#services.nextOpening(open.policy.opening, earliest);
      const from = opening?.from ?? earliest;
      if (from <= now().toISOString()) return opening?.until ?? null;
      open.effectiveAt = from;
      this.#run.refresh();
      const wait = new CancellationScope();
      const slept = wait.run(() => sleepUntil(from, `Effect of ${open.gate}`)).catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
      await Promise.race([slept, condition(() => isOff(open))]);
      wait.cancel();
    }
    return null;
  }

  /** Immediately before the effect: is it still what they saw? */
  async #measureBeforeEffect(open: OpenGate): Promise<void> {
    if (isOff(open)) return;
    const [again] = await Promise.all([measureAgain(open), open.request.measure === null ? [] : lookAgain(open)]);
    if (again && open.reopening === null) open.confirm(again.fresh, again.comparison);
  }

  #reopen(open: OpenGate, changes: string[]): void {
    const by = open.ballot.decisions.map((decision) => decision.by);
    this.#desk.file(open);
    this.#run.record.add({ kind: 'gateClosed', gate: open.gate, generation: open.generation, state: 'reopened', by, except: [], checks: [...open.ballot.checks], reason: changes.join('; '), remeasured: changes, bypass: null, effectiveAt: null });
    this.#services.tell(`${open.gate} reopened ${open.generation}`, gateEvent(open, this.#run, 'reopened', `What was decided on changed, and ${open.card.question} is asked again: ${changes.join('; ')}`, [...new Set([...by, ...open.eligible])]));
  }

  async #keepOutcome(open: OpenGate, outcome: GateOutcome): Promise<void> {
    const { gate, generation, effectiveAt } = open;
    this.#desk.file(open);
    const [except, bypass] = outcome.state === 'approved' ? [outcome.except, outcome.bypass] : [[], null];
    this.#run.record.add({ kind: 'gateClosed', gate, generation, state: outcome.state, by: deciders(outcome), except, checks: [...open.ballot.checks], reason: reasonOf(open, outcome), remeasured: open.confirmed, bypass, effectiveAt });
    if (outcome.state !== 'approved') return; // it permits no effect: the record gets it with the run's close
    const kept = this.#run.record.flush();
    if (open.request.measure !== null) await kept;
    else this.#run.inBackground(kept.catch(() => undefined)); // a rollback waits for nothing; what fails now is kept with the close
  }

  /** From here on nothing that anybody says changes it. */
  #close(open: OpenGate, outcome: GateOutcome): void {
    open.isConcluded = true;
    this.#whileOpen.cancel();
    this.#closed.add(open.gate);
    const [by, reason] = [deciders(outcome), reasonOf(open, outcome)];
    const who = by.length > 0 ? ` by ${by.join(', ')}` : '';
    this.#services.tell(`${open.gate} decided`, gateEvent(open, this.#run, 'decided', `${open.card.question} ${outcome.state}${who}${reason === '' ? '' : `: ${clip(reason, 200)}`}`, open.eligible));
  }

  /** Whoever was asked, or paged, learns that nobody needs to answer any more. */
  #abandon(open: OpenGate, why: string): void {
    open.isConcluded = true;
    this.#whileOpen.cancel();
    const event = gateEvent(open, this.#run, 'decided', `${open.card.question} Nobody needs to answer any more: ${clip(why, 200)}`, open.eligible);
    void CancellationScope.nonCancellable(async () => this.#services.tell(`${open.gate} decided`, event));
  }

  #leave(open: OpenGate): void {
    this.#whileOpen.cancel();
    this.#whileOpen = new CancellationScope();
    this.#desk.leave(open);
    this.#open = null;
    this.#run.gateClosed();
  }

  #supersede(value: unknown): void {
    const { by, version } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof by !== 'string' || by === '') return;
    this.#superseded ??= { by: clip(by, 200), reason: `superseded by version ${clip(typeof version === 'string' ? version : 'unknown', 60)} (${clip(by, 200)})` };
    if (this.#open && this.#open.request.measure !== null) this.#open.superseded = this.#superseded; // a rollback is not superseded
  }
}
