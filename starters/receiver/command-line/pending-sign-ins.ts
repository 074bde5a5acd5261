/**
 * Command lines that wait for somebody to sign them in. Kept in memory: whoever waits while the receiver is restarted begins anew.
 *
 * The command line holds the device code, the person types the user code. The receiver keeps only the hash of the first, and each is worth something once and for ten minutes.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';

export interface PendingSignIn {
  userCode: string;
  /** The address that asked, and what its machine calls itself: for the person, who should know them. */
  from: string;
  machine: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

interface Kept extends PendingSignIn {
  /** Undefined: nobody has said anything yet; null: denied. */
  person?: string | null;
  askedAt: number;
}

export type Redeemed = { person: string } | { error: 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' };

const lifetimeMs = 10 * 60_000;
/** The least between two questions of a command line; it is told to ask every two seconds. */
const leastPauseMs = 1_000;
/** Kept at once; the oldest goes first, so that somebody who only asks does not fill the memory. */
const most = 1_000;
/** Without vowels, so that no words appear, and without what looks alike: 20 to the 8th, of which ten a minute can be tried. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';

export const pollSeconds = 2;

export class PendingSignIns {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  begin({ from, machine }: Pick<PendingSignIn, 'from' | 'machine'>): PendingSignIn & { deviceCode: string; expiresInSeconds: number } {
    const now = this.#now();
    for (const [id, { expiresAt }] of this.#kept) if (expiresAt <= now) this.#kept.delete(id);
    if (this.#kept.size >= most) this.#kept.delete(this.#kept.keys().next().value!);
    const deviceCode = randomBytes(32).toString('base64url');
    const pending: PendingSignIn = { userCode: userCode(), from, machine, expiresAt: now + lifetimeMs };
    this.#kept.set(hash(deviceCode), { ...pending, askedAt: 0 });
    return { ...pending, deviceCode, expiresInSeconds: lifetimeMs / 1000 };
  }

  /** The one that shows this code and on which nobody has decided; however the code was typed. */
  find(typed: string): PendingSignIn | null {
    return this.#undecided(typed) ?? null;
  }

  /** Signs it in as this person, or with null denies it; false when there is none any more. */
  settle(typed: string, person: string | null): boolean {
    const kept = this.#undecided(typed);
    if (kept === undefined) return false;
    kept.person = person;
    return true;
  }

  /** What the command line gets for its code; a person only once. */
  redeem(deviceCode: string): Redeemed {
    const id = hash(deviceCode);
    const kept = this.#kept.get(id);
    const now = this.#now();
    if (kept === undefined || kept.expiresAt <= now) return { error: 'expired_token' };
    if (kept.person === undefined) {
      const isEarly = now - kept.askedAt < leastPauseMs;
      kept.askedAt = now;
      return { error: isEarly ? 'slow_down' : 'authorization_pending' };
    }
    this.#kept.delete(id);
    return kept.person === null ? { error: 'access_denied' } : { person: kept.person };
  }

  #undecided(typed: string): Kept | undefined {
    const wanted = typed.toUpperCase().replace(/[^A-Z]/g, '');
    const now = this.#now();
    return [...this.#kept.values()].find((kept) => kept.userCode.replace('-', '') === wanted && kept.expiresAt > now && kept.person === undefined);
  }
}

function userCode(): string {
  const code = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join('');
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

function hash(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
