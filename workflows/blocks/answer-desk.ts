/** Where answers come in: each is counted, verified, kept as a proposal or refused, by the same rule for updates and signals. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { clip, readAnswer, type Answer } from '../domain/answer.ts';
import { shortDigest } from '../domain/digest.ts';
import { FailureType } from '../domain/failures.ts';
import type { WaitingAnswer } from '../domain/identity.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { payloadDigest, type RecordedAnswer } from '../domain/record.ts';
import { AnswerLog } from './answer-log.ts';
import { AnswerVerification, type DecideResult } from './answer-verification.ts';
import { gateEvent } from './gate-presentation.ts';
import type { GateServices } from './gate-request.ts';
import { unproven, type Identity, type OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

/** Events from which Temporal itself begins to warn of a history's length; at 51,200 it ends the run. */
const crowdedAt = 10_240;

type Channel = WaitingAnswer['channel'];

/** What is to be done with an answer; `reason` says why it does not count (yet). */
interface Judgement {
  answer: Answer;
  course: 'count' | 'verify' | 'propose' | 'refuse';
  reason: string | undefined;
}

/** How an answer came. */
type Arrival = Pick<WaitingAnswer, 'channel' | 'receivedAt'> & { payloadDigest: string | (() => string) };

/** The gates of the run, as far as an answer is concerned. */
interface Place {
  open: () => OpenGate | null;
  isClosed: (gate: string) => boolean;
}

export class AnswerDesk {
  /** Answers for gates that had not opened: shown when they open, never counted, for nobody had seen the evidence. */
  #early = new Map<string, Answer>();
  /** Openings of which it was told that somebody has decided. */
  #told = new Set<string>();
  #hasToldOfCrowd = false;
  readonly #log = new AnswerLog();
  readonly #verification: AnswerVerification;
  readonly #run: Run;
  readonly #services: GateServices;
  readonly #place: Place;

