/** A browser without a screen: keeps cookies, follows nothing by itself, and sends forms as a browser sends them. */
import assert from 'node:assert/strict';

export interface Seen {
  status: number;
  location: string | null;
  html: string;
  headers: Headers;
}

export interface Form {
  action: string;
  fields: [string, string][];
  html: string;
}

export class Visitor {
  readonly address: string;
  readonly cookies = new Map<string, string>();

  constructor(address: string) {
    this.address = address;
  }

  async get(path: string): Promise<Seen> {
    return await this.send(path, { method: 'GET' });
  }

  /** A form post; `headers` replace what a browser would send. */
  async post(path: string, fields: Iterable<[string, string]>, headers: Record<string, string> = {}): Promise<Seen> {
    return await this.send(path, { method: 'POST', body: new URLSearchParams([...fields]).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.address, ...headers } });
  }

  async send(path: string, init: RequestInit): Promise<Seen> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.address), { ...init, redirect: 'manual', headers: { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, location: response.headers.get('location'), html: await response.text(), headers: response.headers };
  }

  /** Signs in as a user of the demo. */
  async signIn(name: string, password = name): Promise<Seen> {
    const { html } = await this.get('/inbox/sign-in');
    return await this.post('/inbox/sign-in', [['csrf', fieldOf(html, 'csrf')], ['name', name], ['password', password]]);
  }

  /** Sends the form that has this button, with what was filled in. */
  async press(page: Seen, verdict: string, typed: Record<string, string> = {}): Promise<Seen> {
    const form = formWith(page.html, `value="${verdict}"`);
    return await this.post(form.action, [...form.fields.filter(([name]) => !(name in typed) && name !== 'verdict'), ...Object.entries(typed), ['verdict', verdict]]);
  }
}

const known = new Map<string, Promise<Visitor>>();

/** Somebody's browser, signed in; the same for the same name and address, as people stay signed in. */
export async function visitor(address: string, name: string): Promise<Visitor> {
  const key = `${address} ${name}`;
  if (!known.has(key)) known.set(key, newVisitor(address, name));
  return await known.get(key)!;
}

/** Signed in, in a new browser. */
export async function newVisitor(address: string, name: string): Promise<Visitor> {
  const browser = new Visitor(address);
  const { status, location } = await browser.signIn(name);
  assert.deepEqual([status, location], [303, '/inbox']);
  return browser;
}

export function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form [^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(([, action = '', body = '']) => ({
    action: unescape(action),
    html: body,
    fields: [...body.matchAll(/<input ([^>]*)>/g)].flatMap(([, attributes = '']): [string, string][] => {
      const [name, value] = ['name', 'value'].map((attribute) => new RegExp(`(?:^| )${attribute}="([^"]*)"`).exec(attributes)?.[1]);
      return name === undefined || attributes.includes('type="checkbox"') ? [] : [[name, unescape(value ?? '')]];
    }),
  }));
}

export function formWith(html: string, text: string): Form {
  const form = formsOf(html).find((candidate) => candidate.html.includes(text));
  assert.ok(form, `no form with ${text} on: ${textOf(html)}`);
  return form;
}

/** The values of the page's ticks. */
export function ticksOf(html: string): string[] {
  return [...html.matchAll(/<input type="checkbox" name="gate" value="([^"]*)"/g)].map(([, value = '']) => unescape(value));
}

export function fieldOf(html: string, name: string): string {
  const value = formsOf(html).flatMap(({ fields }) => fields).find(([field]) => field === name)?.[1];
  assert.ok(value !== undefined, `no field ${name}`);
  return value;
}

/** What a person reads. */
export function textOf(html: string): string {
  return unescape(html.replace(/^.*<main[^>]*>/s, '').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ').trim();
}

function unescape(text: string): string {
  return text.replace(/&#(\d+);/g, (_whole, code: string) => String.fromCharCode(Number(code)));
}
