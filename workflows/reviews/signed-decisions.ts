import type { GateServices } from '../blocks/gate-request.ts';
import type { Decision } from '../domain/approval.ts';
import type { Answer } from '../domain/answer.ts';

/** The signed answers to the review's own gates, kept so that a decision can be given on with its proof. */
export class SignedDecisions {
  #answers: { by: string; answer: Answer }[] = [];

  /** The same services, watched: what their verification finds to be authenticated is kept. */
  witness(services: GateServices): GateServices {
    return {
      ...services,
      verify: async (answers, wanted, people) => {
        const verified = await services.verify(answers, wanted, people);
        for (const { id, level, by } of verified) {
          const answer = answers.find((waiting) => waiting.id === id)?.answer;
          if (level === 'authenticated' && by !== null && answer?.signature !== undefined) this.#answers.push({ by, answer });
        }
        return verified;
      },
    };
  }

  /** The signature behind a decision that counted; undefined where it was not signed. */
  signatureOf({ gate, verdict, by, comment, except }: Decision): string | undefined {
    const isSame = ({ answer, by: signer }: { by: string; answer: Answer }): boolean =>
      signer === by && answer.gate === gate && answer.verdict === verdict && (answer.comment ?? '') === comment && (answer.except ?? []).join('\n') === except.join('\n');
    return this.#answers.findLast(isSame)?.answer.signature;
  }
}
