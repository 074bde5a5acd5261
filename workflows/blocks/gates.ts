/** The hold points of one run. Handlers are registered once, in the run's first lines, so that no answer is early enough to be lost. */
import { ApplicationFailure, CancellationScope, condition, defineQuery, defineSignal, defineUpdate, isCancellation, setDefaultSignalHandler, setHandler, sleep } from '@temporalio/workflow';
import type { Standing } from '../domain/approval.ts';
import { clip, readAnswer, type Answer, type Verdict } from '../domain/answer.ts';
import { compareEvidence } from '../domain/evidence.ts';
import { FailureType } from '../domain/failures.ts';
import type { Tick } from '../domain/gate-clock.ts';
import type { GateView } from '../domain/gate-view.ts';
import type { WaitingAnswer } from '../domain/identity.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { payloadDigest } from '../domain/record.ts';
import { AnswerLog } from './answer-log.ts';
import { runClock, sleepUntil } from './gate-clock.ts';
import type { GateOutcome, GateRequest, GateServices } from './gate-request.ts';
import { gateEvent, gateStatus, gateView, openCard, openedEvent, policyDigest } from './gate-presentation.ts';
import { OpenGate, unproven, type Identity } from './open-gate.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

/** What `decide` answers: where the gate stands, and whether this answer counted. */
export type DecideResult = Standing & { counted: boolean; reason?: string };

export const decideUpdate = defineUpdate<DecideResult, [unknown]>('decide');
export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');
export const supersedeSignal = defineSignal<[unknown?]>('supersede');
export const tendGateUpdate = defineUpdate<{ changes: string[] }, [unknown]>('tendGate');
export const gateQuery = defineQuery<GateView | null>('gate');

/** What may be done to a gate without deciding it. `lapse` lets its deadline come now, where silence lets nothing through. */
const tendings = ['remeasure', 'remind', 'widen', 'lapse'] as const;
type Tending = (typeof tendings)[number];

/** How decisions gather before they are put on record while a gate stays open. */
const gatherFor = '2s';

type Channel = WaitingAnswer['channel'];

/** What is to be done with an answer; `reason` says why it does not count (yet). */
interface Judgement {
  answer: Answer;
  course: 'count' | 'verify' | 'propose' | 'refuse';
  reason: string | undefined;
}

export class Gates {
  #open: OpenGate | null = null;
  #closed = new Set<string>();
  /** Answers for gates that had not opened: shown when they open, never counted, for nobody had seen the evidence. */
  #early = new Map<string, Answer>();
  #unverified: { waiting: WaitingAnswer; settle: (result: DecideResult) => void }[] = [];
  #tendings = 0;
  readonly #log = new AnswerLog();
  readonly #run: Run;
  readonly #services: GateServices;

