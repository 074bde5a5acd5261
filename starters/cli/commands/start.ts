import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { userInfo } from 'node:os';
import { InputError, parseInput, runbooks, type Runbook } from '../../runbooks.ts';
import { AlreadyStarted, StartRefused, startRunbook } from '../../start-runbook.ts';
import { within } from '../../temporal-connection.ts';
import { holdpoint } from '../../command-line.ts';
import { refuseClosed } from '../closed-run.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { follow } from '../follow.ts';
import { note, print, printJson } from '../output.ts';
import type { StartCommandOptions } from '../command-options.ts';
import { callMs, webUiLink, withTemporal, type Session } from '../session.ts';

/** Starts a runbook, and with `--wait` follows it to its end. */
export async function start(name: string, options: StartCommandOptions): Promise<void> {
  const runbook = runbooks.find((known) => known.name === name);
  if (!runbook) throw new CommandError(ExitCode.Usage, `There is no runbook ${name}`, `These can be started: ${runbooks.map((known) => known.name).join(', ')}.`);
  if (options.again && !options.reason) throw new CommandError(ExitCode.Usage, '--again needs --reason: the record says why a release was run once more');
  if (options.reason && !options.again) throw new CommandError(ExitCode.Usage, '--reason goes with --again only');
  const value = checked(runbook, await readInputFile(options.input));

  await withTemporal(async (session) => {
    const started = await startOrExplain(session, runbook, value, options);
    const link = webUiLink(session, started);
    if (!options.json) print(`Started ${started.workflowId}\n  ${link}`);
    if (!options.wait) return options.json ? printJson({ ...started, webUi: link }) : note(`\`${holdpoint} show ${started.workflowId}\` shows where it stands.`);

    const { status, outcome, result, failure } = await follow(session, started);
    if (options.json) printJson({ ...started, webUi: link, status, outcome, result });
    if (outcome === 'succeeded') return note(`${started.workflowId} succeeded.`);
    const why = (result as { reason?: string } | null)?.reason ?? failure ?? undefined;
    throw new CommandError(ExitCode.Refused, `${started.workflowId} ended as ${outcome ?? status}${why === undefined ? '' : `: ${why}`}`, `\`${holdpoint} show ${started.workflowId}\` tells more.`);
  });
}

async function startOrExplain(session: Session, runbook: Runbook, value: unknown, options: StartCommandOptions): Promise<{ workflowId: string; runId: string }> {
  try {
    const again = options.again ? { again: { reason: options.reason! } } : {};
    return await within(session.client, callMs, () => startRunbook(session.client, runbook, value, { startedBy: options.as ?? systemUser(), ...again }));
  } catch (error) {
    if (error instanceof StartRefused) throw new CommandError(ExitCode.Refused, error.message);
    if (!(error instanceof AlreadyStarted)) throw error;
    await refuseClosed(session, error.workflowId, 'it is not started a second time by itself').catch((refusal: unknown) => {
      throw refusal instanceof CommandError ? withAgainAdvice(refusal) : refusal;
    });
    throw new CommandError(ExitCode.Refused, `${error.workflowId} is running already`, `\`${holdpoint} show ${error.workflowId}\` shows where it stands; \`${holdpoint} cancel ${error.workflowId}\` stops it.`);
  }
}

function withAgainAdvice({ exitCode, message, advice }: CommandError): CommandError {
  return new CommandError(exitCode, message, `${advice}\nTo run it once more, add --again --reason "<why>".`);
}

export async function readInputFile(file: string): Promise<unknown> {
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(ExitCode.Usage, `The input cannot be read: ${error instanceof Error ? error.message : String(error)}`, `--input takes the path of a JSON file, or - for standard input: echo '{…}' | ${holdpoint} … --input -`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new CommandError(ExitCode.Usage, `${file === '-' ? 'Standard input' : file} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, `Names and texts stand in double quotes; \`${holdpoint} runbooks --json\` prints the schema of each input.`);
  }
}

/** Checked before anything is connected: a wrong field is told even while Temporal is away. */
function checked(runbook: Runbook, value: unknown): unknown {
  try {
    return parseInput(runbook, value);
  } catch (error) {
    throw error instanceof InputError ? new CommandError(ExitCode.Usage, error.message, `\`${holdpoint} runbooks --json\` prints the schema of each input.`) : error;
  }
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    throw new CommandError(ExitCode.Usage, 'The operating system does not tell who you are', 'Say it with --as <person>: who starts a release may not approve it.');
  }
}
