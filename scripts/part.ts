/**
 * `npm run sandbox|worker|receiver`: one part in the foreground. Under HOLDPOINT_PROFILE=demo with the environment that `npm run up`
 * gives it, otherwise with the environment as it is. The stand-in belongs to the demo always. `npm run down` stops it too.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { interruption } from './supervise/interruption.ts';
import { parts, type PartName } from './supervise/parts.ts';
import { ProcessRegister } from './supervise/process-register.ts';
import { startTimeOf, stopProcess } from './supervise/processes.ts';
import { runScript, say } from './supervise/report.ts';
import { prepareState, readSettings, root } from './supervise/settings.ts';

await runScript(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const settings = readSettings();
  if (!Object.hasOwn(parts(settings), name)) {
    say('Usage: node scripts/part.ts sandbox|worker|receiver');
    return 2;
  }
  const part = parts(settings)[name as PartName];
  const isDemo = name === 'sandbox' || process.env.HOLDPOINT_PROFILE === 'demo';
  const register = new ProcessRegister(settings.stateDir);
  const running = register.running()[name];
  if (isDemo && running) {
    say(`The ${name} runs already: process ${running.pid}.`);
    return 0;
  }
  if (isDemo) await prepareState(settings);
  // A process group of its own: Ctrl-C would otherwise reach it twice, from the terminal and from here, and the second one kills it.
  const child = spawn(process.execPath, [part.file, ...args], { cwd: root, env: isDemo ? settings.environment : process.env, stdio: 'inherit', detached: true });
  const { pid = 0 } = child;
  const identity = { pid, startTime: startTimeOf(pid) ?? '' };
  if (isDemo) register.add(name, { ...identity, command: `node ${part.file}` });
  const signal = interruption();
  signal.addEventListener('abort', () => void stopProcess(identity));
  const status = await new Promise<number>((resolve) => child.once('exit', (code, ending) => resolve(code ?? 128 + constants.signals[ending ?? 'SIGKILL'])));
  register.remove(name, identity);
  return status;
});
