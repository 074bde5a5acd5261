/** Signing the decision of somebody who is signed in: what makes an answer `authenticated`. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { readSigningKey, signingAlgorithm, watched } from '../activities/record/key-ring.ts';
import { readAnswer, type Answer } from '../workflows/domain/answer.ts';
import { decisionTokenType, type DecisionClaims } from '../workflows/domain/identity.ts';

export interface DecisionToSign {
  workflowId: string;
  /** First run id of the workflow: `runId` of its GateView. */
  runId: string;
  /** Where the person was known: `inbox`, `command-line`, `slack`, `azure-devops`. */
  via: string;
  /** Canonical id of the person. */
  by: string;
  answer: Answer;
}

/** Signs a decision: the answer as a run reads it, with `by` set and `signature` added. Send exactly that: a changed field makes it a mere claim. */
export type SignDecision = (decision: DecisionToSign) => Promise<Answer>;

/** An answer that cannot be signed as it is. */
export class UnsignableAnswer extends Error {}

/**
 * A signer with the private keys in a file; the file is looked at for each signature, so that a rotation needs no restart.
 *
 * @throws (when signing) KeyRingError; UnsignableAnswer when the answer is malformed, or says no verdict
 */
export function createDecisionSigner({ privateKeysFile }: { privateKeysFile: string }): SignDecision {
  const currentKey = watched(privateKeysFile, readSigningKey);
  return async ({ workflowId, runId, via, by, answer }) => {
    const { signature: _former, ...given } = answer;
    // As a run will read it: the signature covers what the run compares it with.
    const { answer: read, malformed } = readAnswer({ ...given, by });
    if (malformed !== undefined) throw new UnsignableAnswer(`The answer is not signed: ${malformed}.`);
    // Without a verdict of its own, the same signature would serve an approval and a rejection.
    if (read.verdict === undefined) throw new UnsignableAnswer('The answer is not signed: it has no verdict.');
    const { kid, key } = await currentKey();
    const claims: Omit<DecisionClaims, 'iss' | 'sub' | 'iat' | 'jti'> = { workflowId, runId, via, answer: read };
    const signature = await new SignJWT({ ...claims }).setProtectedHeader({ alg: signingAlgorithm, typ: decisionTokenType, kid }).setIssuer('holdpoint').setSubject(by).setIssuedAt().setJti(randomUUID()).sign(key);
    return { ...read, signature };
  };
}
