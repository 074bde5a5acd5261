/** The hold points of one run. Handlers are registered once, in the run's first lines, so that no answer is early enough to be lost. */
import { CancellationScope, condition, defineQuery, defineSignal, defineUpdate, isCancellation, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { jsonDigest } from '../domain/digest.ts';
import type { GateView } from '../domain/gate-view.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { AnswerDesk, type DecideResult } from './answer-desk.ts';
import { answerSentence, askMachines, unansweredItems } from './checklist.ts';
import { compareAgain, measureOf, reopenWith } from './evidence-again.ts';
import { Attendance } from './gate-attendance.ts';
import { sleepUntil } from './gate-clock.ts';
import type { GateOutcome, GateRequest, GateServices } from './gate-request.ts';
import { gateEvent, gateStatus, gateView, openCard, openedEvent } from './gate-presentation.ts';
import { OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

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
  /** A newer version is on its way; the next gate that could let this one through closes at once. */
  #superseded: { by: string; reason: string } | null = null;
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
    this.#attendance = new Attendance(run, services);
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
    let { measured } = request;
    let changes: string[] = [];
    for (let generation = 0; ; generation += 1) {
      const open = this.#openGate(new OpenGate(request, measured, generation, changes));
      this.#whileOpen.run(() => this.#desk.verifyWhileOpen(open)).catch(() => undefined); // ends by being cancelled
      try {
        await this.#attend(open);
        const outcome = await this.#conclude(open);
        if (outcome) {
          open.isConcluded = true;
          this.#whileOpen.cancel();
          this.#closed.add(request.gate);
          await this.#keepOutcome(open, outcome);
          return outcome;
        }
      } finally {
        this.#leave(open);
      }
      ({ measured, comparison: { changes } } = open.reopening!);
      await this.#run.record.flush();
    }
  }

  /** Ends the open gate because what it asks about is over; `by` says who or what ended it. The gate comes to `superseded`. Without an open gate it does nothing. */
  retire(by: string, reason: string): void {
    if (this.#open && !this.#open.isSettled) this.#open.superseded ??= { by: clip(by, 200), reason: clip(reason, 300) };
  }

  #openGate<E>(open: OpenGate<E>): OpenGate<E> {
    const { request, gate, generation, card, evidenceDigest, policy, deadline } = open;
    this.#open = open;
    this.#run.record.add({
      kind: 'gateOpened', gate, generation, card, items: open.measured.items, evidenceDigest, policy, policyDigest: jsonDigest(policy), estateDigest: request.estateDigest,
      requestedBy: request.requestedBy.map((name) => canonicalPerson(request.people, name)), deadline, changes: [...open.changes],
    });
    this.#run.gateOpened({ status: () => gateStatus(open), card: () => openCard(open) });
    if (generation === 0) this.#desk.mentionEarly(gate);
    if (request.measure !== null) open.superseded = this.#superseded;
    this.#services.tell(`${gate} opened ${generation}`, openedEvent(open, this.#run));
    return open;
  }

  /** Everything that goes on while a gate is open. */
  async #attend(open: OpenGate): Promise<void> {
    let failed: { error: unknown } | null = null;
    const attendance = new CancellationScope();
    attendance.run(() => Promise.all([this.#attendance.runClock(open), this.#attendance.answerChecklist(open), this.#desk.keepWhileOpen(open)])).catch((error: unknown) => {
      if (!isCancellation(error)) failed = { error };
    });
    try {
      await condition(() => open.isSettled || failed !== null);
    } finally {
      attendance.cancel();
    }
    if (failed !== null && !open.isSettled) throw (failed as { error: unknown }).error;
  }

  /** What the settled gate comes to; null if it must open again. */
  async #conclude<E>(open: OpenGate<E>): Promise<GateOutcome<E> | null> {
    const { request, policy } = open;
    const { decisions } = open.ballot;
    if (open.bypass) {
      await this.#services.reviewBypass(open.gate, open.bypass, request);
      return { state: 'approved', by: [open.bypass.by], decisions: [...decisions], except: [], evidence: open.measured.evidence, bypass: open.bypass };
    }
    if (!open.reopening) {
      const refusal = refusalOf(open);
      if (refusal) return refusal;
      if (open.standing.state === 'open' && policy.onSilence !== 'approve' && policy.onSilence !== 'rollBack') return { state: 'expired', decisions: [...decisions] };
      await this.#untilEffect(open);
      await this.#measureAgain(open);
      await this.#desk.verified();
      // Until the effect begins, a "no" still counts.
      const late = refusalOf(open);
      if (late) return late;
      // Silence answers no checklist.
      if (open.standing.state === 'open' && !open.reopening && unansweredItems(open).length > 0) return { state: 'expired', decisions: [...decisions] };
    }
    if (open.reopening) {
      const { changes } = open.reopening.comparison;
      this.#run.record.add({ kind: 'gateClosed', gate: open.gate, generation: open.generation, state: 'reopened', by: decisions.map(({ by }) => by), reason: changes.join('; '), remeasured: changes, bypass: null, effectiveAt: null });
      this.#services.tell(`${open.gate} reopened ${open.generation}`, gateEvent(open, this.#run, 'reopened', `The evidence changed, and ${open.card.question} is asked again: ${changes.join('; ')}`, [...new Set([...decisions.map(({ by }) => by), ...open.eligible])]));
      return null;
    }
    const { standing } = open;
    return { state: 'approved', by: standing.state === 'approved' ? standing.by : [], decisions: [...open.ballot.decisions], except: [...new Set(decisions.flatMap(({ except }) => except))], evidence: open.measured.evidence, bypass: null };
  }

  /** An approval may take effect later: at the time that its author named, and only within the policy's opening. An opening that closed meanwhile moves it to the next. */
  async #untilEffect(open: OpenGate): Promise<void> {
    const asked = open.ballot.decisions.flatMap(({ effectiveAt }) => (effectiveAt === null ? [] : [effectiveAt])).sort().at(-1);
    for (;;) {
      const earliest = [now().toISOString(), asked ?? ''].sort().at(-1)!;
      const from = open.policy.opening === null ? earliest : (await this.#services.nextOpening(open.policy.opening, earliest)).from;
      if (from <= now().toISOString()) return;
      open.effectiveAt = from;
      this.#run.gateChanged();
      const wait = new CancellationScope();
      const slept = wait.run(() => sleepUntil(from, `Effect of ${open.gate}`)).then(() => true, (error: unknown) => {
        if (!isCancellation(error)) throw error;
        return false;
      });
      await Promise.race([slept, condition(() => refusalOf(open) !== null || open.reopening !== null)]);
      wait.cancel();
      if (refusalOf(open) !== null || open.reopening !== null) return;
    }
  }

  /** Immediately before the effect: is it still what they saw? */
  async #measureAgain(open: OpenGate): Promise<void> {
    if (open.request.measure === null || open.reopening || refusalOf(open)) return;
    const measure = measureOf(open);
    const [again, answers] = await Promise.all([measure && compareAgain(open, measure), askMachines(open, 'all')]);
    if (again?.comparison.state === 'changed') return await reopenWith(open, measure!, again);
    if (again) open.confirm(again.fresh, again.comparison);
    open.confirmed.push(...answers.map(answerSentence));
    const failing = answers.filter(({ ok }) => !ok);
    if (failing.length === 0 || open.standing.state === 'open') return;
    // Whoever approved relied on it. Asked anew as often as it takes: the gate cannot be approved before the machine says yes.
    open.reopening = { measured: open.measured, comparison: { state: 'changed', changes: failing.map(answerSentence), stale: false } };
  }

  async #keepOutcome(open: OpenGate, outcome: GateOutcome): Promise<void> {
    const { gate, generation, effectiveAt } = open;
    this.#desk.file(open);
    const by = outcome.state === 'approved' ? outcome.by : 'by' in outcome ? [outcome.by] : [];
    const reason = 'reason' in outcome ? outcome.reason : outcome.state === 'expired' && open.lapse ? `${open.lapse.by}: ${open.lapse.reason}` : outcome.state === 'approved' && outcome.by.length === 0 ? 'nobody answered in time; silence approves by policy' : '';
    this.#run.record.add({ kind: 'gateClosed', gate, generation, state: outcome.state, by, reason, remeasured: open.confirmed, bypass: outcome.state === 'approved' ? outcome.bypass : null, effectiveAt });
    const who = by.length > 0 ? ` by ${by.join(', ')}` : '';
    this.#services.tell(`${gate} decided`, gateEvent(open, this.#run, 'decided', `${open.card.question} ${outcome.state}${who}${reason === '' ? '' : `: ${clip(reason, 200)}`}`, open.eligible));
    if (outcome.state !== 'approved') return; // it permits no effect: the record gets it with the run's close
    const kept = this.#run.record.flush();
    if (open.request.measure !== null) await kept;
    else this.#run.inBackground(kept.catch(() => undefined)); // a rollback waits for nothing; what fails now is kept with the close
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

/** A "no" that the gate has come to, be it early or while its effect is waited for. */
function refusalOf(open: OpenGate): Exclude<GateOutcome, { state: 'approved' | 'expired' }> | null {
  const { standing, superseded, ballot, policy, gate } = open;
  const decisions = [...ballot.decisions];
  if (superseded) return { state: 'superseded', ...superseded, decisions };
  if (standing.state === 'rejected') return { state: 'rejected', by: standing.by, reason: standing.reason, decisions };
  if (open.expired && standing.state === 'open' && policy.onSilence === 'reject') return { state: 'rejected', ...(open.lapse ?? { by: 'nobody', reason: `nobody answered ${gate} in time` }), decisions };
  return null;
}

