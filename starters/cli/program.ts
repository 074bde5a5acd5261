/** The commands and their options. Each command's code is imported when it is called, so that help and errors come at once. */
import { Command, InvalidArgumentError, Option } from 'commander';

export interface JsonOption {
  json?: true;
}

export interface WaitOption {
  /** Seconds. */
  timeout: number;
}

export interface StartCommandOptions extends JsonOption {
  input: string;
  as?: string;
  again?: true;
  reason?: string;
  wait?: true;
}

export interface AnswerCommandOptions extends JsonOption, WaitOption {
  gate: string;
  as: string;
  /** Of an approval. */
  comment?: string;
  /** Of a rejection. */
  reason?: string;
  evidence?: string;
}

export interface CancelCommandOptions extends JsonOption {
  reason?: string;
}

export interface ListCommandOptions extends JsonOption {
  waiting?: true;
}

export interface AttachCommandOptions extends JsonOption {
  project: string;
  environment: string;
  mode: 'observe' | 'enforce';
  form: 'callback' | 'polling';
  /** Where Azure DevOps reaches the receiver. */
  url?: string;
  /** Minutes. */
  timeout?: number;
  remove?: true;
  print?: true;
}

const json = (): Option => new Option('--json', 'print JSON on standard output');
const evidence = (): Option => new Option('--evidence <digest>', 'digest of the evidence that was looked at, as the card shows it');
const timeout = (): Option => new Option('--timeout <seconds>', 'how long to wait for a worker to take the answer').argParser(seconds).default(30);
const person = '--as <person>';
const runId = ['<id>', 'the run, such as releaseModel:P001:C001:42-3f2a91c0'] as const;

export function createProgram(): Command {
  const program = new Command('holdpoint')
    .description('Durable runbooks with hold points: start them, see where they stand, answer their gates.')
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 not found, 4 Temporal unreachable, 5 timed out.\nEnvironment: TEMPORAL_ADDRESS or TEMPORAL_PORT, TEMPORAL_NAMESPACE, TEMPORAL_UI_URL, NO_COLOR.');

  program.command('runbooks').description('what can be started, and with which input').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/runbooks.ts')).showRunbooks(options));

  program.command('start').description('start a runbook').argument('<runbook>', 'its name; `holdpoint runbooks` lists them')
    .requiredOption('--input <file>', 'JSON file with the input; - reads standard input')
    .option(person, 'who starts it, and so may not approve it (default: the user of the operating system)')
    .option('--again', 'run once more what has ended before; needs --reason')
    .option('--reason <text>', 'why it is run again')
    .option('--wait', 'follow the run to its end; exit 1 unless it succeeds')
    .addOption(json())
    .action(async (name: string, options: StartCommandOptions) => (await import('./commands/start.ts')).start(name, options));

  program.command('list').description('runs, the newest first').option('--waiting', 'only those that wait for an answer now').addOption(json())
    .action(async (options: ListCommandOptions) => (await import('./commands/list.ts')).list(options));

  program.command('show').description('one run: where it stands, what it asks, how it ended').argument(...runId).addOption(json())
    .action(async (id: string, options: JsonOption) => (await import('./commands/show.ts')).show(id, options));

  program.command('approve').description('approve the open gate of a run').argument(...runId)
    .requiredOption('--gate <gate>', 'the gate, such as stage1').requiredOption(person, 'who approves')
    .option('--comment <text>', 'a remark for the record').addOption(evidence()).addOption(timeout()).addOption(json())
    .action(async (id: string, options: AnswerCommandOptions) => (await import('./commands/answer.ts')).answer(id, 'approve', options));

  program.command('reject').description('reject the open gate of a run').argument(...runId)
    .requiredOption('--gate <gate>', 'the gate, such as stage1').requiredOption(person, 'who rejects').requiredOption('--reason <text>', 'why; the data scientist reads it')
    .addOption(evidence()).addOption(timeout()).addOption(json())
    .action(async (id: string, options: AnswerCommandOptions) => (await import('./commands/answer.ts')).answer(id, 'reject', options));

  program.command('cancel').description('stop a run; it undoes what it must').argument(...runId).option('--reason <text>', 'why; shown in the history').addOption(json())
    .action(async (id: string, options: CancelCommandOptions) => (await import('./commands/cancel.ts')).cancel(id, options));

  const attach = program.command('attach').description('put Holdpoint in front of what exists already');
  attach.command('azure-pipelines').description('hold the stages of existing Azure pipelines that deploy to an environment, by a check of that environment')
    .requiredOption('--project <name>', 'the project of the environment').requiredOption('--environment <name>', 'the environment')
    .addOption(new Option('--mode <mode>', 'observe: stages pass at once, and what people would have said is recorded; enforce: stages wait').choices(['observe', 'enforce']).default('observe'))
    .addOption(new Option('--form <form>', 'callback: the decision is sent to Azure DevOps; polling: Azure DevOps asks for it every so often').choices(['callback', 'polling']).default('callback'))
    .option('--url <receiver>', 'where Azure DevOps reaches the receiver, such as https://holdpoint.example.com; kept when left out')
    .addOption(new Option('--timeout <minutes>', 'how long Azure DevOps lets the check wait (default: 43200, of polling 1440)').argParser(minutes))
    .option('--remove', 'take the check away')
    .option('--print', 'change nothing, and print the settings for a person to fill in')
    .addOption(json())
    .action(async (options: AttachCommandOptions) => (await import('./commands/attach.ts')).attachAzurePipelines(options));

  return program;
}

function minutes(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 43_200) throw new InvalidArgumentError('It must be a whole number of minutes from 1 to 43200.');
  return parsed;
}

function seconds(value: string): number {
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed <= 0) throw new InvalidArgumentError('It must be a number of seconds above 0.');
  return parsed;
}
