import { spawn } from 'node:child_process';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';

/** How long a process that was asked to end may take before it is killed. */
const GRACE_MS = 2000;

export interface JobProcess {
  /** Also the id of the process group. */
  pid: number;
  /** The exit status; null when a signal ended it. */
  ended: Promise<number | null>;
}

/**
 * Starts a shell command in a process group of its own, with both outputs appended to one log file. The process gets the
 * variables given and those that any program needs, nothing else of the stand-in's environment.
 */
export function startJobProcess(command: string, directory: string, logFile: string, variables: Record<string, string>): JobProcess {
  const log = openSync(logFile, 'a');
  const { HOME = '/', TMPDIR = '/tmp', PATH = '' } = process.env;
  const child = spawn('sh', ['-c', command], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', log, log],
    env: { HOME, TMPDIR, PATH: `${dirname(process.execPath)}:${PATH}`, ...variables },
  });
  closeSync(log);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { pid: child.pid ?? 0, ended };
}

/** Asks a process group to end, and kills it when it does not. */
export function endProcessGroup({ pid, ended }: JobProcess): void {
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
  void ended.finally(() => clearTimeout(timer));
}

export function killProcessGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL');
}

/**
 * Whether the process with this id still works in the directory, that is, was left behind by a stand-in that was killed and is
 * not some other program with the same number. Where /proc does not exist the answer is no.
 */
export function isLeftBehind(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '') === directory;
  } catch {
    return false;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
