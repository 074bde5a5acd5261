/** A part of the product as a process of its own, so that a test can kill it as an accident would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { answersWell } from '../../scripts/supervise/web.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const healthyWithinMs = 60_000;

export interface PartOptions {
  /** What Node runs, relative to the repository, such as `workers/main.ts`. */
  file: string;
  /** Everything that the part finds in its environment beside PATH, HOME and Node's cache of compiled code. */
  environment: Record<string, string>;
  /** Where its output is appended. */
  logFile: string;
  /** Answers 2xx once the part is ready. */
  healthUrl: string;
  caFile?: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

let endsOnRequest = false;

/** The test runner ends a file that takes too long by SIGTERM, which by itself would run no exit handler. */
function endOnRequest(): void {
  if (!endsOnRequest) process.once('SIGTERM', () => process.exit(143));
  endsOnRequest = true;
}

export class PartProcess {
  readonly pid: number;
  /** Fulfilled when the process has ended, however it did. */
  readonly ended: Promise<Ended>;
  readonly #options: PartOptions;
  readonly #child: ChildProcess;

  private constructor(options: PartOptions) {
    this.#options = options;
    const log = openSync(options.logFile, 'a');
    const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env;
    this.#child = spawn(process.execPath, [options.file], { cwd: root, env: { PATH, HOME, NODE_COMPILE_CACHE, ...options.environment }, stdio: ['ignore', log, log] });
    closeSync(log);
    this.pid = this.#child.pid!;
    this.ended = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve({ code, signal })));
    // A test that dies of an exception must not leave its parts behind.
    const endWithTest = (): boolean => this.#child.kill('SIGKILL');
    endOnRequest();
    process.once('exit', endWithTest);
    void this.ended.then(() => process.off('exit', endWithTest));
  }

  /** Starts it and returns at once. */
  static launch(options: PartOptions): PartProcess {
    return new PartProcess(options);
  }

  /** Starts it and waits until it is healthy. */
  static async start(options: PartOptions): Promise<PartProcess> {
    const part = PartProcess.launch(options);
    await part.healthy();
    return part;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async healthy(): Promise<void> {
    const { file, healthUrl, caFile, logFile } = this.#options;
    const until = performance.now() + healthyWithinMs;
    while (!(await answersWell(healthUrl, caFile))) {
      if (!this.isRunning || performance.now() > until) throw new Error(`${file} did not become healthy:\n${readFileSync(logFile, 'utf8').slice(-3_000)}`);
      await sleep(50);
    }
  }

  /** SIGKILL: no chance to say goodbye. */
  async kill(): Promise<Ended> {
    this.#child.kill('SIGKILL');
    return await this.ended;
  }

  /** SIGTERM, and SIGKILL for one that does not listen within 15 s. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    const ended = await this.ended;
    clearTimeout(impatience);
    return ended;
  }
}
