/** What the command line and the receiver say to each other. Sign-in is the device authorization grant of OAuth (RFC 8628), with the receiver as the authorization server. */
import type { Answer } from '../../../workflows/domain/answer.ts';

export const commandLineApi = {
  deviceAuthorization: '/inbox/api/device-authorization',
  token: '/inbox/api/token',
  decisions: '/inbox/api/decisions',
  signOut: '/inbox/api/sign-out',
} as const;

/** The client id of the command line; it has no secret, for everybody has the program. */
export const commandLineClient = 'holdpoint-cli';
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Most decisions that one request signs. */
export const mostSigned = 500;

export interface UnsignedDecision {
  workflowId: string;
  /** First run id. */
  runId: string;
  /** `by` may be left out; somebody else's name is refused. */
  answer: Answer;
}

/** Answers with `by` and `signature`, in the order in which they were sent. */
export interface SignedDecisions {
  person: string;
  answers: Answer[];
}
