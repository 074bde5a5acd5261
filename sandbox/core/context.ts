import type { FastifyRequest } from 'fastify';
import type { MachineLearning } from '../machine-learning.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Store } from './store.ts';
import type { Tokens } from './tokens.ts';

/** What every platform of the stand-in is given, as the options of its fastify plugin. */
export interface SandboxContext extends CoreContext, MachineLearning {}

/** What does not belong to a platform. */
export interface CoreContext {
  /** The stand-in's own directory; each platform may keep files in a folder of its own name. */
  stateDir: string;
  store: Store;
  clock: Clock;
  ledger: Ledger;
  faults: Faults;
  tokens: Tokens;
  /** `https://127.0.0.1:<port>`; known only once the server listens, so call it while answering and store no result. */
  baseUrl: () => string;
}

/** Thrown by a handler to answer with a platform's own error. */
export class VendorError extends Error {
  readonly statusCode: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;

  constructor(statusCode: number, body: unknown, headers: Record<string, string> = {}) {
    super(`answered ${statusCode}`);
    this.statusCode = statusCode;
    this.body = body;
    this.headers = headers;
  }
}

/** An error in the shape of Azure Resource Manager. */
export function armError(statusCode: number, code: string, message: string): VendorError {
  return new VendorError(statusCode, { error: { code, message } });
}

/** False for the stand-in's own API (`/_sandbox/…`): it is neither recorded in the ledger nor subject to faults. */
export function isVendorRequest(request: FastifyRequest): boolean {
  return request.url !== '/_sandbox' && !request.url.startsWith('/_sandbox/');
}

/** The request's path without its query, percent-decoded where that is possible: what faults match and the ledger shows. */
export function requestPath(request: FastifyRequest): string {
  const path = request.url.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
