/** How the product proves, and later checks, who decided. */
import type { Answer } from './answer.ts';
import type { IdentityLevel } from './vocabulary.ts';

/** `typ` of the JWS header of a signed decision. */
export const decisionTokenType = 'holdpoint-decision+jwt';

/** The claims that the receiver signs for somebody who is signed in. The signature binds the whole answer to one run, gate, evidence and time. */
export interface DecisionClaims {
  iss: 'holdpoint';
  /** Canonical id of the person. */
  sub: string;
  /** Seconds since the epoch. */
  iat: number;
  /** Unique; a replay is found by it. */
  jti: string;
  workflowId: string;
  /** First run id of the workflow, so that a reset leaves the signature valid. */
  runId: string;
  /** Where the person was known: the inbox, Slack, Azure DevOps. */
  via: string;
  answer: Omit<Answer, 'signature'>;
}

/** An answer that waits for the gate's loop to find out whose it is. */
export interface WaitingAnswer {
  /** Number of the answer within the run. */
  id: number;
  /** How it came: the update `decide`, or the signal `approve` or `reject`. */
  channel: 'decide' | 'approve' | 'reject';
  answer: Answer;
  /** Digest of the payload as it arrived; finds the event in history. */
  payloadDigest: string;
  receivedAt: string;
}

/** What the verification found. `by` is the canonical id that was proven; `problem` says why no more than `claimed` is. */
export interface VerifiedAnswer {
  id: number;
  level: IdentityLevel;
  by: string | null;
  via: string | null;
  problem: string | null;
}

export interface VerifyAnswersInput {
  workflowId: string;
  /** Of the run that holds the answers in its history. */
  runId: string;
  firstRunId: string;
  /** The level that the gate asks for: below `attributed` no history is read. */
  wanted: IdentityLevel;
  /** Names and aliases, to find the person behind a principal. */
  people: { id: string; aliases: string[] }[];
  answers: WaitingAnswer[];
}
