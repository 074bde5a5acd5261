import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.ts';
import { isVendorRequest, requestPath } from './context.ts';
import { Journal } from './journal.ts';

/** One request that a platform answered, or would have answered had the connection not been cut. */
export interface LedgerEntry {
  /** From 1 on, in the order in which the requests were finished. */
  seq: number;
  /** When its processing began, by the stand-in's clock: for a delayed acceptance after the delay. */
  acceptedAt: string;
  /** From acceptance until the answer was ready; a deliberate slowness of the answer is not in it. */
  durationMs: number;
  method: string;
  /** Percent-decoded, without the query. */
  path: string;
  /** The status that the platform answered, also when the answer was cut. */
  status: number;
  /** The answer's x-ms-request-id. */
  requestId: string;
  /** Of the body's bytes; null without a body. */
  bodySha256: string | null;
  /** Whether the request created a resource or really changed one. */
  changed: boolean;
  /** The kind of the fault that met this request, if any. */
  fault: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** When processing began: `atMs` by the stand-in's clock, `startedMs` by performance.now(). */
    acceptance: { atMs: number; startedMs: number };
    changed: boolean;
    /** Whether this is the first start's seeding at work: such requests are not recorded and meet no fault. */
    unrecorded: boolean;
    /** Called by each handler that creates a resource or really changes one. */
    markChanged(): void;
  }
}

/** The record of vendor requests, on disk before the answer leaves. */
export class Ledger {
  readonly #journal: Journal<LedgerEntry>;
  readonly #entries: LedgerEntry[];

  constructor(directory: string) {
    this.#journal = new Journal(join(directory, 'ledger.jsonl'));
    this.#entries = this.#journal.read();
    // Rewriting drops a record that was torn when the process ended.
    this.#journal.rewrite(this.#entries);
  }

  /** Entries with a number above `seq`. */
  since(seq: number): LedgerEntry[] {
    return this.#entries.slice(Math.max(0, seq));
  }

  append(entry: Omit<LedgerEntry, 'seq'>): void {
    const numbered = { seq: this.#entries.length + 1, ...entry };
    this.#journal.append(numbered);
    this.#entries.push(numbered);
  }

  close(): void {
    this.#journal.close();
  }
}

/** Records each vendor request. Register before the faults, so that a cut or slow answer is in the ledger first. */
export function registerLedger(app: FastifyInstance, ledger: Ledger, clock: Clock): void {
  app.decorateRequest('acceptance');
  app.decorateRequest('changed', false);
  app.decorateRequest('unrecorded', false);
  app.decorateRequest('markChanged', function markChanged() {
    this.changed = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    request.acceptance = { atMs: clock.nowMs(), startedMs: performance.now() };
    if (isVendorRequest(request)) reply.header('x-ms-request-id', request.id);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isVendorRequest(request) || request.unrecorded) return payload;
    ledger.append({
      acceptedAt: new Date(request.acceptance.atMs).toISOString(),
      durationMs: Math.round(performance.now() - request.acceptance.startedMs),
      method: request.method,
      path: requestPath(request),
      status: reply.statusCode,
      requestId: request.id,
      bodySha256: request.rawBody.length > 0 ? createHash('sha256').update(request.rawBody).digest('hex') : null,
      changed: request.changed,
      fault: request.fault?.kind ?? null,
    });
    return payload;
  });
}
