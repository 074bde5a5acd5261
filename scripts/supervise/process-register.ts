import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive, type ProcessIdentity } from './processes.ts';

/** One line of `<state>/pids.json`. */
export interface RegisteredProcess extends ProcessIdentity {
  command: string;
}

/** Which processes run a state directory's parts: `<state>/pids.json`, by part name. Dead entries do not show. */
export class ProcessRegister {
  readonly #file: string;

  constructor(stateDir: string) {
    this.#file = join(stateDir, 'pids.json');
  }

  /** The living processes by part name. */
  running(): Record<string, RegisteredProcess> {
    return Object.fromEntries(Object.entries(this.#read()).filter(([, process]) => isAlive(process)));
  }

  add(part: string, process: RegisteredProcess): void {
    this.#write({ ...this.running(), [part]: process });
  }

  /** Removes the part if it is still this process that runs it. */
  remove(part: string, { pid, startTime }: ProcessIdentity): void {
    const entries = this.#read();
    if (entries[part]?.pid !== pid || entries[part].startTime !== startTime) return;
    const { [part]: _removed, ...others } = entries;
    this.#write(others);
  }

  /** A file that is missing or was cut short counts as empty: the ports tell what runs nevertheless. */
  #read(): Record<string, RegisteredProcess> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, RegisteredProcess>;
    } catch {
      return {};
    }
  }

  #write(entries: Record<string, RegisteredProcess>): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(entries, null, 2)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
