/** Where answers come in: each is counted, verified, kept as a proposal or refused, by the same rule for updates and signals. */
import { ApplicationFailure, condition, isCancellation, sleep } from '@temporalio/workflow';
import { clip, readAnswer, type Answer, type Verdict } from '../domain/answer.ts';
import type { Standing } from '../domain/approval.ts';
import { FailureType } from '../domain/failures.ts';
import type { VerifiedAnswer, WaitingAnswer } from '../domain/identity.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { payloadDigest } from '../domain/record.ts';
import { AnswerLog } from './answer-log.ts';
import { rootMessage } from './compensations.ts';
import { gateEvent } from './gate-presentation.ts';
import type { GateServices } from './gate-request.ts';
import { unproven, type Identity, type OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

/** What `decide` answers: where the gate stands, and whether this answer counted. */
export type DecideResult = Standing & { counted: boolean; reason?: string };

/** How decisions gather before they are put on record while a gate stays open: until then history has them. What is decided is on record before its effect, however soon. */
const gatherFor = '1m';

/** Longer than this no effect waits to learn whether somebody says no. */
const verifiedWithin = '1m';

type Channel = WaitingAnswer['channel'];

/** What is to be done with an answer; `reason` says why it does not count (yet). */
interface Judgement {
  answer: Answer;
  course: 'count' | 'verify' | 'propose' | 'refuse';
  reason: string | undefined;
}

/** The gates of the run, as far as an answer is concerned. */
interface Place {
  open: () => OpenGate | null;
  isClosed: (gate: string) => boolean;
}

interface Unverified {
  waiting: WaitingAnswer;
  settle: (result: DecideResult) => void;
}

export class AnswerDesk {
  /** Answers for gates that had not opened: shown when they open, never counted, for nobody had seen the evidence. */
  #early = new Map<string, Answer>();
  #unverified: Unverified[] = [];
  /** Those of which is being found out whose they are. */
  #verifying: Unverified[] = [];
  /** Openings of which it was told that somebody has decided. */
  #told = new Set<string>();
  /** Signed answers that were counted: a withdrawn decision does not come back by sending it again. */
  #used = new Set<string>();
  readonly #log = new AnswerLog();
  readonly #run: Run;
  readonly #services: GateServices;
  readonly #place: Place;

  constructor(run: Run, services: GateServices, place: Place) {
    this.#run = run;
    this.#services = services;
    this.#place = place;
    // What came for no gate, or after the last one: each decision event of the history is in the record.
    run.beforeClosing('answers that came too late', async () => this.#log.file(run.record, { gate: 'none', generation: 0 }));
  }

  /** The update's validator: an answer that changes nothing is refused, and leaves no event. */
  refuseUseless(value: unknown): void {
    const { course, reason, answer } = this.#judge(value);
    if (course === 'refuse') throw notCounted(reason);
    if (course === 'propose' && this.#place.open()!.proposals.some(({ by, verdict }) => by === answer.by && verdict === answer.verdict)) throw notCounted(`${reason}; it is kept already`);
  }

  /** Answers at once what needs no verification: each promise costs. */
  decide(value: unknown): DecideResult | Promise<DecideResult> {
    return this.#take('decide', value, this.#judge(value));
  }

  /** A signal cannot be refused: what does not count is shown with its reason. */
  consider(value: unknown, verdict: 'approve' | 'reject'): void {
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

  /** One activity for all answers that wait: one for each would cost most of the throughput. Goes on until the gate is left: a "no" also counts while an approval waits for its effect. */
  async verifyWhileOpen(open: OpenGate): Promise<void> {
    for (;;) {
      await condition(() => this.#unverified.length > 0);
      const batch = this.#unverified.splice(0, 200);
      this.#verifying = batch;
      const verified = await this.#services.verify(batch.map(({ waiting }) => waiting), open.policy.identity, open.people).catch((error: unknown): VerifiedAnswer[] => {
        if (isCancellation(error)) throw error; // the gate is left, and settles them
        return batch.map(({ waiting: { id } }) => ({ ...unproven, id, problem: `it could not be verified: ${rootMessage(error)}` }));
      });
      for (const { waiting, settle } of batch) {
        const found = verified.find(({ id }) => id === waiting.id);
        settle(this.#settle(open, waiting, found ?? { ...unproven, problem: 'it could not be verified' }));
      }
      this.#verifying = [];
    }
  }

  /** Waits, not for long, until it is known whose the answers are that came before the effect. */
  async verified(): Promise<void> {
    const isIdle = () => this.#unverified.length === 0 && this.#verifying.length === 0;
    if (!isIdle()) await condition(isIdle, verifiedWithin);
  }

  /** Decisions of a gate that stays open: on record soon, a few at a time. A gate that is decided records them with its outcome. */
  async keepWhileOpen(open: OpenGate): Promise<void> {
    for (;;) {
      await condition(() => this.#log.hasCounted && !open.isSettled);
      await sleep(gatherFor, { summary: `Gather decisions of ${open.gate} for the record` });
      this.#log.file(this.#run.record, open);
      await this.#run.attempt('The record could not be kept yet', () => this.#run.record.flush()); // it is asked again before the effect
    }
  }

  /** Puts the answers that came since into the run's record. */
  file(open: OpenGate): void {
    this.#log.file(this.#run.record, open);
  }

  /** The gate is left: answers that still wait for their verification do not count. */
  leave(open: OpenGate): void {
    for (const { waiting, settle } of [...this.#verifying.splice(0), ...this.#unverified.splice(0)]) settle(this.#uncounted(waiting.answer, `gate "${open.gate}" was decided meanwhile`, open, waiting));
    this.file(open);
  }

  #settle(open: OpenGate, waiting: WaitingAnswer, identity: Identity): DecideResult {
    const { answer } = waiting;
    const isLate = open.isConcluded || (open.isSettled && answer.verdict !== 'reject');
    const isReplay = answer.signature !== undefined && this.#used.has(signed(answer.signature));
    const reason = isLate ? `gate "${open.gate}" was decided meanwhile` : isReplay ? 'this signed answer was counted already; decide anew' : open.objection(answer, identity);
    if (reason === undefined) return this.#count(open, answer, identity, waiting);
    const by = identity.by ?? answer.by;
    if (by !== undefined && open.lacksProof(answer, identity)) open.propose(by, answer.verdict ?? '', reason);
    return this.#uncounted(answer, reason, open, waiting);
  }

  /** The same rule for update and signal. */
  #judge(value: unknown, verdict?: Verdict): Judgement {
    const { answer, malformed } = readAnswer(value, verdict);
    const refuse = (reason: string): Judgement => ({ answer, course: 'refuse', reason });
    if (malformed !== undefined) return refuse(malformed);
    const open = this.#place.open();
    if (answer.gate !== undefined && this.#place.isClosed(answer.gate) && answer.gate !== open?.gate) return refuse(`gate "${answer.gate}" is closed`);
    if (!open) return refuse(answer.gate === undefined ? 'no gate is open' : `gate "${clip(answer.gate, 40)}" is not open`);
    if (open.isConcluded || (open.isSettled && answer.verdict !== 'reject')) return refuse(`${open.gate} is decided already`);
    if (answer.signature !== undefined && this.#used.has(signed(answer.signature))) return refuse('this signed answer was counted already; decide anew');
    const reason = open.objection(answer, unproven);
    if (reason !== undefined && !open.lacksProof(answer, unproven)) return refuse(reason);
    if (answer.signature !== undefined || open.policy.identity === 'attributed') return { answer, course: 'verify', reason };
    return reason === undefined ? { answer, course: 'count', reason } : { answer, course: 'propose', reason };
  }

  #take(channel: Channel, value: unknown, { answer, course, reason }: Judgement): DecideResult | Promise<DecideResult> {
    const open = this.#place.open();
    // The validator has run, but another answer may have been counted between the two.
    if (course === 'refuse' || !open) {
      this.#log.add({ channel, payloadDigest: payloadDigest(channel, value), at: now().toISOString(), counted: false, reason: clip(reason ?? '', 100) });
      throw notCounted(reason);
    }
    const waiting: WaitingAnswer = { id: this.#log.next(), channel, answer, payloadDigest: payloadDigest(channel, value), receivedAt: now().toISOString() };
    if (course === 'count') return this.#count(open, answer, unproven, waiting);
    if (course === 'verify') return new Promise((settle) => this.#unverified.push({ waiting, settle }));
    if (answer.by !== undefined) open.propose(answer.by, answer.verdict ?? '', reason!);
    return this.#uncounted(answer, reason!, open, waiting);
  }

  #count(open: OpenGate, answer: Answer, identity: Identity, waiting: WaitingAnswer): DecideResult {
    open.take(answer, identity);
    if (answer.signature !== undefined) this.#used.add(signed(answer.signature));
    const by = identity.by ?? canonicalPerson(open.people, answer.by!);
    const decision = open.ballot.decisions.at(-1);
    this.#log.add({
      channel: waiting.channel, payloadDigest: waiting.payloadDigest, at: waiting.receivedAt, counted: true, verdict: answer.verdict!, by, onBehalfOf: decision?.by === by ? decision.onBehalfOf : null,
      level: identity.level, via: identity.via, comment: answer.comment ?? '', evidence: open.evidenceDigest, ...(answer.signature !== undefined && { signature: answer.signature }),
    });
    const comment = answer.comment === undefined ? '' : `: ${clip(answer.comment, 120)}`;
    this.#run.answered({ by, counted: true, reason: `${answer.verdict} of ${open.gate} (identity ${identity.level})${comment}` });
    this.#run.gateChanged();
    this.#tellFirst(open, answer, by);
    return { ...open.standing, counted: true };
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

/** What was signed, without the signature: the same claims signed twice are one decision. */
function signed(token: string): string {
  return token.split('.').slice(0, 2).join('.');
}

function notCounted(reason: string | undefined): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not counted: ${reason}`, FailureType.InputInvalid);
}
