/** Who this command line is signed in as: a file that only its owner can read, under the user's state directory. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { holdpoint } from '../../command-line.ts';
import { CommandError, ExitCode } from '../exit.ts';

const shape = z.object({ receiver: z.url(), person: z.string().min(1), token: z.string().min(20), expiresAt: z.iso.datetime() });

export interface KeptSignIn {
  /** The receiver's address, without a path. */
  receiver: string;
  /** Canonical id. */
  person: string;
  /** Whoever has it decides as this person. */
  token: string;
  /** ISO instant; the receiver may end it sooner. */
  expiresAt: string;
}

/** Keeps a sign-in, in place of any other. */
export function keepSignIn(file: string, kept: KeptSignIn): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(fresh, 0o600); // whatever the umask took away
  renameSync(fresh, file);
}

/** What is kept, ended or not; null without a usable file. */
export function readKeptSignIn(file: string): KeptSignIn | null {
  if (!existsSync(file)) return null;
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

export function forgetSignIn(file: string): void {
  rmSync(file, { force: true });
}

/**
 * The sign-in that decisions are signed with; null for somebody who has not signed in.
 *
 * @throws CommandError when there is one that must not be used: a decision that was to be signed is never sent as a mere claim instead
 */
export function currentSignIn(file: string, now = new Date()): KeptSignIn | null {
  if (!existsSync(file)) return null;
  const goOn = `Sign in again with \`${holdpoint} sign-in\`, or go on without proof after \`${holdpoint} sign-out\`.`;
  if ((statSync(file).mode & 0o077) !== 0) throw new CommandError(ExitCode.Refused, `Others may read ${file}, and so decide as you`, goOn);
  const kept = readKeptSignIn(file);
  if (kept === null) throw new CommandError(ExitCode.Refused, `${file} is no sign-in`, goOn);
  if (Date.parse(kept.expiresAt) <= now.getTime()) throw new CommandError(ExitCode.Refused, `Your sign-in as ${kept.person} has ended`, goOn);
  return kept;
}
