import picocolors from 'picocolors';
import { ConfigurationError } from '../../workers/configuration.ts';
import { Interrupted } from './interruption.ts';
import { addresses, type Settings } from './settings.ts';
import { PartFailed } from './start-part.ts';
import type { StartOptions } from './start-all.ts';

/** Says something to people, on standard error: standard output belongs to `--json` and to results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One line for each part that is healthy. */
export const sayHealthy: StartOptions['onHealthy'] = (part, seconds, reused) =>
  say(`${picocolors.green('✓')} ${part.padEnd(8)} ${picocolors.dim(reused ? 'runs already' : `healthy after ${seconds.toFixed(1)} s`)}`);

/** Where everything is. */
export function sayAddresses(settings: Settings): void {
  const { temporal, ui, receiver, sandbox, stateDir } = addresses(settings);
  const lines = [
    ['approval inbox', `${receiver}/inbox`],
    ['Temporal Web UI', ui],
    ['Temporal', temporal],
    ['receiver', receiver],
    ['stand-in', sandbox],
    ['state and logs', stateDir],
  ];
  say(lines.map(([name = '', value = '']) => `  ${name.padEnd(16)} ${picocolors.bold(value)}`).join('\n'));
}

/** Runs a script's main function: its result is the exit status, and what people can mend is said without a stack. */
export async function runScript(main: () => Promise<number>): Promise<never> {
  // A terminal or a pipe that goes away must not end a script that has parts to stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exit(await main());
  } catch (error) {
    if (error instanceof Interrupted) process.exit(130);
    say(error instanceof PartFailed || error instanceof ConfigurationError ? picocolors.red(error.message) : String(error instanceof Error ? error.stack : error));
    process.exit(1);
  }
}
