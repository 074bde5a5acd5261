/** Signed decisions, from the side that believes nobody: the gate's verification and the audit ask the same questions. */
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { readAnswer, type Answer } from '../../workflows/domain/answer.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { decisionTokenType, type DecisionClaims } from '../../workflows/domain/identity.ts';
import { signingAlgorithm, type PublicKeys } from './key-ring.ts';

export type CheckedToken = { claims: DecisionClaims; problem: null } | { claims: null; problem: string };

/** What a signature was made for, as far as the one who checks knows it. */
export interface ExpectedDecision {
  workflowId: string;
  /** First run id. */
  runId: string;
}

/** Checks a signature by itself, and that it was made for this run. */
export async function checkToken(token: string, { workflowId, runId }: ExpectedDecision, keys: PublicKeys): Promise<CheckedToken> {
  const claims = await verifiedClaims(token, keys);
  if (typeof claims === 'string') return { claims: null, problem: claims };
  if (claims.workflowId !== workflowId || claims.runId !== runId) return { claims: null, problem: 'it was signed for another run' };
  return { claims, problem: null };
}

/** Checks besides that the answer is the one that was signed, field by field. */
export async function checkDecision(answer: Answer, expected: ExpectedDecision, keys: PublicKeys): Promise<CheckedToken> {
  const { signature = '', ...sent } = answer;
  const checked = await checkToken(signature, expected, keys);
  if (checked.claims === null) return checked;
  const { signature: _none, ...signed } = readAnswer(checked.claims.answer).answer;
  // A signature without a verdict would serve an approval and a rejection alike.
  if (signed.verdict === undefined) return { claims: null, problem: 'what was signed has no verdict' };
  if (signed.gate !== sent.gate) return { claims: null, problem: 'it was signed for another gate' };
  if (jsonDigest(signed) !== jsonDigest(sent)) return { claims: null, problem: 'it is not the answer that was signed' };
  return checked;
}

/** The claims of a signature by itself, whatever run it was made for; or what is wrong with it. */
export async function verifiedClaims(token: string, keys: PublicKeys): Promise<DecisionClaims | string> {
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    if (typ !== decisionTokenType) return 'its signature is not one of a decision';
    if (typeof kid !== 'string' || !keys.kids.includes(kid)) return 'its signature is by a key that is not known here';
    const { payload } = await jwtVerify(token, keys.find, { algorithms: [signingAlgorithm], typ: decisionTokenType, issuer: 'holdpoint', requiredClaims: ['sub', 'iat', 'jti'] });
    const { workflowId, runId, via, answer } = payload;
    if (typeof workflowId !== 'string' || typeof runId !== 'string' || typeof via !== 'string' || typeof answer !== 'object') return 'its signature does not say what it is for';
    return payload as unknown as DecisionClaims;
  } catch {
    return 'its signature does not verify';
  }
}
