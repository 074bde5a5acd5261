/** The frame of every page. */
import { html, type Content, type Html } from '../html.ts';
import { paths } from '../paths.ts';
import type { Notice, Session } from '../session-store.ts';

export interface PageFrame {
  session: Session | null;
  notice?: Notice | null;
  /** Addresses of the stylesheet and the script, with the digest of their content. */
  assets: Assets;
}

export interface Assets {
  style: string;
  script: string;
}

export interface Page {
  title: string;
  body: Content;
}

export function renderPage({ session, notice, assets }: PageFrame, { title, body }: Page): string {
  const person = session?.person ?? null;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Holdpoint</title>
<link rel="stylesheet" href="${assets.style}">
<link rel="icon" href="data:,">
<script src="${assets.script}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${paths.list}" accesskey="i">Holdpoint <span>approvals</span></a>
${person !== null && session !== null && html`<form method="post" action="${paths.signOut}" class="who">${csrfField(session)}<span>Signed in as <strong>${person}</strong></span> <button class="quiet">Sign out</button></form>`}
</header>
<main id="main" tabindex="-1">
${notice && html`<p class="notice ${notice.kind}" role="${notice.kind === 'bad' ? 'alert' : 'status'}">${notice.text}</p>`}
${body}
</main>
</body>
</html>
`;
  return page.text;
}

/** Binds a form to the session. */
export function csrfField({ csrf }: Session): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`;
}

/** A page that only says something. */
export function messagePage(title: string, ...paragraphs: Content[]): Page {
  return { title, body: html`<h1>${title}</h1>${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}` };
}
