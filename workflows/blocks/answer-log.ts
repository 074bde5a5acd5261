/** The answers of a run that are not on record yet, counted or not: that an event of history was changed is found by their digests. */
import { portions } from '../domain/batches.ts';
import type { RecordedAnswer } from '../domain/record.ts';
import type { OpenGate } from './open-gate.ts';
import type { RunRecord } from './run-record.ts';

/** Uncounted answers whose reason is kept, in one batch; of the others only the digest, for somebody may send thousands. */
const explained = 50;

/** An answer whose digest is made when it is filed: whoever decides does not wait for it. */
type Unfiled = Omit<RecordedAnswer, 'payloadDigest'> & { payloadDigest: string | (() => string) };

export class AnswerLog {
  #answers: Unfiled[] = [];
  #number = 0;

  /** Number of the next answer that is taken up. */
  next(): number {
    this.#number += 1;
    return this.#number;
  }

  add(answer: Unfiled): void {
    const { reason: _dropped, ...bare } = answer;
    this.#answers.push(answer.counted || this.#answers.length < explained ? answer : bare);
  }

  get hasCounted(): boolean {
    return this.#answers.some(({ counted }) => counted);
  }

  /** Hands the answers to the run's record. */
  file(record: RunRecord, { gate, generation }: Pick<OpenGate, 'gate' | 'generation'>): void {
    const digested = this.#answers.splice(0).map(({ payloadDigest: digest, ...answer }): RecordedAnswer => ({ ...answer, payloadDigest: typeof digest === 'string' ? digest : digest() }));
    for (const answers of portions(digested)) record.add({ kind: 'answers', gate, generation, answers });
  }
}
