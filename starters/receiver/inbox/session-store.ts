/**
 * Who is signed in: kept on the server, so that signing out ends a session wherever its cookie has been copied to. In a file, so that a new version of the receiver signs nobody out.
 * Only the hash of a cookie is stored: whoever reads the file cannot sign in with it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a page says once, after a redirect. */
export interface Notice {
  kind: 'good' | 'bad';
  text: string;
}

export interface SessionData {
  /** A sign-in at the identity provider that is under way. */
  signIn?: { state: string; nonce: string; codeVerifier: string };
  /** Where to go after signing in: a path of the inbox. */
  returnTo?: string;
  notice?: Notice;
  /** The session of a command line, whose token comes in a header: no browser's. */
  commandLine?: true;
}

export interface Session {
  /** The cookie's value. */
  token: string;
  /** Canonical id; null: not signed in yet. */
  person: string | null;
  /** What every form of this session carries. */
  csrf: string;
  data: SessionData;
}

export interface SessionLimits {
  /** Milliseconds without a request after which a session ends. */
  idleMs: number;
  /** Milliseconds after the sign-in at which it ends in any case. */
  absoluteMs: number;
}

/** Milliseconds that a visitor has to sign in. */
const signInMs = 15 * 60_000;
/** Visitors that are kept; the oldest goes first. Somebody who only asks for sign-in pages must not fill the disk. */
const mostVisitors = 5_000;
/** Milliseconds between two writes of when a session was last used. */
const touchEveryMs = 30_000;

interface Row {
  person: string | null;
  csrf: string;
  data: string;
  created: number;
  seen: number;
}

export class SessionStore {
  readonly #database: DatabaseSync;
  readonly #limits: SessionLimits;
  readonly #now: () => number;

  /** `file`: `:memory:`, or a path whose folder is made. */
  constructor(file: string, limits: SessionLimits, now: () => number = Date.now) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(file);
    this.#database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, person TEXT, csrf TEXT NOT NULL, data TEXT NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT');
    this.#limits = limits;
    this.#now = now;
  }

  /** Milliseconds after which every session has ended. */
  get longestMs(): number {
    return this.#limits.absoluteMs;
  }

  /** The session of a cookie, or of a command line's token; null if there is none, or it has ended. */
  find(token: string): Session | null {
    const id = hash(token);
    const row = this.#database.prepare('SELECT person, csrf, data, created, seen FROM session WHERE id = ?').get(id) as unknown as Row | undefined;
    if (row === undefined) return null;
    const now = this.#now();
    const { idleMs, absoluteMs } = this.#limits;
    if (row.person === null ? now - row.created > signInMs : now - row.seen > idleMs || now - row.created > absoluteMs) {
      this.end(token);
      return null;
    }
    if (now - row.seen > touchEveryMs) this.#database.prepare('UPDATE session SET seen = ? WHERE id = ?').run(now, id);
    return { token, person: row.person, csrf: row.csrf, data: JSON.parse(row.data) as SessionData };
  }

  /** A new session with a cookie that nobody has seen: also what a sign-in gets, so that a cookie planted before is worth nothing. */
  start(person: string | null, data: SessionData = {}): Session {
    const [token, csrf, now] = [secret(), secret(), this.#now()];
    this.#clean(now);
    this.#database.prepare('INSERT INTO session (id, person, csrf, data, created, seen) VALUES (?, ?, ?, ?, ?, ?)').run(hash(token), person, csrf, JSON.stringify(data), now, now);
    return { token, person, csrf, data };
  }

  save({ token, data }: Session): void {
    this.#database.prepare('UPDATE session SET data = ? WHERE id = ?').run(JSON.stringify(data), hash(token));
  }

  end(token: string): void {
    this.#database.prepare('DELETE FROM session WHERE id = ?').run(hash(token));
  }

  close(): void {
    this.#database.close();
  }

  #clean(now: number): void {
    const { idleMs, absoluteMs } = this.#limits;
    this.#database.prepare('DELETE FROM session WHERE (person IS NULL AND created < ?) OR (person IS NOT NULL AND (seen < ? OR created < ?))').run(now - signInMs, now - idleMs, now - absoluteMs);
    this.#database.prepare('DELETE FROM session WHERE id IN (SELECT id FROM session WHERE person IS NULL ORDER BY created DESC LIMIT -1 OFFSET ?)').run(mostVisitors);
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
