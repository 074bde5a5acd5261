/** Answers of which is being found out whose they are: in batches, one activity for all that wait, for one for each would cost most of the throughput. */
import { condition, isCancellation } from '@temporalio/workflow';
import type { Answer } from '../domain/answer.ts';
import type { Standing } from '../domain/approval.ts';
import { firstPortion } from '../domain/batches.ts';
import { jsonDigest } from '../domain/digest.ts';
import type { VerifiedAnswer, WaitingAnswer } from '../domain/identity.ts';
import { rootMessage } from './compensations.ts';
import type { GateServices } from './gate-request.ts';
import { unproven, type Identity, type OpenGate } from './open-gate.ts';

/** What `decide` answers: where the gate stands, and whether this answer counted. */
export type DecideResult = Standing & { counted: boolean; reason?: string };

interface Unverified {
  waiting: WaitingAnswer;
  settle: (result: DecideResult) => void;
}

/** Longer than this a rollback does not wait to learn whether somebody says no. Any other effect waits as long as it takes. */
const verifiedWithin = '1m';

/** Answers in one activity. */
const batchSize = 200;

/** Signatures that were found to prove nothing, remembered so that they are not verified again and again. */
const rememberedForgeries = 1_000;

export class AnswerVerification {
  #unverified: Unverified[] = [];
  /** Those with the activity just now. */
  #verifying: Unverified[] = [];
  /** Signed answers that were counted: a withdrawn decision does not come back by sending it again. */
  #used = new Set<string>();
  /** Digests of answers whose signature proves nothing. Of the whole answer: a genuine signature that somebody sent with other words must not be lost to its author. */
  #forged = new Set<string>();
  readonly #services: Pick<GateServices, 'verify'>;

  constructor(services: Pick<GateServices, 'verify'>) {
    this.#services = services;
  }

  /** Takes an answer; resolves with what has become of it. */
  settled(waiting: WaitingAnswer): Promise<DecideResult> {
    return new Promise((settle) => this.#unverified.push({ waiting, settle }));
  }

  /** Goes on until the gate is left: a "no" also counts while an approval waits for its effect. */
  async whileOpen(open: OpenGate, settle: (waiting: WaitingAnswer, identity: Identity) => DecideResult): Promise<void> {
    for (;;) {
      await condition(() => this.#unverified.length > 0);
      const batch = this.#unverified.splice(0, firstPortion(this.#unverified.map(({ waiting }) => waiting), { count: batchSize }).length);
      this.#verifying = batch;
      const verified = await this.#services.verify(batch.map(({ waiting }) => waiting), open.policy.identity, open.people).catch((error: unknown): VerifiedAnswer[] => {
        if (isCancellation(error)) throw error; // the gate is left, and settles them
        return batch.map(({ waiting: { id } }) => ({ ...unproven, id, problem: `it could not be verified: ${rootMessage(error)}` }));
      });
      for (const each of batch) {
        const found = verified.find(({ id }) => id === each.waiting.id);
        if (found?.problem) this.#remember(each.waiting.answer);
        each.settle(settle(each.waiting, found ?? { ...unproven, problem: 'it could not be verified' }));
      }
      this.#verifying = [];
    }
  }

  /** Waits until nothing is being found out, or until somebody has broken the glass. */
  async done(open: OpenGate): Promise<void> {
    const isIdle = () => (this.#unverified.length === 0 && this.#verifying.length === 0) || open.bypass !== null;
    if (isIdle()) return;
    if (open.request.measure === null) await condition(isIdle, verifiedWithin);
    else await condition(isIdle);
  }

  /** The gate is left: those that are not verified yet. */
  giveUp(): Unverified[] {
    return [...this.#verifying.splice(0), ...this.#unverified.splice(0)];
  }

  /** A signed answer has counted. */
  counted({ signature }: Answer): void {
    if (signature !== undefined) this.#used.add(signed(signature));
  }

  /** Why an answer that counted once does not count again. */
  replayed({ signature }: Answer): string | undefined {
    return signature !== undefined && this.#used.has(signed(signature)) ? 'this signed answer was counted already; decide anew' : undefined;
  }

  /** Why a signed answer need not be verified: it was, or is being. */
  known(answer: Answer): string | undefined {
    if (answer.signature === undefined) return undefined;
    const token = signed(answer.signature);
    if (this.#forged.size > 0 && this.#forged.has(jsonDigest(answer))) return 'its signature was found to prove nothing';
    const isUnderWay = [...this.#verifying, ...this.#unverified].some(({ waiting: { answer: other } }) => other.signature !== undefined && signed(other.signature) === token && jsonDigest({ ...other, signature: token }) === jsonDigest({ ...answer, signature: token }));
    return isUnderWay ? 'it is being found out already whose this signed answer is' : this.replayed(answer);
  }

  /** Not what was signed in a review: that becomes proof when the review is decided and on record. */
  #remember(answer: Answer): void {
    if (answer.signature !== undefined && answer.review === undefined && this.#forged.size < rememberedForgeries) this.#forged.add(jsonDigest(answer));
  }
}

/** What was signed, without the signature: the same claims signed twice are one decision. */
function signed(token: string): string {
  return token.split('.').slice(0, 2).join('.');
}
