/** What the command line asks of the receiver, and what it means when that does not answer. */
import { hostname } from 'node:os';
import * as openid from 'openid-client';
import { commandLineApi, commandLineClient, mostSigned, type SignedDecisions, type UnsignedDecision } from '../../receiver/command-line/wire.ts';
import type { Answer } from '../../../workflows/domain/answer.ts';
import { holdpoint } from '../../command-line.ts';
import { CommandError, ExitCode } from '../exit.ts';
import type { KeptSignIn } from './kept-sign-in.ts';

/** Milliseconds for one request. */
const requestMs = 15_000;

export interface DeviceSignIn {
  userCode: string;
  /** The page on which the code is typed. */
  page: string;
  /** Resolves once the person has said yes. @throws CommandError when they say no, or nothing in time */
  done: () => Promise<KeptSignIn>;
}

/** Begins to sign in: the device authorization grant, with the receiver as the authorization server. */
export async function beginSignIn(receiver: string): Promise<DeviceSignIn> {
  refuseInTheClear(receiver);
  const server = { issuer: receiver, device_authorization_endpoint: `${receiver}${commandLineApi.deviceAuthorization}`, token_endpoint: `${receiver}${commandLineApi.token}` };
  const configuration = new openid.Configuration(server, commandLineClient, undefined, openid.None());
  configuration.timeout = requestMs / 1000;
  if (receiver.startsWith('http:')) openid.allowInsecureRequests(configuration);
  const begun = await openid.initiateDeviceAuthorization(configuration, { machine: hostname() }).catch((error: unknown) => Promise.reject(unanswered(receiver, error)));
  return {
    userCode: begun.user_code,
    page: begun.verification_uri,
    done: async () => {
      try {
        const { access_token: token, expires_in: seconds = 0, ['person']: person } = await openid.pollDeviceAuthorizationGrant(configuration, begun);
        if (typeof person !== 'string') throw new Error('it does not say who signed in');
        return { receiver, person, token, expiresAt: new Date(Date.now() + seconds * 1000).toISOString() };
      } catch (error) {
        const said = error instanceof openid.ResponseBodyError ? error.error : '';
        if (said === 'access_denied') throw new CommandError(ExitCode.Refused, 'You are not signed in: it was denied in the browser', `If that was a mistake, begin anew with \`${holdpoint} sign-in\`.`);
        if (said === 'expired_token' || (error instanceof Error && 'code' in error && error.code === 'OAUTH_TIMEOUT')) throw new CommandError(ExitCode.TimedOut, 'You are not signed in: nobody typed the code in time', `Begin anew with \`${holdpoint} sign-in\`.`);
        throw unanswered(receiver, error);
      }
    },
  };
}

/** Lets the receiver sign answers for whoever is signed in; as few requests as it takes. Nothing is sent to any gate by that, so it is safe to repeat. */
export async function signAnswers(kept: KeptSignIn, unsigned: readonly UnsignedDecision[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < unsigned.length; from += mostSigned) {
    const decisions = unsigned.slice(from, from + mostSigned);
    const response = await call(kept, commandLineApi.decisions, { decisions });
    if (response.status === 401) throw new CommandError(ExitCode.Refused, `Your sign-in as ${kept.person} has ended: nothing was sent`, `Sign in again with \`${holdpoint} sign-in\`, or go on without proof after \`${holdpoint} sign-out\`.`);
    if (!response.ok) throw new CommandError(response.status >= 500 ? ExitCode.Unreachable : ExitCode.Refused, `The receiver has not signed it, and nothing was sent: ${await reasonOf(response)}`, response.status === 429 ? 'Try again in a minute.' : undefined);
    const signed = (await response.json()) as SignedDecisions;
    answers.push(...signed.answers);
  }
  return answers;
}

/** Ends the sign-in at the receiver; false where it had ended already. */
export async function endSignIn(kept: KeptSignIn): Promise<boolean> {
  const response = await call(kept, commandLineApi.signOut, {});
  if (response.status >= 500) throw new CommandError(ExitCode.Unreachable, `The receiver has not ended the sign-in: ${await reasonOf(response)}`);
  return response.ok;
}

async function call({ receiver, token }: KeptSignIn, path: string, body: object): Promise<Response> {
  refuseInTheClear(receiver);
  try {
    // A redirect would carry the token to whoever is named in it.
    return await fetch(`${receiver}${path}`, { method: 'POST', redirect: 'error', signal: AbortSignal.timeout(requestMs), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  } catch (error) {
    throw unanswered(receiver, error);
  }
}

async function reasonOf(response: Response): Promise<string> {
  const said = (await response.json().catch(() => null)) as { error?: unknown } | null;
  return typeof said?.error === 'string' ? said.error : `it answers ${response.status}`;
}

/** Whoever reads the token on its way decides in somebody's name. */
function refuseInTheClear(receiver: string): void {
  const { protocol, hostname: host } = new URL(receiver);
  if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(host)) throw new CommandError(ExitCode.Usage, `${receiver} is not HTTPS, and not on this machine`, 'Give the address by which people reach the inbox, with --receiver or as HOLDPOINT_INBOX_URL.');
}

function unanswered(receiver: string, error: unknown): CommandError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new CommandError(ExitCode.Unreachable, `The receiver does not answer at ${receiver}, or has no inbox: ${cause instanceof Error ? cause.message : String(cause)}`, 'Give the address by which people reach the inbox, with --receiver or as HOLDPOINT_INBOX_URL.');
}