  constructor(run: Run, services: GateServices) {
    this.#run = run;
    this.#services = services;
    setHandler(decideUpdate, (value) => this.#decide(value), {
      description: 'Decide the open gate: {"gate", "verdict": "approve" or "reject", "by", "comment", "evidence"}; also withdraw, delegate, defer, check, bypass',
      validator: (value) => {
        const { course, reason, answer } = this.#judge(value);
        if (course === 'refuse') throw notCounted(reason);
        if (course === 'propose' && this.#open!.proposals.some(({ by, verdict }) => by === answer.by && verdict === answer.verdict)) throw notCounted(`${reason}; it is kept already`);
      },
    });
    setHandler(approveSignal, (value) => this.#consider(value, 'approve'), { description: 'Approve the open gate: {"gate", "by", "evidence", "comment"}, as the current details show it' });
    setHandler(rejectSignal, (value) => this.#consider(value, 'reject'), { description: 'Reject the open gate: {"gate", "by", "evidence", "comment": the reason}' });
    setHandler(supersedeSignal, (value) => this.#supersede(value), { description: 'Sent by the run of a newer version: {"by": its workflow id, "version"}' });
    setHandler(tendGateUpdate, (value) => this.#tend(value), {
      description: 'Look after the open gate: {"action": "remeasure", "remind", "widen" or "lapse", "by", "reason"}',
      validator: (value) => void this.#readTending(value),
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
      try {
        await this.#attend(open);
        const outcome = await this.#conclude(open);
        if (outcome) {
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

  #openGate<E>(open: OpenGate<E>): OpenGate<E> {
    const { request, gate, generation, card, evidenceDigest, policy, deadline } = open;
    this.#open = open;
    this.#run.record.add({
      kind: 'gateOpened', gate, generation, card, items: open.measured.items, evidenceDigest, policy, policyDigest: policyDigest(policy), estateDigest: request.estateDigest,
      requestedBy: request.requestedBy.map((name) => canonicalPerson(request.people, name)), deadline, changes: [...open.changes],
    });
    this.#run.gateOpened(gateStatus(open), openCard(open));
    const early = this.#early.get(gate);
    if (early && generation === 0) this.#run.answered({ by: early.by ?? null, counted: false, reason: `it came before ${gate} opened, when nobody had seen the evidence; send it again` });
    this.#services.tell(`${gate} opened ${generation}`, openedEvent(open, this.#run));
    return open;
  }

  /** Everything that goes on while a gate is open. */
  async #attend(open: OpenGate): Promise<void> {
    let failed: { error: unknown } | null = null;
    const attendance = new CancellationScope();
    attendance.run(() => Promise.all([this.#runClock(open), this.#answerChecklist(open), this.#verifyAnswers(open), this.#keepAnswers(open)])).catch((error: unknown) => {
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
      // Until the effect begins, a "no" still counts.
      const late = refusalOf(open);
      if (late) return late;
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
      this.#run.gateChanged(gateStatus(open), openCard(open));
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
    if (open.request.measure === null || open.isLast || open.reopening || refusalOf(open)) return;
    const fresh = await open.request.measure('again');
    const comparison = compareEvidence(open.measured.items, fresh.items, open.policy.evidence, now().toISOString());
    if (comparison.state === 'changed') open.reopening = { measured: comparison.stale ? await open.request.measure('anew') : fresh, comparison };
    else open.confirm(fresh, comparison);
  }

  async #keepOutcome(open: OpenGate, outcome: GateOutcome): Promise<void> {
    const { gate, generation, effectiveAt } = open;
    this.#log.file(this.#run.record, open);
    const by = outcome.state === 'approved' ? outcome.by : 'by' in outcome ? [outcome.by] : [];
    const reason = 'reason' in outcome ? outcome.reason : outcome.state === 'approved' && outcome.by.length === 0 ? 'nobody answered in time; silence approves by policy' : '';
    this.#run.record.add({ kind: 'gateClosed', gate, generation, state: outcome.state, by, reason, remeasured: open.confirmed, bypass: outcome.state === 'approved' ? outcome.bypass : null, effectiveAt });
    const who = by.length > 0 ? ` by ${by.join(', ')}` : '';
    this.#services.tell(`${gate} decided`, gateEvent(open, this.#run, 'decided', `${open.card.question} ${outcome.state}${who}${reason === '' ? '' : `: ${clip(reason, 200)}`}`, open.eligible));
    if (outcome.state !== 'approved') return; // it permits no effect: the record gets it with the run's close
    const kept = this.#run.record.flush();
    if (open.request.measure !== null) await kept;
    else this.#run.inBackground(kept.catch(() => undefined)); // a rollback waits for nothing; what fails now is kept with the close
  }

  #leave(open: OpenGate): void {
    this.#log.file(this.#run.record, open);
    for (const { waiting, settle } of this.#unverified.splice(0)) settle(this.#uncounted(waiting.answer, `gate "${open.gate}" was decided meanwhile`, open, waiting));
    this.#open = null;
    this.#run.gateClosed();
  }

  async #runClock(open: OpenGate): Promise<void> {
    await runClock(open, {
      services: this.#services,
      planned: (ticks) => {
        open.deadline = ticks.at(-1)!.at;
        this.#run.gateChanged(gateStatus(open), openCard(open));
      },
      reload: () => this.#reload(open),
      tick: (tick) => this.#tick(open, tick),
    });
  }

  async #reload(open: OpenGate): Promise<void> {
    const reloaded = await this.#services.reloadPolicy(open.gate);
    if (reloaded === null) return;
    const changes = open.adopt(reloaded);
    if (changes.length > 0) {
      this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes, estateDigest: reloaded.estateDigest });
      this.#run.answered({ by: 'the estate', counted: true, reason: `changed: ${changes.join('; ')}` });
    }
    this.#run.gateChanged(gateStatus(open), openCard(open));
  }

  #tick(open: OpenGate, tick: Tick): void {
    const { question } = open.card;
    const tell = (kind: 'reminded' | 'escalated' | 'widened' | 'held', text: string, to: string[]) => this.#services.tell(`${open.gate} ${kind} ${tick.at}`, gateEvent(open, this.#run, kind, text, to));
    if (tick.kind === 'remind' && open.awaited.length > 0) tell('reminded', `Still waiting: ${question}`, open.awaited);
    if (tick.kind === 'escalate') tell('escalated', `Nobody has decided yet: ${question} Until ${open.deadline}: ${open.request.silence}`, [tick.to]);
    if (tick.kind === 'widen') this.#widen(open, tick.approvers, 'nobody has decided yet');
    if (tick.kind !== 'decide') return;
    if (open.policy.onSilence === 'hold') tell('held', `The deadline is past and the gate is held: ${question}`, open.awaited);
    else open.expired = true;
  }

