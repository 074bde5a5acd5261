import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './paths.mjs';
import { onSignal } from './signals.mjs';

/**
 * Runs the command on this terminal until it ends, passing on the signals that end a program; returns its exit status, or
 * 128 and the signal's number. After Ctrl-C the command has the signal twice, from the terminal and from here: it must bear that.
 */
export function runCommand([command, ...args], env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
    onSignal((signal) => child.kill(signal));
    child.once('error', (error) => {
      console.error(`${command} cannot be started: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
