/** An estate file whose freezes a test declares and lifts, with the real activities that read it. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFreezeActivities } from '../../activities/estate/freezes.ts';

const demo = await readFile('estate/demo.yml', 'utf8');

export class DeclaredFreezes {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(): Promise<DeclaredFreezes> {
    return new DeclaredFreezes(await mkdtemp(join(tmpdir(), 'holdpoint-freezes-')));
  }

  get #file(): string {
    return join(this.#directory, 'estate.yml');
  }

  activities(lookEveryMs: number): ReturnType<typeof createFreezeActivities> {
    return createFreezeActivities({ estateFile: this.#file, lookEveryMs });
  }

  /** Lines of the section `freezes`; null: none. Put in place at once: nobody reads half a file. */
  async declare(lines: string | null): Promise<void> {
    await writeFile(`${this.#file}.new`, lines === null ? demo : `${demo}\nfreezes:\n${lines}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }

  /** One freeze of everything, between two instants in milliseconds since the epoch. */
  async freeze(name: string, from: number, until: number, more = ''): Promise<void> {
    await this.declare(`  - {name: ${name}, reason: because of ${name}, from: "${new Date(from).toISOString()}", until: "${new Date(until).toISOString()}"${more}}`);
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true });
  }
}
