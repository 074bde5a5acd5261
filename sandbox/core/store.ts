import { join } from 'node:path';
import { Journal } from './journal.ts';

/** One change of the store: `document` absent means deleted. */
interface Change {
  collection: string;
  id: string;
  document?: unknown;
}

/** The journal is rewritten when it holds this many records more than there are documents, times two. */
const SPARE_RECORDS = 20_000;

/**
 * The stand-in's documents, by collection and id: JSON values in memory, each change appended to a journal before the call
 * returns. Values go in and come out as copies, so a document changes only by `put`.
 */
export class Store {
  readonly #journal: Journal<Change>;
  readonly #collections = new Map<string, Map<string, unknown>>();
  #records = 0;
  #documents = 0;

  constructor(directory: string) {
    this.#journal = new Journal(join(directory, 'documents.jsonl'));
    for (const change of this.#journal.read()) this.#apply(change);
    this.#compact();
  }

  /** The document, or undefined. */
  get<T>(collection: string, id: string): T | undefined {
    return structuredClone(this.#collections.get(collection)?.get(id)) as T | undefined;
  }

  /** Creates or replaces the document. */
  put(collection: string, id: string, document: object): void {
    this.#write({ collection, id, document: structuredClone(document) });
  }

  /** Removes the document; true when there was one. */
  delete(collection: string, id: string): boolean {
    if (!this.#collections.get(collection)?.has(id)) return false;
    this.#write({ collection, id });
    return true;
  }

  /** The collection's documents in the order in which they were first put; of those ids only that begin with `prefix`. */
  list<T>(collection: string, prefix = ''): T[] {
    const found: T[] = [];
    for (const [id, document] of this.#collections.get(collection) ?? []) {
      if (id.startsWith(prefix)) found.push(structuredClone(document) as T);
    }
    return found;
  }

  /** The next number, from 1 on, of a counter that is never reset. */
  next(counter: string): number {
    const value = (this.get<{ value: number }>('counters', counter)?.value ?? 0) + 1;
    this.put('counters', counter, { value });
    return value;
  }

  close(): void {
    this.#journal.close();
  }

  #write(change: Change): void {
    this.#journal.append(change);
    this.#apply(change);
    if (this.#records > 2 * this.#documents + SPARE_RECORDS) this.#compact();
  }

  #apply({ collection, id, document }: Change): void {
    const documents = this.#collections.get(collection) ?? new Map<string, unknown>();
    this.#collections.set(collection, documents);
    const before = documents.size;
    if (document === undefined) documents.delete(id);
    else documents.set(id, document);
    this.#records += 1;
    this.#documents += documents.size - before;
  }

  #compact(): void {
    const changes: Change[] = [];
    for (const [collection, documents] of this.#collections) {
      for (const [id, document] of documents) changes.push({ collection, id, document });
    }
    this.#journal.rewrite(changes);
    this.#records = changes.length;
  }
}
