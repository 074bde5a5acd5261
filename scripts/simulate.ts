/** `holdpoint simulate`: plays a story and prints its timeline. A process of its own, for the product never imports the stand-in. */
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { readInputFile } from '../starters/cli/commands/start.ts';
import { CommandError, ExitCode } from '../starters/cli/exit.ts';
import { complain, note, print, printJson } from '../starters/cli/output.ts';
import { InputError, runbooks } from '../starters/runbooks.ts';
import { simulate, StoryError, type Simulation } from './simulate/simulation.ts';
import { readStory } from './simulate/story-file.ts';
import { clockText, minutesOf } from './simulate/timeline.ts';
import { timelineSvg } from './simulate/timeline-svg.ts';
import { timelineText } from './simulate/timeline-text.ts';
import { root } from './supervise/settings.ts';

async function main(): Promise<ExitCode> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { input: { type: 'string' }, story: { type: 'string' }, svg: { type: 'string' }, json: { type: 'boolean' } } });
  const runbook = runbooks.find(({ name }) => name === positionals[0]);
  if (!runbook) throw new CommandError(ExitCode.Usage, `There is no runbook ${positionals[0] ?? ''}`, `These can be simulated: ${runbooks.map(({ name }) => name).join(', ')}.`);
  const story = readStory(values.story ?? '');
  const input = values.input === undefined ? {} : await readInputFile(values.input);
  if (!existsSync(`${root}/.cache/bin/temporal-test-server`)) throw new CommandError(ExitCode.Refused, 'Temporal\'s time-skipping server is not built', 'Run `node scripts/bootstrap.mjs test`: it builds it once (Java and Maven are needed).');
  note('The story is played …');
  const simulation = await simulate(runbook, input as Record<string, unknown>, story);
  if (values.svg !== undefined) writeFileSync(values.svg, timelineSvg(simulation));
  if (values.json) printJson(asJson(simulation));
  else print(timelineText(simulation));
  if (simulation.outcome === 'timedOut') return ExitCode.TimedOut;
  return simulation.unmet.length === 0 ? ExitCode.Done : ExitCode.Refused;
}

function asJson({ entries, lengthMs, ...simulation }: Simulation): object {
  return { ...simulation, lengthMinutes: minutesOf(lengthMs), entries: entries.map(({ atMs, untilMs, kind, text, run }) => ({ at: clockText(atMs), atMinutes: minutesOf(atMs), ...(untilMs !== undefined && { untilMinutes: minutesOf(untilMs) }), kind, text, run })) };
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExpected = error instanceof CommandError || error instanceof StoryError || error instanceof InputError || error instanceof ApplicationFailure;
  complain(isExpected ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error), error instanceof CommandError ? error.advice : undefined);
  process.exitCode = error instanceof CommandError ? error.exitCode : isExpected ? ExitCode.Usage : ExitCode.Refused;
}
