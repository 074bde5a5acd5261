/** How often somebody may try: few wrong passwords for an account from one address, more from all addresses together, and nobody pays for what others at their address do to another account. */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

const minute = 60_000;

/** Too many wrong passwords, for now. */
export class TooManyTries extends Error {
  readonly statusCode = 429;
  readonly retryAfterSeconds: number;

  constructor(account: string, milliseconds: number) {
    super(`too many wrong passwords for ${account === '' ? 'names that nobody has' : account}`);
    this.retryAfterSeconds = Math.max(1, Math.ceil(milliseconds / 1000));
  }
}

interface Window {
  count: number;
  endsAt: number;
}

/** Keys that are counted; the oldest goes first, so that somebody with many addresses does not fill the memory. */
const mostKeys = 20_000;

/** Counts what happens under a key, in windows that begin with the first of it. */
export class Attempts {
  readonly #windows = new Map<string, Window>();
  readonly #max: number;
  readonly #windowMs: number;

  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Counts one, and answers 0; or, counting nothing, the milliseconds until one more is allowed. */
  take(key: string, now: number): number {
    const window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      this.#windows.delete(key); // to the end of the order
      this.#windows.set(key, { count: 1, endsAt: now + this.#windowMs });
      if (this.#windows.size > mostKeys) this.#windows.delete(this.#windows.keys().next().value!);
      return 0;
    }
    if (window.count >= this.#max) return window.endsAt - now;
    window.count += 1;
    return 0;
  }

  giveBack(key: string): void {
    const window = this.#windows.get(key);
    if (window !== undefined && window.count > 0) window.count -= 1;
  }
}

/** Wrong passwords: for one account from one address in a minute, and from everywhere in a quarter of an hour. */
export class PasswordTries {
  readonly #fromAddress = new Attempts(10, minute);
  readonly #fromAnywhere = new Attempts(60, 15 * minute);
  readonly #names: readonly string[];
  readonly #now: () => Date;

  /** `names`: accounts that exist; all others are one account, for nobody can be locked out of them. */
  constructor(names: readonly string[], now: () => Date) {
    this.#names = names;
    this.#now = now;
  }

  /**
   * Checks one password. Counted before it is checked, so that many at the same time are not all let through, and given back when it was right.
   *
   * @throws TooManyTries
   */
  async check(request: FastifyRequest, name: string, isRight: () => Promise<boolean>): Promise<boolean> {
    const account = this.#names.includes(name) ? name : '';
    const [here, now] = [`${networkOf(request.ip)} ${account}`, this.#now().getTime()];
    const wait = this.#fromAddress.take(here, now) || this.#fromAnywhere.take(account, now);
    if (wait > 0) throw new TooManyTries(account, wait);
    const right = await isRight();
    if (right) {
      this.#fromAddress.giveBack(here);
      this.#fromAnywhere.giveBack(account);
    }
    return right;
  }
}

/** Sign-in pages and ways back from the provider in a minute: each browser that has a cookie has its own count, and only those without one share their address's. */
export const visits = {
  timeWindow: minute,
  max: (_request: FastifyRequest, key: string) => (key.startsWith('visitor ') ? 60 : 300),
  keyGenerator: (request: FastifyRequest) => (request.inboxSession === null ? `address ${networkOf(request.ip)}` : `visitor ${request.inboxSession.token}`),
};

/** What one visitor has of addresses: of IPv4 one, of IPv6 a network of 64 bits, in which everybody chooses as they like. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const bare = address.split('%', 1)[0]!;
  if (isIP(bare) !== 6) return address;
  const [head = '', tail] = bare.split('::');
  const [front, back] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const groups = tail === undefined ? front! : [...front!, ...Array<string>(Math.max(0, 8 - front!.length - back!.length)).fill('0'), ...back!];
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
