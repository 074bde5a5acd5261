import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';

export const DEFAULT_BRANCH = 'refs/heads/main';

/** Object id (SHA-1) of each file's content, by path; paths begin with a slash. */
export type Snapshot = Record<string, string>;

export interface Commit {
  commitId: string;
  parents: string[];
  /** A unique name such as `dana@example.com`. */
  author: string;
  date: string;
  comment: string;
  files: Snapshot;
}

/** New content by path; null deletes the file. */
export type Edits = Record<string, string | null>;

const COMMITS = 'git-commits';
const BLOBS = 'git-blobs';
const REFS = 'git-refs';

/**
 * The repository's content: every commit is a whole snapshot of its files. Blob ids are git's own; commit ids are SHA-1 hashes
 * of the commit's JSON, since nothing here speaks git's transfer protocol.
 */
export class GitRepository {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    if (this.tip(DEFAULT_BRANCH)) return;
    const files = { '/README.md': '# Sensor predictions\n\nOne configuration per circuit: `config/plants/<plant>/<circuit>.yml`.\n' };
    this.setTip(DEFAULT_BRANCH, this.commit([], 'platform@example.com', 'Begin the repository', files));
  }

  /** The commit that a branch (`refs/heads/…`) points at. */
  tip(ref: string): string | undefined {
    return this.#store.get<{ commitId: string }>(REFS, ref)?.commitId;
  }

  setTip(ref: string, commitId: string): void {
    this.#store.put(REFS, ref, { name: ref, commitId });
  }

  /** Forgets the branch; its commits stay. */
  deleteTip(ref: string): void {
    this.#store.delete(REFS, ref);
  }

  /** Branches whose name begins with the prefix, by name. */
  refs(prefix: string): { name: string; commitId: string }[] {
    return this.#store.list<{ name: string; commitId: string }>(REFS, prefix).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A commit and everything that it is made of, nearest first. */
  ancestors(commitId: string): string[] {
    const found = new Set<string>();
    for (let next = [commitId]; next.length > 0; next = next.flatMap((id) => this.get(id)?.parents ?? []).filter((id) => !found.has(id))) {
      for (const id of next) found.add(id);
    }
    return [...found];
  }

  /** The nearest commit that both are made of. */
  mergeBase(one: string, other: string): string | undefined {
    const behind = new Set(this.ancestors(other));
    return this.ancestors(one).find((id) => behind.has(id));
  }

  get(commitId: string): Commit | undefined {
    return this.#store.get<Commit>(COMMITS, commitId);
  }

  /** The text of a file. */
  content(objectId: string): string | undefined {
    return this.#store.get<{ text: string }>(BLOBS, objectId)?.text;
  }

  /**
   * Writes a commit: the first parent's files with the edits applied.
   * @param parents commit ids; none for the first commit
   * @returns the new commit's id; no branch is moved
   */
  commit(parents: string[], author: string, comment: string, edits: Edits): string {
    const files = { ...(parents[0] === undefined ? {} : this.get(parents[0])?.files) };
    for (const [path, text] of Object.entries(edits)) {
      const absolute = path.startsWith('/') ? path : `/${path}`;
      if (text === null) delete files[absolute];
      else files[absolute] = this.#writeBlob(text);
    }
    const commit = { parents, author, date: this.#clock.iso(), comment, files };
    // The number keeps two commits of the same content in the same millisecond apart.
    const commitId = createHash('sha1').update(JSON.stringify({ ...commit, number: this.#store.next(COMMITS) })).digest('hex');
    this.#store.put(COMMITS, commitId, { commitId, ...commit });
    return commitId;
  }

  #writeBlob(text: string): string {
    const objectId = createHash('sha1').update(`blob ${Buffer.byteLength(text)}\0${text}`).digest('hex');
    if (this.content(objectId) === undefined) this.#store.put(BLOBS, objectId, { text });
    return objectId;
  }
}
