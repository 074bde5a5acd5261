/** What it means for a person at a terminal when a platform cannot be reached or signed in to: which variable to set. */
import { ApplicationFailure } from '@temporalio/common';
import type { AzureConfiguration } from '../../workers/configuration.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { CommandError, ExitCode } from './exit.ts';

/** Where the call went, as far as messages need it. */
type Way = Pick<AzureConfiguration, 'AZURE_CLIENT_SECRET' | 'AZURE_CA_FILE'>;

/** What the libraries say of a wrong variable, each in its own words and without a class of its own. */
const wrong: readonly [RegExp, string][] = [
  [/invalid tenant id/i, 'AZURE_TENANT_ID: is no tenant id'],
  [/authorityHost/i, 'AZURE_AUTHORITY_HOST: must begin with https://'],
  [/non-TLS|non-https/i, 'AZURE_DEVOPS_URL, AZURE_RESOURCE_MANAGER_ENDPOINT, AZURE_BLOB_ENDPOINT, HOLDPOINT_RECORD: an address of a platform begins with http://; credentials go over https:// only'],
];

/** Runs what builds the clients of a platform and calls it. `what`: how the message begins, such as `Production could not be read`. @throws CommandError; anything that is a defect as it was thrown */
export async function reachingPlatform<T>(what: string, way: Way, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw platformError(error, what, way);
  }
}

/** Whether nobody could be signed in, and so nothing was asked of the platform itself. */
export function isSignIn(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.message.startsWith('sign-in');
}

/** The error in the user's words; one that is none of theirs passes. */
export function platformError(error: unknown, what: string, { AZURE_CLIENT_SECRET, AZURE_CA_FILE }: Way): unknown {
  if (!(error instanceof Error) || error instanceof CommandError) return error;
  if (!(error instanceof ApplicationFailure)) {
    if ('path' in error && error.path === AZURE_CA_FILE && AZURE_CA_FILE !== undefined) return new CommandError(ExitCode.Usage, `${what}: AZURE_CA_FILE: ${AZURE_CA_FILE} cannot be read`);
    const found = wrong.find(([words]) => words.test(error.message));
    return found === undefined ? error : new CommandError(ExitCode.Usage, `${what}: ${found[1]}`);
  }
  const message = `${what}: ${error.message}`;
  if (error.type === FailureType.EstateInvalid) return new CommandError(ExitCode.Usage, message);
  if (error.type === FailureType.Unavailable || error.type === FailureType.Throttled) return new CommandError(ExitCode.Refused, message, 'Try again; the AZURE_… variables name where the platform and its sign-in are, and AZURE_CA_FILE an authority of your own.');
  if (error.type !== FailureType.Unauthorized) return new CommandError(ExitCode.Refused, message);
  if (!isSignIn(error)) return new CommandError(ExitCode.Refused, message, 'You are signed in, but may not do this there: look at the role of AZURE_CLIENT_ID.');
  return new CommandError(ExitCode.Refused, message, AZURE_CLIENT_SECRET === undefined
    ? 'AZURE_CLIENT_SECRET is not set, and this machine offers no other way to sign in: set it with AZURE_TENANT_ID and AZURE_CLIENT_ID, or sign in with `az login`.'
    : 'AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET must belong together; AZURE_AUTHORITY_HOST is for another cloud.');
}
