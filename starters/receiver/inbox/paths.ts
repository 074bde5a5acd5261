/** The addresses of the inbox's pages. */
import { inboxGatePath } from '../../../workflows/domain/inbox-address.ts';

/** Where the inbox is on the receiver's port. */
export const inboxPath = '/inbox';

export const paths = {
  list: inboxPath,
  gate: inboxGatePath,
  bulk: `${inboxPath}/bulk`,
  sendBulk: `${inboxPath}/bulk/send`,
  signIn: `${inboxPath}/sign-in`,
  openIdStart: `${inboxPath}/sign-in/start`,
  openIdCallback: `${inboxPath}/sign-in/callback`,
  signOut: `${inboxPath}/sign-out`,
  commandLine: `${inboxPath}/command-line`,
} as const;

/** A path of the inbox to go to after signing in; anything else, an address of another site in particular, becomes the list. */
export function localPath(given: string | null | undefined): string {
  return given !== null && given !== undefined && given.length < 2_000 && /^\/inbox(\/command-line|\/gates\/[A-Za-z0-9._~%:-]+)?$/.test(given) ? given : inboxPath;
}
