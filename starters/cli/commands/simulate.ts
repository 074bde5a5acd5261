import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runbooks } from '../../runbooks.ts';
import { CommandError, ExitCode } from '../exit.ts';
import type { SimulateCommandOptions } from '../command-options.ts';

const player = fileURLToPath(new URL('../../../scripts/simulate.ts', import.meta.url));
/** What the Java server says of its own logging at each start. */
const ofNoUse = /^SLF4J: /;

/** Plays a story in a process of its own, which ends with the command's exit code: it runs the stand-in, and that is no part of the product. */
export async function simulate(name: string, { input, story, svg, json }: SimulateCommandOptions): Promise<void> {
  if (!runbooks.some((known) => known.name === name)) throw new CommandError(ExitCode.Usage, `There is no runbook ${name}`, `These can be simulated: ${runbooks.map((known) => known.name).join(', ')}.`);
  const options = [...(input === undefined ? [] : ['--input', input]), '--story', story, ...(svg === undefined ? [] : ['--svg', svg]), ...(json ? ['--json'] : [])];
  const child = spawn(process.execPath, [player, name, ...options], { stdio: ['inherit', 'inherit', 'pipe'] });
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!ofNoUse.test(line)) process.stderr.write(`${line}\n`);
  });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? ExitCode.Refused));
  });
}
