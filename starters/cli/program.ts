/** The commands and their options. Each command's code is imported when it is called, so that help and errors come at once. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';

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

export interface AuditCommandOptions extends JsonOption {
  period?: string;
  environment: string;
  /** False with `--no-platform`. */
  platform: boolean;
  verify?: boolean;
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

  program.command('audit').description('what the record says: of one run, of a period of production, or whether all of it is whole').argument('[id]', 'a run, such as releaseModel:P001:C001:42-3f2a91c0')
    .option('--period <period>', 'every change of production in a year, month or day, in UTC: 2026-11, or from..to')
    .addOption(new Option('--environment <environment>', 'of the period').choices(['production']).default('production'))
    .option('--no-platform', 'do not ask the platform for changes that no run has recorded')
    .option('--verify', 'check every signature, and compare with the history as long as it exists').addOption(json())
    .action(async (id: string | undefined, options: AuditCommandOptions) => (await import('./commands/audit.ts')).audit(id, options));

  const keys = program.command('keys').description('the keys that decisions and the record are signed with');
  keys.command('list', { isDefault: true }).description('which sign, and which still verify').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/keys.ts')).listKeys(options));
  keys.command('mint').description('make those that are missing').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/keys.ts')).mint(options));
  keys.command('rotate').description('let a new key sign; older ones go on verifying').addArgument(new Argument('<which>', 'whose key').choices(['decisions', 'record'])).addOption(json())
    .action(async (which: 'decisions' | 'record', options: JsonOption) => (await import('./commands/keys.ts')).rotate(which, options));

  return program;
}

function seconds(value: string): number {
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed <= 0) throw new InvalidArgumentError('It must be a number of seconds above 0.');
  return parsed;
}
