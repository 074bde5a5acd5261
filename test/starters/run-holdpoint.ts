/** Runs `holdpoint` as a user does: a process of its own, with nothing of the product's environment but Temporal's address (Node's cache of compiled code is not the product's), and signed in as nobody. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Where nobody is signed in, whoever runs the tests. */
const stateHome = join(tmpdir(), 'holdpoint-nobody');
const main = fileURLToPath(new URL('../../starters/cli/main.ts', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface HoldpointOptions {
  /** Standard input: a text as it is, anything else as JSON. */
  input?: unknown;
  environment?: Record<string, string>;
  /** Called with each piece of standard error as it comes. */
  onStderr?: (piece: string) => void;
}

export type Holdpoint = (args: string[], options?: HoldpointOptions) => Promise<Ended>;

/** A command line for one server. Its environment is empty but for the address, so that a test fails when another variable becomes necessary. */
export function holdpointAt(address: string): Holdpoint {
  return async (args, { input, environment = {}, onStderr } = {}) => {
    const child = spawn(process.execPath, [main, ...args], { env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '', TEMPORAL_ADDRESS: address, TEMPORAL_UI_URL: 'http://ui.test', XDG_STATE_HOME: stateHome, ...environment } });
    child.stdin.on('error', () => undefined); // a command that reads no input may end before it is written
    child.stdin.end(input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input));
    if (onStderr) child.stderr.setEncoding('utf8').on('data', onStderr);
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve) => child.once('close', resolve))]);
    return { code, stdout, stderr };
  };
}

/** That a command ended with this exit code and message on standard error, and printed nothing on standard output. */
export function assertRefused({ code, stdout, stderr }: Ended, expected: number, message: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.match(stderr, message);
  assert.equal(stdout, '');
}
