import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import { isVendorRequest, requestPath } from './context.ts';
import type { Store } from './store.ts';

const milliseconds = z.number().int().min(0).max(600_000);

const effectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('status'), status: z.number().int().min(400).max(599), retryAfterS: z.number().int().min(0).optional() }),
  z.strictObject({ kind: z.literal('cutAfterAccept') }),
  z.strictObject({ kind: z.literal('delayAccept'), ms: milliseconds }),
  z.strictObject({ kind: z.literal('operation'), result: z.enum(['Failed', 'Canceled']) }),
  z.strictObject({ kind: z.literal('slow'), ms: milliseconds }),
]);

/** The body of `POST /_sandbox/faults`. */
export const faultSchema = z.strictObject({
  match: z.strictObject({
    method: z.string().toUpperCase().default('*'),
    path: z.string().refine(isRegularExpression, 'not a regular expression'),
    skip: z.number().int().min(0).default(0),
    times: z.number().int().min(1).default(1),
    /** By the stand-in's clock: from this instant on, and no longer than until that one. */
    from: z.iso.datetime().optional(),
    until: z.iso.datetime().optional(),
    /** By the stand-in's clock, since the first hit, in milliseconds. */
    forMs: z.number().int().min(1).optional(),
  }),
  effect: effectSchema,
});

export type FaultEffect = z.infer<typeof effectSchema>;

/** A fault as kept: `seen` counts the requests that matched, `hits` those on which it took effect. */
export interface Fault extends z.infer<typeof faultSchema> {
  id: string;
  seen: number;
  hits: number;
  /** By the stand-in's clock, in milliseconds since the epoch. */
  firstHitMs?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The effect that meets this request. */
    fault: FaultEffect | null;
    /** How the long-running operation that this request starts must end; null: as it does by itself. */
    operationFault: 'Failed' | 'Canceled' | null;
  }
}

/** The faults that tests have ordered, kept across restarts. */
export class Faults {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(order: z.infer<typeof faultSchema>): Fault {
    const fault: Fault = { id: String(this.#store.next('faults')), ...order, seen: 0, hits: 0 };
    this.#store.put('faults', fault.id, fault);
    return fault;
  }

  list(): Fault[] {
    return this.#store.list<Fault>('faults');
  }

  clear(): void {
    for (const { id } of this.list()) this.#store.delete('faults', id);
  }

  /** The effect of the first fault, in the order given, that matches and is neither skipping nor used up. */
  take(method: string, path: string, nowMs: number): FaultEffect | null {
    for (const fault of this.list()) {
      const { match } = fault;
      if (match.method !== '*' && match.method !== method) continue;
      if (fault.hits >= match.times || !new RegExp(match.path).test(path)) continue;
      if (!isWithin(fault, nowMs)) continue;
      const applies = fault.seen >= match.skip;
      this.#store.put('faults', fault.id, { ...fault, seen: fault.seen + 1, hits: fault.hits + (applies ? 1 : 0), ...(applies && { firstHitMs: fault.firstHitMs ?? nowMs }) });
      if (applies) return fault.effect;
    }
    return null;
  }
}

function isWithin({ match: { from, until, forMs }, firstHitMs }: Fault, nowMs: number): boolean {
  return !(from !== undefined && nowMs < Date.parse(from)) && !(until !== undefined && nowMs >= Date.parse(until)) && !(forMs !== undefined && firstHitMs !== undefined && nowMs >= firstHitMs + forMs);
}

/** Applies the faults to vendor requests, once a request's body has arrived. */
export function registerFaults(app: FastifyInstance, faults: Faults, clock: Clock): void {
  const closing = new AbortController();
  /** False when the stand-in is being stopped instead. */
  const hold = async (ms: number) => sleep(ms, true, { signal: closing.signal }).catch(() => false);
  app.addHook('preClose', async () => closing.abort());
  app.decorateRequest('fault', null);
  app.decorateRequest('operationFault', null);
  app.addHook('preValidation', async (request, reply) => {
    if (!isVendorRequest(request) || request.unrecorded) return;
    const effect = faults.take(request.method, requestPath(request), clock.nowMs());
    request.fault = effect;
    if (effect?.kind === 'status') {
      if (effect.retryAfterS !== undefined) reply.header('retry-after', String(effect.retryAfterS));
      return reply.code(effect.status).send(faultBody(effect.status));
    }
    if (effect?.kind === 'operation') request.operationFault = effect.result;
    if (effect?.kind === 'delayAccept') {
      // The body is here already, so the request goes on even when the client hangs up during the wait.
      if (!(await hold(effect.ms))) return reply.hijack();
      request.acceptance = { atMs: clock.nowMs(), startedMs: performance.now() };
    }
  });
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.fault?.kind === 'slow') await hold(request.fault.ms);
    if (request.fault?.kind === 'cutAfterAccept' || request.fault?.kind === 'delayAccept') request.raw.socket.destroy();
    return payload;
  });
}

const CODES: Record<number, string> = {
  409: 'Conflict',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** Readable by the clients of every platform: Azure Resource Manager reads `error`, Azure DevOps `message`. */
function faultBody(status: number): unknown {
  const message = `The request was answered ${status} by order of a fault.`;
  return { error: { code: CODES[status] ?? 'RequestFailed', message }, message };
}

export function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
