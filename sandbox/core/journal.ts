import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * An append-only file of JSON lines.
 *
 * A record is handed to the operating system before `append` returns, so it survives the end of this process, however abrupt
 * (not a power failure: nothing is fsynced). A last line that was torn by such an end is dropped when the file is read.
 */
export class Journal<T> {
  readonly #file: string;
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
  }

  /** Every whole record, oldest first. */
  read(): T[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    // What follows the last line feed is empty, or the record that was being written when the process ended.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
  }

  /** Replaces the file's content atomically: a reader finds the old records or the new ones, never a mixture. */
  rewrite(records: Iterable<T>): void {
    this.close();
    const temporary = `${this.#file}.new`;
    let content = '';
    for (const record of records) content += `${JSON.stringify(record)}\n`;
    writeFileSync(temporary, content);
    renameSync(temporary, this.#file);
  }

  append(record: T): void {
    this.#descriptor ??= openSync(this.#file, 'a');
    writeSync(this.#descriptor, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
