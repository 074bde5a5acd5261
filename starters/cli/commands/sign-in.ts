import { readCommandLineConfiguration } from '../../../workers/configuration.ts';
import { holdpoint } from '../../command-line.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { instant, note, print, printJson, withProgress } from '../output.ts';
import type { JsonOption, SignInCommandOptions } from '../command-options.ts';
import { forgetSignIn, keepSignIn, readKeptSignIn } from '../sign-in/kept-sign-in.ts';
import { beginSignIn, endSignIn } from '../sign-in/receiver-calls.ts';

/** Signs this command line in: its decisions are signed by the receiver from then on. */
export async function signIn({ receiver, json }: SignInCommandOptions): Promise<void> {
  const { receiverUrl, signInFile } = configured(readCommandLineConfiguration);
  const address = receiver === undefined ? receiverUrl : new URL(receiver).origin;
  const { userCode, page, done } = await beginSignIn(address);
  note(`Open  ${page}\nand type the code  ${userCode}\nIt is good for ten minutes. Type it only because you asked for it here, yourself.`);
  const kept = await withProgress(() => 'waiting for you in the browser', done());
  const former = readKeptSignIn(signInFile);
  keepSignIn(signInFile, kept);
  if (former !== null) await endSignIn(former).catch(() => false); // it is forgotten here in any case
  const { person, expiresAt } = kept;
  if (json) return printJson({ person, receiver: address, expiresAt });
  print(`Signed in as ${person} until ${instant(expiresAt)}, or two hours after the last decision. What you decide from here is signed in your name; \`${holdpoint} sign-out\` ends that.`);
}

/** Forgets the sign-in here and ends it at the receiver. */
export async function signOut({ json }: JsonOption): Promise<void> {
  const { signInFile } = configured(readCommandLineConfiguration);
  const kept = readKeptSignIn(signInFile);
  forgetSignIn(signInFile);
  if (kept === null) return json ? printJson({ person: null, ended: false }) : print('Nobody was signed in here.');
  let ended: boolean;
  try {
    ended = await endSignIn(kept);
  } catch (error) {
    throw new CommandError(ExitCode.Unreachable, `${kept.person}'s sign-in is forgotten here, but the receiver was not told: ${error instanceof Error ? error.message : String(error)}`, `Whoever copied it could use it until ${instant(kept.expiresAt)}.`);
  }
  if (json) return printJson({ person: kept.person, ended });
  print(ended ? `Signed out; ${kept.person}'s sign-in has ended at the receiver too.` : `Signed out; ${kept.person}'s sign-in had ended at the receiver already.`);
}
