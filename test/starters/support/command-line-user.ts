/** Somebody at a terminal with a browser beside it: signs a command line in as a person does, by typing its code. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdpointAt, type Ended, type Holdpoint } from '../run-holdpoint.ts';
import { fieldOf, textOf, type Seen, type Visitor } from '../inbox-visitor.ts';

export interface CommandLineUser {
  /** `holdpoint` with this user's own state directory. */
  holdpoint: Holdpoint;
  /** The file of the sign-in. */
  file: string;
  stateHome: string;
}

export function commandLineUser(temporalAddress: string, receiver: string): CommandLineUser {
  const stateHome = mkdtempSync(join(tmpdir(), 'holdpoint-user-'));
  const run = holdpointAt(temporalAddress);
  return { stateHome, file: join(stateHome, 'holdpoint', 'sign-in.json'), holdpoint: (args, options = {}) => run(args, { ...options, environment: { XDG_STATE_HOME: stateHome, HOLDPOINT_INBOX_URL: receiver, ...options.environment } }) };
}

/** Types a code into the page, and presses the button; answers what the browser showed last. */
export async function typeCode(browser: Visitor, code: string, verdict: 'allow' | 'deny' = 'allow'): Promise<Seen> {
  const page = await browser.get('/inbox/command-line');
  const asked = await browser.post('/inbox/command-line', [['csrf', fieldOf(page.html, 'csrf')], ['code', code.toLowerCase()]]);
  if (asked.status !== 200) return asked;
  return await browser.post('/inbox/command-line', [['csrf', fieldOf(asked.html, 'csrf')], ['code', fieldOf(asked.html, 'code')], ['verdict', verdict]]);
}

/** `holdpoint sign-in`, and what the person does about it in the browser. */
export async function signIn({ holdpoint }: CommandLineUser, browser: Visitor, verdict: 'allow' | 'deny' = 'allow', more: string[] = []): Promise<{ ended: Ended; shown: string }> {
  let told = '';
  let typing: Promise<Seen> | undefined;
  const ended = await holdpoint(['sign-in', ...more], {
    onStderr: (piece) => {
      told += piece;
      const code = /type the code {2}([A-Z]{4}-[A-Z]{4})/.exec(told)?.[1];
      if (code !== undefined) typing ??= typeCode(browser, code, verdict);
    },
  });
  return { ended, shown: typing === undefined ? '' : textOf((await typing).html) };
}
