import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Store } from '../core/store.ts';

const COLLECTION = 'blobs';

interface BlobDocument {
  name: string;
  /** Where its bytes are, relative to the state directory. */
  file: string;
  /** Whether the bytes belong to the blob alone, so that they go when it goes. */
  owned: boolean;
  contentType: string;
  createdAt: string;
}

/** A blob as the service describes it. */
export interface Blob {
  name: string;
  /** Absolute path of the file with its bytes. */
  file: string;
  contentType: string;
  sizeBytes: number;
  createdAt: Date;
  modifiedAt: Date;
  /** Quoted, as in the ETag header. */
  etag: string;
}

/** The blobs of the one storage container: the names in the store, the bytes in files below the state directory. */
export class BlobStore {
  readonly #store: Store;
  readonly #stateDir: string;

  constructor(store: Store, stateDir: string) {
    this.#store = store;
    this.#stateDir = stateDir;
  }

  get(name: string): Blob | undefined {
    const document = this.#store.get<BlobDocument>(COLLECTION, name);
    return document && this.#describe(document);
  }

  /** Throws when there is no such blob. */
  read(name: string): Buffer {
    const blob = this.get(name);
    if (!blob) throw new Error(`there is no blob ${name}`);
    return readFileSync(blob.file);
  }

  /** Creates or replaces a blob; its bytes are on disk when this returns. */
  write(name: string, content: Buffer | string, contentType = 'application/octet-stream'): void {
    const former = this.#store.get<BlobDocument>(COLLECTION, name);
    const file = join('blobs', randomUUID());
    mkdirSync(join(this.#stateDir, 'blobs'), { recursive: true });
    writeFileSync(join(this.#stateDir, file), content);
    this.#store.put(COLLECTION, name, { name, file, owned: true, contentType, createdAt: former?.createdAt ?? new Date().toISOString() });
    if (former) this.#discard(former);
  }

  /** Makes a blob of a file that something else writes, for example the log of a running job. */
  link(name: string, file: string, contentType: string): void {
    const document = { name, file: relative(this.#stateDir, file), owned: false, contentType, createdAt: new Date().toISOString() };
    this.#store.put(COLLECTION, name, document);
  }

  /** Removes the blob; true when there was one. */
  delete(name: string): boolean {
    const document = this.#store.get<BlobDocument>(COLLECTION, name);
    if (!document) return false;
    this.#store.delete(COLLECTION, name);
    this.#discard(document);
    return true;
  }

  /** The blobs whose names begin with the prefix, in the order of their names. */
  list(prefix: string): Blob[] {
    const documents = this.#store.list<BlobDocument>(COLLECTION, prefix);
    return documents.map((document) => this.#describe(document)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Writes the blobs below a folder into a directory, keeping their relative paths; returns how many there were. */
  download(folder: string, directory: string): number {
    const blobs = this.list(`${folder}/`);
    for (const { name } of blobs) this.downloadFile(name, join(directory, name.slice(folder.length + 1)));
    return blobs.length;
  }

  downloadFile(name: string, file: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, this.read(name));
  }

  /** Copies every blob below a folder to below another one; returns how many there were. */
  copyFolder(from: string, to: string): number {
    const blobs = this.list(`${from}/`);
    for (const { name, contentType } of blobs) this.write(`${to}${name.slice(from.length)}`, this.read(name), contentType);
    return blobs.length;
  }

  #describe({ name, file, contentType, createdAt }: BlobDocument): Blob {
    const path = join(this.#stateDir, file);
    const { size, mtime, mtimeMs } = statSync(path);
    const etag = `"0x${Math.round(mtimeMs).toString(16).toUpperCase()}${size.toString(16).toUpperCase()}"`;
    return { name, file: path, contentType, sizeBytes: size, createdAt: new Date(createdAt), modifiedAt: mtime, etag };
  }

  #discard({ file, owned }: BlobDocument): void {
    if (owned) rmSync(join(this.#stateDir, file), { force: true });
  }
}
