import { html } from '../html.ts';
import { paths } from '../paths.ts';
import type { Session } from '../session-store.ts';
import { csrfField, type Page } from './layout.ts';

export interface SignInOptions {
  session: Session;
  openId: boolean;
  /** Names to try, of the demo. */
  localUsers: readonly string[] | null;
  problem: string | null;
  /** What was typed before. */
  name?: string;
}

export function signInPage({ session, openId, localUsers, problem, name = '' }: SignInOptions): Page {
  const body = html`<div class="narrow">
<h1>Sign in</h1>
<p>What you decide here is signed in your name, so it has to be known who you are.</p>
${problem !== null && html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
${openId && html`<p><a class="button primary" href="${paths.openIdStart}">Sign in with your company account</a></p>`}
${localUsers !== null && html`<form method="post" action="${paths.signIn}" class="stack">
${csrfField(session)}
${openId && html`<h2>Or as a user of the demo</h2>`}
<label>Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" required ${problem !== null && html`aria-describedby="problem"`}></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<div><button class="primary">Sign in</button></div>
<p class="hint">The demo’s users are ${localUsers.join(', ')}; each one’s password is the name.</p>
</form>`}
</div>`;
  return { title: 'Sign in', body };
}