  #widen(open: OpenGate, approvers: readonly string[], why: string): string[] {
    const added = open.widen(approvers);
    if (added.length === 0) return [];
    this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes: [`may decide now as well: ${added.join(', ')} (${why})`], estateDigest: open.request.estateDigest });
    this.#services.tell(`${open.gate} widened ${added.join()}`, gateEvent(open, this.#run, 'widened', `You may decide now as well: ${open.card.question}`, added));
    this.#run.gateChanged(gateStatus(open), openCard(open));
    return added;
  }

  async #answerChecklist(open: OpenGate): Promise<void> {
    const { check } = open.request;
    for (const item of open.policy.checklist.filter(({ by }) => by === 'machine')) {
      const { ok, comment } = check ? await check(item.id) : { ok: false, comment: 'the runbook cannot check this' };
      open.checked(item.id, ok, comment);
      this.#run.gateChanged(gateStatus(open), openCard(open));
    }
  }

  /** One activity for all answers that wait: one for each would cost most of the throughput. */
  async #verifyAnswers(open: OpenGate): Promise<void> {
    for (;;) {
      await condition(() => this.#unverified.length > 0);
      const batch = this.#unverified.splice(0, 200);
      const verified = await this.#services.verify(batch.map(({ waiting }) => waiting), open.policy.identity, open.people);
      for (const { waiting, settle } of batch) {
        const found = verified.find(({ id }) => id === waiting.id);
        settle(this.#settle(open, waiting, found ?? { ...unproven, problem: 'it could not be verified' }));
      }
    }
  }

  #settle(open: OpenGate, waiting: WaitingAnswer, identity: Identity): DecideResult {
    const { answer } = waiting;
    const reason = open.isSettled && answer.verdict !== 'reject' ? `gate "${open.gate}" was decided meanwhile` : open.objection(answer, identity);
    if (reason === undefined) return this.#count(open, answer, identity, waiting);
    const by = identity.by ?? answer.by;
    if (by !== undefined && open.lacksProof(answer, identity)) open.propose(by, answer.verdict ?? '', reason);
    return this.#uncounted(answer, reason, open, waiting);
  }

  /** Decisions of a gate that stays open: on record soon, a few at a time. A gate that is decided records them with its outcome. */
  async #keepAnswers(open: OpenGate): Promise<void> {
    for (;;) {
      await condition(() => this.#log.hasCounted && !open.isSettled);
      await sleep(gatherFor, { summary: `Gather decisions of ${open.gate} for the record` });
      this.#log.file(this.#run.record, open);
      await this.#run.record.flush();
    }
  }

  /** The same rule for update and signal. */
  #judge(value: unknown, verdict?: Verdict): Judgement {
    const { answer, malformed } = readAnswer(value, verdict);
    const refuse = (reason: string): Judgement => ({ answer, course: 'refuse', reason });
    if (malformed !== undefined) return refuse(malformed);
    const open = this.#open;
    if (answer.gate !== undefined && this.#closed.has(answer.gate) && answer.gate !== open?.gate) return refuse(`gate "${answer.gate}" is closed`);
    if (!open) return refuse(answer.gate === undefined ? 'no gate is open' : `gate "${clip(answer.gate, 40)}" is not open`);
    if (open.isSettled && answer.verdict !== 'reject') return refuse(`${open.gate} is decided already`);
    const reason = open.objection(answer, unproven);
    if (reason !== undefined && !open.lacksProof(answer, unproven)) return refuse(reason);
    if (answer.signature !== undefined || open.policy.identity === 'attributed') return { answer, course: 'verify', reason };
    return reason === undefined ? { answer, course: 'count', reason } : { answer, course: 'propose', reason };
  }

  async #decide(value: unknown): Promise<DecideResult> {
    return await this.#take('decide', value, this.#judge(value));
  }

  /** A signal cannot be refused: what does not count is shown with its reason. */
  #consider(value: unknown, verdict: 'approve' | 'reject'): void {
    const judgement = this.#judge(value, verdict);
    const { answer, course, reason } = judgement;
    if (course === 'refuse') {
      const isEarly = answer.gate !== undefined && answer.gate !== this.#open?.gate && !this.#closed.has(answer.gate);
      if (isEarly && this.#early.size < 10) this.#early.set(answer.gate!, answer);
      this.#log.add({ channel: verdict, payloadDigest: payloadDigest(verdict, value), at: now().toISOString(), counted: false, reason: clip(reason ?? '', 100) });
      return this.#run.answered({ by: answer.by ?? null, counted: false, reason: isEarly ? `${reason}; kept as a proposal` : reason! });
    }
    void this.#take(verdict, value, judgement);
  }

  #take(channel: Channel, value: unknown, { answer, course, reason }: Judgement): DecideResult | Promise<DecideResult> {
    const open = this.#open;
    // The validator has run, but another answer may have been counted between the two.
    if (course === 'refuse' || !open) throw notCounted(reason);
    const waiting: WaitingAnswer = { id: this.#log.next(), channel, answer, payloadDigest: payloadDigest(channel, value), receivedAt: now().toISOString() };
    if (course === 'count') return this.#count(open, answer, unproven, waiting);
    if (course === 'verify') return new Promise((settle) => this.#unverified.push({ waiting, settle }));
    if (answer.by !== undefined) open.propose(answer.by, answer.verdict ?? '', reason!);
    return this.#uncounted(answer, reason!, open, waiting);
  }

  #count(open: OpenGate, answer: Answer, identity: Identity, waiting: WaitingAnswer): DecideResult {
    open.take(answer, identity);
    const by = identity.by ?? canonicalPerson(open.people, answer.by!);
    const decision = open.ballot.decisions.at(-1);
    this.#log.add({
      channel: waiting.channel, payloadDigest: waiting.payloadDigest, at: waiting.receivedAt, counted: true, verdict: answer.verdict!, by, onBehalfOf: decision?.by === by ? decision.onBehalfOf : null,
      level: identity.level, via: identity.via, comment: answer.comment ?? '', evidence: open.evidenceDigest, ...(answer.signature !== undefined && { signature: answer.signature }),
    });
    const comment = answer.comment === undefined ? '' : `: ${clip(answer.comment, 120)}`;
    this.#run.answered({ by, counted: true, reason: `${answer.verdict} of ${open.gate} (identity ${identity.level})${comment}` });
    this.#run.gateChanged(gateStatus(open), openCard(open));
    return { ...open.standing, counted: true };
  }

  #uncounted(answer: Answer, reason: string, open: OpenGate, { channel, payloadDigest: digest, receivedAt }: WaitingAnswer): DecideResult {
    this.#log.add({ channel, payloadDigest: digest, at: receivedAt, counted: false, reason: clip(reason, 100) });
    this.#run.answered({ by: answer.by ?? null, counted: false, reason });
    return { ...open.standing, counted: false, reason };
  }

  #supersede(value: unknown): void {
    const { by, version } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof by !== 'string' || by === '' || !this.#open || this.#open.request.measure === null) return; // a rollback is not superseded
    this.#open.superseded ??= { by: clip(by, 200), reason: `superseded by version ${clip(typeof version === 'string' ? version : 'unknown', 60)} (${clip(by, 200)})` };
  }

  #readTending(value: unknown): { action: Tending; by: string; reason: string; open: OpenGate } {
    const { action, by, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (!tendings.includes(action as Tending)) throw notDone(`"action" is none of ${tendings.join(', ')}`);
    if (typeof by !== 'string' || by === '') throw notDone('it does not say who asks ("by")');
    const open = this.#open;
    if (!open || open.isSettled) throw notDone('no gate is open');
    if (action === 'lapse' && open.policy.onSilence !== 'expire' && open.policy.onSilence !== 'reject') throw notDone(`silence would ${open.policy.onSilence} here; only a person or the deadline may do that`);
    return { action: action as Tending, by: clip(by, 60), reason: clip(typeof reason === 'string' ? reason : '', 200), open };
  }

  async #tend(value: unknown): Promise<{ changes: string[] }> {
    const { action, by, reason, open } = this.#readTending(value);
    this.#tendings += 1;
    const why = `${by}${reason === '' ? '' : `: ${reason}`}`;
    switch (action) {
      case 'remind':
        this.#services.tell(`${open.gate} tended ${this.#tendings}`, gateEvent(open, this.#run, 'reminded', `Still waiting (${why}): ${open.card.question}`, open.awaited));
        return { changes: [] };
      case 'widen':
        return { changes: this.#widen(open, open.policy.clock.widen.flatMap(({ approvers }) => approvers), why) };
      case 'lapse':
        open.expired = true;
        return { changes: [`silence decides now (${why})`] };
      case 'remeasure': {
        if (open.request.measure === null || open.isLast) return { changes: [] };
        const fresh = await open.request.measure('again');
        const comparison = compareEvidence(open.measured.items, fresh.items, open.policy.evidence, now().toISOString());
        if (comparison.state === 'changed' && !open.isSettled) open.reopening = { measured: comparison.stale ? await open.request.measure('anew') : fresh, comparison };
        return { changes: comparison.changes };
      }
    }
  }
}

/** A "no" that the gate has come to, be it early or while its effect is waited for. */
function refusalOf(open: OpenGate): Exclude<GateOutcome, { state: 'approved' | 'expired' }> | null {
  const { standing, superseded, ballot, policy, gate } = open;
  const decisions = [...ballot.decisions];
  if (superseded) return { state: 'superseded', ...superseded, decisions };
  if (standing.state === 'rejected') return { state: 'rejected', by: standing.by, reason: standing.reason, decisions };
  if (open.expired && standing.state === 'open' && policy.onSilence === 'reject') return { state: 'rejected', by: 'nobody', reason: `nobody answered ${gate} in time`, decisions };
  return null;
}

function notCounted(reason: string | undefined): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not counted: ${reason}`, FailureType.InputInvalid);
}

function notDone(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not done: ${reason}`, FailureType.InputInvalid);
}
