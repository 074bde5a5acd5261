/** In whose name a command decides, and how far that is proven. */
import { readCommandLineConfiguration } from '../../../workers/configuration.ts';
import { holdpoint } from '../../command-line.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { currentSignIn, type KeptSignIn } from './kept-sign-in.ts';

export interface Decider {
  by: string;
  /** Null: a name that nobody has verified. */
  signIn: KeptSignIn | null;
}

/** Whoever is signed in, and nobody else; without a sign-in, the name that was given. */
export function deciderOf(as: string | undefined): Decider {
  const signIn = currentSignIn(configured(readCommandLineConfiguration).signInFile);
  if (signIn === null) {
    if (as === undefined) throw new CommandError(ExitCode.Usage, '--as <person> is missing', `Say who decides, or prove it: \`${holdpoint} sign-in\`.`);
    return { by: as, signIn };
  }
  if (as !== undefined && as.trim().toLowerCase() !== signIn.person.toLowerCase()) {
    throw new CommandError(ExitCode.Refused, `You are signed in as ${signIn.person}, and do not decide as ${as}`, `Leave --as out; for somebody else's decision, that person signs in. \`${holdpoint} sign-out\` ends your sign-in.`);
  }
  return { by: signIn.person, signIn };
}

/** What is proven about a decision, for people. */
export function levelOf({ by, signIn }: Decider): string {
  return signIn === null ? 'Identity level: claimed, a name that nobody has verified.' : `Identity level: authenticated, signed for ${by}, who is signed in.`;
}

/** How an answer that is only a proposal becomes a decision. */
export const proposalAdvice = `Where a gate wants proof of who decides, sign in with \`${holdpoint} sign-in\` and repeat it, or confirm it in the inbox.`;
