import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process, named so that it cannot be taken for a later one that the system gave the same id. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, as the system writes it; only compared. */
  startTime: string;
}

/** When the process started, or undefined if there is none (a zombie counts as none). */
export function startTimeOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      // The second field, the name in parentheses, may hold blanks: count from the last parenthesis. State is then field 0, start time field 19.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Whether exactly this process is alive. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startTime;
}

/**
 * Ends the process: SIGTERM, and after `graceMs` SIGKILL for its whole process group. A stranger with the same id is left alone.
 * @returns how it went; `gone` if it was not there to begin with
 */
export async function stopProcess(identity: ProcessIdentity, graceMs = 15_000): Promise<'gone' | 'stopped' | 'killed'> {
  if (!isAlive(identity)) return 'gone';
  send(identity.pid, 'SIGTERM');
  if (await endsWithin(identity, graceMs)) return 'stopped';
  // The parts lead process groups of their own; whatever a part had started goes with it.
  if (!send(-identity.pid, 'SIGKILL')) send(identity.pid, 'SIGKILL');
  await endsWithin(identity, 5_000);
  return 'killed';
}

async function endsWithin(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() > until) return false;
    await sleep(50);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it ended between the look and the signal
  }
}
