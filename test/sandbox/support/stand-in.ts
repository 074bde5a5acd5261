import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT } from '../../../sandbox/core/tenancy.ts';
import type { LedgerEntry } from '../../../sandbox/core/ledger.ts';
import { createSandbox, type Sandbox } from '../../../sandbox/server.ts';

export interface Answer<T = Record<string, never>> {
  status: number;
  headers: Headers;
  body: T;
}

/** A stand-in of a test's own, with the calls that most tests make. */
export class StandIn {
  readonly stateDir: string;
  #sandbox: Sandbox;

  private constructor(stateDir: string, sandbox: Sandbox) {
    this.stateDir = stateDir;
    this.#sandbox = sandbox;
  }

  /** Starts one with empty state on a free port; it is stopped and its state removed after the test. */
  static async start(test: Pick<TestContext, 'after'>): Promise<StandIn> {
    const stateDir = mkdtempSync(join(tmpdir(), 'holdpoint-sandbox-'));
    const standIn = new StandIn(stateDir, await startServer(stateDir));
    test.after(async () => {
      await standIn.#sandbox.close();
      rmSync(stateDir, { recursive: true, force: true });
    });
    return standIn;
  }

  get url(): string {
    return this.#sandbox.url;
  }

  get caFile(): string {
    return this.#sandbox.caFile;
  }

  get context(): Sandbox['context'] {
    return this.#sandbox.context;
  }

  /** Stops the server and starts it again on the same state. */
  async restart(): Promise<void> {
    await this.#sandbox.close();
    this.#sandbox = await startServer(this.stateDir);
  }

  /** A request to any path, with a JSON body if one is given. */
  async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') && text !== '';
    return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
  }

  /** A request to Azure DevOps with the access token; `path` begins after `_apis/`. */
  async devOps<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const url = `/ado/${ORGANISATION}/${PROJECT}/_apis/${path}${path.includes('?') ? '&' : '?'}api-version=7.1`;
    const authorization = `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}`;
    return this.call<T>(method, url, body, { authorization, ...headers });
  }

  async fault(match: object, effect: object): Promise<void> {
    const { status, body } = await this.call('POST', '/_sandbox/faults', { match, effect });
    if (status !== 201) throw new Error(JSON.stringify(body));
  }

  async ledger(since = 0): Promise<LedgerEntry[]> {
    return (await this.call<{ entries: LedgerEntry[] }>('GET', `/_sandbox/ledger?since=${since}`)).body.entries;
  }

  async advance(ms: number): Promise<void> {
    await this.call('POST', '/_sandbox/clock', { advanceMs: ms });
  }
}

async function startServer(stateDir: string): Promise<Sandbox> {
  const sandbox = await createSandbox({ stateDir, port: 0, seed: false });
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(sandbox.caFile, 'utf8')]);
  return sandbox;
}

/** Waits until the condition holds; fails after ten seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
