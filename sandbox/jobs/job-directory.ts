import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { blobNameOf } from '../azure-resource-manager/asset-uri.ts';
import type { Resources } from '../azure-resource-manager/resources.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import { LOG_FILE, logBlobName } from './job-runs.ts';
import type { JobInput, JobOutput, JobRun } from './job-runs.ts';

/** The libraries of the repository, which stand for the environment's image. */
const NODE_MODULES = join(import.meta.dirname, '../../node_modules');

/** What makes a job fail before its process starts. */
export class MissingDataError extends Error {}

/** The files of one job: its log, and until it has ended its working directory with code, inputs and outputs. */
export class JobDirectory {
  readonly workDirectory: string;
  readonly logFile: string;
  readonly #run: JobRun;
  readonly #resources: Resources;
  readonly #blobs: BlobStore;

  constructor(stateDir: string, run: JobRun, resources: Resources, blobs: BlobStore) {
    const directory = join(stateDir, 'jobs', run.workspace, run.name);
    this.workDirectory = join(directory, 'work');
    this.logFile = join(directory, LOG_FILE);
    this.#run = run;
    this.#resources = resources;
    this.#blobs = blobs;
  }

  /** Starts the log anew, as a blob that can be read while the job writes it. */
  openLog(): void {
    mkdirSync(join(this.logFile, '..'), { recursive: true });
    writeFileSync(this.logFile, '');
    this.#blobs.link(logBlobName(this.#run.workspace, this.#run.name), this.logFile, 'text/plain');
  }

  /**
   * Makes the working directory: the code version's files, the inputs' data and the environment's libraries.
   *
   * @returns the command with the paths and values of inputs and outputs put in
   * @throws MissingDataError when the code or an input is not there
   */
  prepare(): string {
    rmSync(this.workDirectory, { recursive: true, force: true });
    mkdirSync(this.workDirectory, { recursive: true });
    const { codeId, inputs, outputs, command } = this.#run.plan;
    if (codeId !== null && this.#blobs.download(this.#blobName(codeId), this.workDirectory) === 0) {
      throw new MissingDataError(`The code ${codeId} has no files.`);
    }
    this.#linkLibraries();
    const places: Record<string, string> = {};
    for (const [name, input] of Object.entries(inputs)) places[`inputs.${name}`] = this.#placeInput(name, input);
    for (const [name, output] of Object.entries(outputs)) {
      mkdirSync(join(this.workDirectory, 'outputs', name), { recursive: true });
      places[`outputs.${name}`] = this.#outputPath(name, output);
    }
    return command.replaceAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_whole, place: string) => {
      const found = places[place];
      if (found === undefined) throw new MissingDataError(`The command names \${{${place}}}, which the job does not have.`);
      return found;
    });
  }

  /** Uploads what the job left as outputs. */
  uploadOutputs(): void {
    for (const [name, output] of Object.entries(this.#run.plan.outputs)) {
      const path = join(this.workDirectory, this.#outputPath(name, output));
      if (existsSync(path)) this.#upload(path, this.#blobName(output.uri));
    }
  }

  /** The last line that the job wrote, for its error message. */
  lastLogLine(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  }

  /** Keeps this share of the log's lines: what a job that died had written by then. */
  cutLog(share: number): void {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    writeFileSync(this.logFile, `${lines.slice(0, Math.floor(lines.length * share)).join('\n')}\n`);
  }

  /** Removes the working directory; the log stays. */
  removeWork(): void {
    rmSync(this.workDirectory, { recursive: true, force: true });
  }

  #placeInput(name: string, input: JobInput): string {
    if (input.kind === 'literal') return shellQuoted(input.value);
    const blobName = this.#blobName(input.uri);
    const directory = join(this.workDirectory, 'inputs', name);
    if (this.#blobs.get(blobName)) {
      this.#blobs.downloadFile(blobName, join(directory, basename(blobName)));
      return join('inputs', name, basename(blobName));
    }
    if (this.#blobs.download(blobName, directory) > 0) return join('inputs', name);
    if (!input.mounted) throw new MissingDataError(`The input ${name} (${input.uri}) has no files.`);
    return join('inputs', name, basename(blobName));
  }

  /** The environment's libraries: those that its tag `libraries` lists, or all of them. */
  #linkLibraries(): void {
    const target = join(this.workDirectory, 'node_modules');
    const listed = librariesOf(this.#resources.get(this.#run.plan.environmentId ?? '')?.properties['tags']);
    if (listed === null) return symlinkSync(NODE_MODULES, target);
    for (const library of listed) {
      mkdirSync(join(target, library, '..'), { recursive: true });
      symlinkSync(join(NODE_MODULES, library), join(target, library));
    }
  }

  #outputPath(name: string, { kind, uri }: JobOutput): string {
    return kind === 'folder' ? join('outputs', name) : join('outputs', name, basename(uri));
  }

  #upload(path: string, blobName: string): void {
    if (!statSync(path).isDirectory()) return this.#blobs.write(blobName, readFileSync(path));
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      this.#blobs.write(`${blobName}/${relative(path, file)}`, readFileSync(file));
    }
  }

  #blobName(uri: string): string {
    const name = blobNameOf(this.#resources, uri, this.#run.workspace);
    if (name === undefined) throw new MissingDataError(`${uri} is not the address of anything that exists.`);
    return name;
  }
}

/** The names in an environment's tag `libraries`; null where there is none. */
function librariesOf(tags: unknown): string[] | null {
  const listed = (tags as Record<string, unknown> | null | undefined)?.['libraries'];
  return typeof listed === 'string' ? listed.split(',') : null;
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
