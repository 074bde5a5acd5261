import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Part } from './parts.ts';
import { ProcessRegister, type RegisteredProcess } from './process-register.ts';
import { isAlive, startTimeOf } from './processes.ts';
import { root, type Settings } from './settings.ts';
import { isPortFree } from './web.ts';

/** A part that cannot be started; the message is for people. */
export class PartFailed extends Error {}

/** Each takes a few seconds; more means that something hangs. */
const healthyWithinMs = 60_000;

/** Longer than the kernel needs for the sockets of a process that has ended. */
const portFreeWithinMs = 2_000;

/** Starts the part, or keeps the one that runs, and waits until it is healthy. `onStarted` is called as soon as a process of ours exists. */
export async function startPart(part: Part, settings: Settings, signal: AbortSignal, onStarted: () => void): Promise<void> {
  const register = new ProcessRegister(settings.stateDir);
  const known = register.running()[part.name];
  if (known) return waitUntilHealthy(part, known, signal);
  if (!(await becomesFree(part.port))) throw new PartFailed(`The ${part.name} cannot start: port ${part.port} is taken by another program. Stop that, or choose another port with ${part.portVariable}.`);
  signal.throwIfAborted();
  const process = launch(part, settings);
  register.add(part.name, process);
  onStarted();
  await waitUntilHealthy(part, process, signal);
}

/** A process that was killed a moment ago may still be giving its port back. */
async function becomesFree(port: number): Promise<boolean> {
  for (const until = performance.now() + portFreeWithinMs; performance.now() < until; await sleep(50)) if (await isPortFree(port)) return true;
  return false;
}

/**
 * The process writes to its log file and leads a process group of its own: Ctrl-C in the terminal reaches the supervisor alone,
 * which then stops the parts in order. No process manager from a registry does this and keeps to one state directory.
 */
function launch(part: Part, settings: Settings): RegisteredProcess {
  const log = openSync(part.logFile, 'a');
  const child = spawn(process.execPath, [part.file], { cwd: root, env: settings.environment, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
  if (child.pid === undefined || startTime === undefined) throw new PartFailed(`The ${part.name} ended at once.${lastLines(part)}`);
  return { pid: child.pid, startTime, command: `node ${part.file}` };
}

async function waitUntilHealthy(part: Part, process: RegisteredProcess, signal: AbortSignal): Promise<void> {
  const until = performance.now() + healthyWithinMs;
  while (!(await part.isHealthy())) {
    signal.throwIfAborted();
    if (!isAlive(process)) throw new PartFailed(`The ${part.name} ended while it was starting.${lastLines(part)}`);
    if (performance.now() > until) throw new PartFailed(`The ${part.name} (process ${process.pid}) is not healthy after ${healthyWithinMs / 1000} s.${lastLines(part)}`);
    await sleep(50);
  }
}

function lastLines({ logFile }: Part, count = 15): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count) : [];
  return `\nThe end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
