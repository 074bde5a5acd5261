/** Activities that keep the record and find out whose answers are. The worker that runs them is the only one with the record's private key; of the decisions it has the public keys only. */
import { ApplicationFailure } from '@temporalio/common';
import { reviewedVia } from '../../workflows/domain/review-proof.ts';
import { provesAtLeast } from '../../workflows/domain/vocabulary.ts';
import type { VerifiedAnswer, VerifyAnswersInput, WaitingAnswer } from '../../workflows/domain/identity.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { AppendedToRecord, AppendToRecordInput } from '../../workflows/domain/record.ts';
import { classify, vendorFailure } from '../http/classify.ts';
import { anchorHead, type Anchor } from './anchor.ts';
import { createChain, type Chain } from './chain.ts';
import { checkDecision } from './decision-token.ts';
import { KeyRingError, keyFiles, readPublicKeys, readSigningKey, watched, type PublicKeys } from './key-ring.ts';
import { checkReviewed } from './reviewed-decision.ts';
import type { WriteOnceStore } from './write-once-store.ts';

export interface RecordDependencies {
  record: WriteOnceStore;
  /** Outside the record's own store, and with other people's rights. */
  anchors: WriteOnceStore;
  /** Where the key files are: `record.private.json`, `record.public.json`, `decisions.public.json`. */
  keysDirectory: string;
  /** The product's version, which each entry names. */
  build: string;
  /** Finds out, from Temporal's own history, which principal sent an answer; left out where the server computes none. */
  attribute?: (input: VerifyAnswersInput) => Promise<VerifiedAnswer[]>;
}

/** A missing key is repaired by a person: looked for again this seldom, in milliseconds. */
const keyRetryMs = 10_000;

export function createRecordActivities({ record, anchors, keysDirectory, build, attribute }: RecordDependencies) {
  const files = keyFiles(keysDirectory, 'record');
  const signingKey = watched(files.privateKeys, readSigningKey);
  const publicKeys = watched(files.publicKeys, readPublicKeys);
  const decisionKeys = watched(keyFiles(keysDirectory, 'decisions').publicKeys, readPublicKeys);
  const chain = createChain({ store: record, signingKey, publicKeys, build });
  return {
    /**
     * Puts entries on record: in a block that is signed, chained to the former one and never written again. Calls that come while a block is being written share the next one.
     *
     * Safe to retry because each call's key stands in its block with its contents: what was appended before, by a worker that was killed or another one, is found again, and the answer
     * is the same.
     *
     * @throws Unavailable, Unauthorized (retried) when store or key cannot be used; InputInvalid (not retried) for a call without entries
     */
    appendToRecord: async ({ key: { key }, run, entries }: AppendToRecordInput): Promise<AppendedToRecord> => {
      if (entries.length === 0) throw ApplicationFailure.nonRetryable('there is nothing to put on record', FailureType.InputInvalid);
      return await explained(() => chain.append({ key, run, entries }));
    },

    /**
     * Finds out whose the waiting answers are, all in one call: a signature is checked against the public keys, the run and every field of the answer. One that was made in a review is
     * checked against what the record says that the review showed. What is not proven is `claimed`, with the reason; an answer is never refused here.
     *
     * Safe to retry because it only reads.
     *
     * @throws Unauthorized (retried) when the public keys cannot be read; Unavailable (retried) when the record cannot
     */
    verifyAnswers: async (input: VerifyAnswersInput): Promise<{ answers: VerifiedAnswer[] }> =>
      explained(async () => {
        const unsigned = input.answers.filter(({ answer }) => answer.signature === undefined);
        const attributed = input.wanted === 'attributed' && unsigned.length > 0 && attribute ? await attribute({ ...input, answers: unsigned }) : [];
        const keys = unsigned.length === input.answers.length ? null : await decisionKeys();
        return { answers: await Promise.all(input.answers.map(async (waiting) => attributed.find(({ id }) => id === waiting.id) ?? (await verified(waiting, input, keys, chain)))) };
      }),

    /**
     * Keeps the head of the chain outside the record's store; `at` is the time of it. Null while there is no record.
     *
     * Safe to retry because an anchor is named after its block: the second one finds the first.
     *
     * @throws Conflict (not retried) when the record is not as it was anchored before
     */
    anchorRecord: async ({ at }: { at: string }): Promise<Anchor | null> => explained(() => anchorHead({ chain, record, anchors, signingKey, publicKeys }, at)),
  };
}

async function verified({ id, answer }: WaitingAnswer, { workflowId, firstRunId, wanted, people }: VerifyAnswersInput, keys: PublicKeys | null, chain: Chain): Promise<VerifiedAnswer> {
  const claimed = (problem: string | null): VerifiedAnswer => ({ id, level: 'claimed', by: null, via: null, problem });
  if (answer.signature === undefined || keys === null) return claimed(provesAtLeast('claimed', wanted) ? null : 'it is not signed');
  const { claims, problem } = answer.review === undefined ? await checkDecision(answer, { workflowId, runId: firstRunId }, keys) : await checkReviewed(answer, answer.review, { workflowId, runId: firstRunId }, keys, chain);
  if (claims === null) return claimed(problem);
  // By no alias: the record compares names with signatures when the estate of today is long gone.
  if (!people.some((person) => person.id === claims.sub)) return claimed('it is signed for somebody whom the estate does not know by that id');
  return { id, level: 'authenticated', by: claims.sub, via: answer.review === undefined ? claims.via : `${reviewedVia}${claims.workflowId}`, problem: null };
}

/** Failures of store and keys as the product's own; those of keys are retried slowly, for a person to repair. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyRingError) throw vendorFailure(FailureType.Unauthorized, error.message, {}, keyRetryMs);
    throw classify(error);
  }
}