  constructor(run: Run, services: GateServices, place: Place) {
    this.#run = run;
    this.#services = services;
    this.#place = place;
    this.#verification = new AnswerVerification(services);
    // What came for no gate, or after the last one: each decision event of the history is in the record.
    run.beforeClosing('answers that came too late', async () => this.#log.file(run.record, { gate: 'none', generation: 0 }));
  }

  /** The update's validator: an answer that changes nothing is refused, and leaves no event. */
  refuseUseless(value: unknown): void {
    const { course, reason, answer } = this.#judge(value, 'decide');
    if (course === 'refuse') throw notCounted(reason);
    if (course === 'propose' && this.#place.open()!.proposals.some(({ by, verdict }) => by === answer.by && verdict === answer.verdict)) throw notCounted(`${reason}; it is kept already`);
  }

  /** Answers at once what needs no verification: each promise costs. */
  decide(value: unknown): DecideResult | Promise<DecideResult> {
    return this.#take('decide', value, this.#judge(value, 'decide'));
  }

  /** A signal cannot be refused: what does not count is shown with its reason. */
  consider(value: unknown, verdict: 'approve' | 'reject'): void {
    this.#watchLength();
    const judgement = this.#judge(value, verdict);
    const { answer, course, reason } = judgement;
    if (course === 'refuse') {
      const isEarly = answer.gate !== undefined && answer.gate !== this.#place.open()?.gate && !this.#place.isClosed(answer.gate);
      if (isEarly && this.#early.size < 10) this.#early.set(answer.gate!, answer);
      this.#log.add({ channel: verdict, payloadDigest: payloadDigest(verdict, value), at: now().toISOString(), counted: false, reason: clip(reason ?? '', 100) });
      return this.#run.answered({ by: answer.by ?? null, counted: false, reason: isEarly ? `${reason}; kept as a proposal` : reason! });
    }
    void this.#take(verdict, value, judgement);
  }

  /** Says, when a gate opens, that an answer came too early for it. */
  mentionEarly(gate: string): void {
    const early = this.#early.get(gate);
    if (early) this.#run.answered({ by: early.by ?? null, counted: false, reason: `it came before ${gate} opened, when nobody had seen the evidence; send it again` });
  }

  /** Goes on until the gate is left. */
  async verifyWhileOpen(open: OpenGate): Promise<void> {
    await this.#verification.whileOpen(open, (waiting, identity) => this.#settle(open, waiting, identity));
  }

  /** Waits until it is known whose the answers are that have come, or until somebody has broken the glass. */
  async verified(open: OpenGate): Promise<void> {
    await this.#verification.done(open);
  }

  /** Decisions of a gate that stays open: on record at each tick of its clock; until then history has them. A gate that is decided records them with its outcome, before its effect. */
  keep(open: OpenGate): void {
    if (!this.#log.hasCounted || open.isSettled) return;
    this.#log.file(this.#run.record, open);
    this.#run.inBackground(this.#run.record.flush().catch(() => undefined)); // it is asked again before the effect
  }

  /** Puts the answers that came since into the run's record. */
  file(open: OpenGate): void {
    this.#log.file(this.#run.record, open);
  }

  /** The gate is left: answers that still wait for their verification do not count. */
  leave(open: OpenGate): void {
    for (const { waiting, settle } of this.#verification.giveUp()) settle(this.#uncounted(waiting.answer, `gate "${open.gate}" was decided meanwhile`, open, waiting));
    this.file(open);
  }

  #settle(open: OpenGate, waiting: WaitingAnswer, identity: Identity): DecideResult {
    const { answer } = waiting;
    const reason = open.takes(answer.verdict, waiting.receivedAt) ? this.#verification.replayed(answer) ?? open.objection(answer, identity) : `gate "${open.gate}" was decided meanwhile`;
    if (reason === undefined) return this.#count(open, answer, identity, waiting);
    const by = identity.by ?? answer.by;
    if (by !== undefined && open.lacksProof(answer, identity)) open.propose(by, answer.verdict ?? '', reason);
    return this.#uncounted(answer, reason, open, waiting);
  }

  /** The same rule for update and signal. */
  #judge(value: unknown, channel: Channel): Judgement {
    const { answer, malformed } = readAnswer(value, channel === 'decide' ? undefined : channel);
    const refuse = (reason: string): Judgement => ({ answer, course: 'refuse', reason });
    if (malformed !== undefined) return refuse(malformed);
    const open = this.#place.open();
    if (answer.gate !== undefined && this.#place.isClosed(answer.gate) && answer.gate !== open?.gate) return refuse(`gate "${answer.gate}" is closed`);
    if (!open) return refuse(answer.gate === undefined ? 'no gate is open' : `gate "${clip(answer.gate, 40)}" is not open`);
    if (!open.takes(answer.verdict, now().toISOString())) return refuse(`${open.gate} is decided already`);
    const known = this.#verification.known(answer);
    if (known !== undefined) return refuse(known);
    const reason = open.objection(answer, unproven);
    if (reason !== undefined && !open.lacksProof(answer, unproven)) return channel !== 'decide' && isOnlyUnbound(answer, open) ? { answer, course: 'propose', reason } : refuse(reason);
    // The server says who sent a signal; an update it gives to the worker that took it.
    if (answer.signature !== undefined || (open.policy.identity === 'attributed' && channel !== 'decide')) return { answer, course: 'verify', reason };
    return reason === undefined ? { answer, course: 'count', reason } : { answer, course: 'propose', reason };
  }

  #take(channel: Channel, value: unknown, { answer, course, reason }: Judgement): DecideResult | Promise<DecideResult> {
    const open = this.#place.open();
    // The validator has run, but another answer may have been counted between the two.
    if (course === 'refuse' || !open) {
      this.#log.add({ channel, payloadDigest: payloadDigest(channel, value), at: now().toISOString(), counted: false, reason: clip(reason ?? '', 100) });
      throw notCounted(reason);
    }
    if (channel === 'decide') this.#watchLength();
    const [id, receivedAt] = [this.#log.next(), now().toISOString()];
    if (course === 'count') return this.#count(open, answer, unproven, { channel, payloadDigest: () => payloadDigest(channel, value), receivedAt });
    const waiting: WaitingAnswer = { id, channel, answer, payloadDigest: payloadDigest(channel, value), receivedAt };
    if (course === 'verify') return this.#verification.settled(waiting);
    if (answer.by !== undefined) open.propose(answer.by, answer.verdict ?? '', reason!);
    return this.#uncounted(answer, reason!, open, waiting);
  }

  #count(open: OpenGate, answer: Answer, identity: Identity, { channel, payloadDigest: digest, receivedAt }: Arrival): DecideResult {
    open.take(answer, identity);
    this.#verification.counted(answer);
    const by = identity.by ?? canonicalPerson(open.people, answer.by!);
    const decision = open.ballot.decisions.at(-1);
    this.#log.add({
      channel, payloadDigest: digest, at: receivedAt, counted: true, verdict: answer.verdict!, by, onBehalfOf: decision?.by === by ? decision.onBehalfOf : null,
      level: identity.level, via: identity.via, comment: answer.comment ?? '', evidence: open.evidenceDigest, ...particulars(answer),
    });
    const comment = answer.comment === undefined ? '' : `: ${clip(answer.comment, 120)}`;
    this.#run.answered({ by, counted: true, reason: `${answer.verdict} of ${open.gate} (identity ${identity.level})${comment}` });
    this.#run.refresh();
    this.#tellFirst(open, answer, by);
    return { ...open.standing, counted: true };
  }

  /** Once in a run: a history that is this long is somebody's error or attack, and a run that Temporal ends compensates nothing. */
  #watchLength(): void {
    const open = this.#place.open();
    const { historyLength } = workflowInfo();
    if (!open || historyLength < crowdedAt || this.#hasToldOfCrowd) return;
    this.#hasToldOfCrowd = true;
    open.crowd = `This run has ${historyLength} events, and Temporal ends it at 51,200: decide, and find out who sends so much`;
    this.#services.tell(`${open.gate} crowded`, gateEvent(open, this.#run, 'escalated', `${open.crowd}. ${open.card.question}`, [...open.policy.clock.escalate.map(({ to }) => to), ...open.eligible]));
  }

  /** Whoever was paged learns that somebody is at it. Once for each opening, and only where somebody was: it costs an activity. */
  #tellFirst(open: OpenGate, { verdict }: Answer, by: string): void {
    const step = `${open.gate} answered ${open.generation}`;
    const { standing } = open;
    if (!open.escalated || standing.state !== 'open' || (verdict !== 'approve' && verdict !== 'reject') || this.#told.has(step)) return;
    this.#told.add(step);
    const wanted = verdict === 'reject' ? 'that alone does not reject it here' : standing.missing > 0 ? `${standing.missing} more ${standing.missing === 1 ? 'approval is' : 'approvals are'} wanted` : `somebody of ${standing.missingGroups.join(', ')} is wanted`;
    this.#services.tell(step, gateEvent(open, this.#run, 'answered', `${open.card.question} ${verdict === 'approve' ? 'Approved' : 'Rejected'} by ${by}; ${wanted}.`, open.awaited));
  }

  #uncounted(answer: Answer, reason: string, open: OpenGate, { channel, payloadDigest: digest, receivedAt }: WaitingAnswer): DecideResult {
    this.#log.add({ channel, payloadDigest: digest, at: receivedAt, counted: false, reason: clip(reason, 100) });
    this.#run.answered({ by: answer.by ?? null, counted: false, reason });
    return { ...open.standing, counted: false, reason };
  }
}

/** What an answer says beyond its verdict. */
function particulars({ to, until, except, effectiveAt, item, incident, signature }: Answer): Partial<RecordedAnswer> {
  const given = Object.entries({ to, until, except, effectiveAt, item, incident, signature }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** Nothing is wrong with it but that it does not say on which evidence it was made: shown as a proposal. */
function isOnlyUnbound(answer: Answer, open: OpenGate): boolean {
  const bound = { ...answer, evidence: shortDigest(open.evidenceDigest) };
  return answer.evidence === undefined && (open.objection(bound, unproven) === undefined || open.lacksProof(bound, unproven));
}

function notCounted(reason: string | undefined): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not counted: ${reason}`, FailureType.InputInvalid);
}
