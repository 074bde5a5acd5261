import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './paths.mjs';

const heartbeatMs = 15_000;
const running = new Set();
let lastSaid = 0;

/** Says something about the preparation. Always on standard error: standard output belongs to the command. */
export function say(text) {
  lastSaid = performance.now();
  process.stderr.write(`${text}\n`);
}

/** A step that could not be done; its message is for people and is printed without a stack. */
export class StepFailed extends Error {}

/** Tells that a step begins and how long it took; throws what the step throws. Steps that have nothing to do must not come here. */
export async function step(name, intention, work) {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  say(`▸ ${name}: ${intention}`);
  const heartbeat = setInterval(() => {
    if (performance.now() - lastSaid >= heartbeatMs - 1_000) say(`  ${name}: ${Math.round(Number(seconds()))} s …`);
  }, heartbeatMs);
  try {
    const result = await work();
    say(`✓ ${name} (${seconds()} s)`);
    return result;
  } catch (error) {
    say(`✗ ${name} (${seconds()} s)`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Runs a program to its end and returns its standard output. What it says on standard error is shown line by line under the
 * step's name if `show` is set, otherwise only when it fails. It leads a process group of its own, so that `stopSteps` reaches whatever it starts in turn.
 */
export function runProgram(name, command, args, { env = process.env, cwd = root, show = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    const messages = [];
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    createInterface({ input: child.stderr }).on('line', (line) => (show ? say(`  ${name}: ${line}`) : messages.push(line)));
    child.once('error', (error) => {
      running.delete(child);
      reject(new StepFailed(`${name}: ${command} cannot be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) return resolve(output);
      for (const line of ends([...messages, ...output.trim().split('\n')])) say(`  ${name}: ${line}`);
      return reject(new StepFailed(`${name}: ${command} ${args.join(' ')} ended with ${signal ?? `exit status ${code}`}`));
    });
  });
}

/** The first and the last lines: compilers say what is wrong at the end, npm says it first and its usage after that. */
function ends(lines) {
  return lines.length <= 40 ? lines : [...lines.slice(0, 20), '…', ...lines.slice(-20)];
}

/** Stops every program that a step is running, with its descendants. */
export function stopSteps() {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended meanwhile.
    }
  }
}
