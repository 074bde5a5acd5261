/** The pages on which a command line is signed in. The code has to be typed: a link that carried it could be anybody's, and so would be what it signs. */
import type { PendingSignIn } from '../../command-line/pending-sign-ins.ts';
import { html } from '../html.ts';
import { paths } from '../paths.ts';
import type { Session } from '../session-store.ts';
import { csrfField, type Page } from './layout.ts';

interface Asked {
  session: Session;
  person: string;
}

export function codePage({ session, problem }: Asked & { problem: string | null }): Page {
  const body = html`<div class="narrow">
<h1>Sign in a command line</h1>
${problem !== null && html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
<p>Type the code that <code>holdpoint sign-in</code> shows in your own terminal.</p>
<p><strong>If somebody gave you a code, do not type it:</strong> they would decide in your name.</p>
<form method="post" action="${paths.commandLine}" class="stack">
${csrfField(session)}
<label>Code <input name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required ${problem !== null && html`aria-describedby="problem"`}></label>
<div><button class="primary">Go on</button></div>
</form>
</div>`;
  return { title: 'Sign in a command line', body };
}

export function allowPage({ session, person, found, hours }: Asked & { found: PendingSignIn; hours: number }): Page {
  const body = html`<div class="narrow">
<h1>Is this your terminal?</h1>
<p>A command line on <strong>${found.machine === '' ? 'a machine that gives no name' : found.machine}</strong>, at the address <strong>${found.from}</strong>, shows the code <strong>${found.userCode}</strong>. It wants to decide as <strong>${person}</strong> for up to ${hours} hours, and what it decides counts as your own signed decision.</p>
<form method="post" action="${paths.commandLine}" class="stack">
${csrfField(session)}
<input type="hidden" name="code" value="${found.userCode}">
<div><button class="primary" name="verdict" value="allow">Yes, sign it in as ${person}</button> <button name="verdict" value="deny">No</button></div>
</form>
</div>`;
  return { title: 'Is this your terminal?', body };
}
