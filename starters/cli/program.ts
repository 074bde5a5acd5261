/** The commands and their options. Each command's code is imported when it is called, so that help and errors come at once. */
import { Argument, Command, Option } from 'commander';
import type { Verdict } from '../../workflows/domain/answer.ts';
import { holdpoint } from '../command-line.ts';
import type { ApplySchedulesOptions, TendScheduleOptions } from './commands/schedules.ts';
import type { AnswerCommandOptions, AttachCommandOptions, AuditCommandOptions, CancelCommandOptions, DecideCommandOptions, DecisionCommandOptions, FreezesCommandOptions, ImportCommandOptions, IncidentCommandOptions, JsonOption, ListCommandOptions, NowCommandOptions, OverrideFreezeCommandOptions, ShowCommandOptions, SignInCommandOptions, SimulateCommandOptions, StartCommandOptions } from './command-options.ts';
import { CommandError, ExitCode } from './exit.ts';
import { minutes, seconds, webAddress } from './option-values.ts';

const json = (): Option => new Option('--json', 'print JSON on standard output');
const evidence = (): Option => new Option('--evidence <digest>', 'digest of the evidence that was looked at, as the card shows it');
const timeout = (): Option => new Option('--timeout <seconds>', 'how long to wait for a worker to take an answer (default: 30, and 120 for each of many)').argParser(seconds);
const person = '--as <person>';
const yes = (): Option => new Option('--yes', 'decide without asking; needed where no terminal is there to ask on');
const dryRun = (): Option => new Option('--dry-run', 'show what would be decided, and send nothing');
const runId = ['<id>', 'the run, such as releaseModel:P001:C001:42-3f2a91c0'] as const;

export function createProgram(): Command {
  const program = new Command('holdpoint')
    .description('Durable runbooks with hold points: start them, see where they stand, answer their gates.')
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 not found, 4 Temporal or the receiver unreachable, 5 timed out or not all runs answered.\nEnvironment: TEMPORAL_ADDRESS or TEMPORAL_PORT, TEMPORAL_NAMESPACE, TEMPORAL_UI_URL, HOLDPOINT_INBOX_URL, NO_COLOR.');

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

  program.command('show').description('one run: where it stands, what it asks, how it ended').argument(...runId)
    .option('--run <runId>', 'this run of the id and not the latest').addOption(json())
    .action(async (id: string, options: ShowCommandOptions) => (await import('./commands/show.ts')).show(id, options));

  program.command('now').description('one screen about one target: what serves, what changed last, what runs, what is asked, and what to do first; without a target: what needs a person now')
    .argument('[target]', 'such as P001/C001').option(person, 'whose answers to look for; not needed after sign-in').addOption(json())
    .action(async (target: string | undefined, options: NowCommandOptions) => {
      const { now, nowEverywhere } = await import('./commands/now.ts');
      await (target === undefined ? nowEverywhere(options) : now(target, options));
    });

  program.command('sign-in').description('sign in at the receiver, so that your decisions from here are signed in your name')
    .addOption(new Option('--receiver <url>', 'its address (default: HOLDPOINT_INBOX_URL, else this machine)').argParser(webAddress)).addOption(json())
    .action(async (options: SignInCommandOptions) => (await import('./commands/sign-in.ts')).signIn(options));
  program.command('sign-out').description('end that').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/sign-in.ts')).signOut(options));

  const decision = (verdict: 'approve' | 'reject') => program.command(verdict)
    .description(`${verdict} the open gate of a run, or with --all of many`).argument('[id]', runId[1])
    .option('--gate <gate>', 'the gate, such as stage1; with --all only gates of this name, and rollback gates and those of no single circuit only so').option(person, `who ${verdict}s; not needed after sign-in`)
    .option('--all', 'all gates that wait, one decision for each on the evidence that the preview shows')
    .option('--target <pattern>', 'with --all: of these targets only, such as P001:C003 or P001:*')
    .option('--except <part...>', verdict === 'approve' ? 'with --all: targets that are left out; else parts of the change that the approval leaves out' : 'with --all: targets that are left out')
    .addOption(yes()).addOption(dryRun()).addOption(evidence()).addOption(timeout()).addOption(json());
  decision('approve').option('--comment <text>', 'a remark for the record').option('--effective-at <when>', 'the approval takes effect no sooner: 2026-11-24T09:00:00Z, or a length of time such as 4h')
    .action(async (id: string | undefined, options: DecisionCommandOptions) => await decideOneOrAll('approve', id, options));
  decision('reject').requiredOption('--reason <text>', 'why; the data scientist reads it')
    .action(async (id: string | undefined, options: DecisionCommandOptions) => await decideOneOrAll('reject', id, options));

  program.command('decide').description('decide the gates that a file lists, each with its own verdict').requiredOption('--file <file>', 'YAML or JSON: a list of {run, gate, verdict, comment, evidence}, or what --dry-run --json printed; - reads standard input')
    .option(person, 'who decides; not needed after sign-in').addOption(yes()).addOption(dryRun()).addOption(timeout()).addOption(json())
    .action(async (options: DecideCommandOptions) => (await import('./commands/bulk-file.ts')).decideFile(options));

  const other = (verdict: Verdict, description: string) => program.command(verdict).description(description).argument(...runId)
    .requiredOption('--gate <gate>', 'the gate, such as stage1').option(person, 'who you are; not needed after sign-in').addOption(timeout()).addOption(json())
    .action(async (id: string, options: AnswerCommandOptions) => (await import('./commands/answer.ts')).answer(id, verdict, options));
  other('withdraw', 'take back your own decision while the gate is open');
  other('delegate', 'name somebody who decides in your place').requiredOption('--to <person>', 'who decides instead').option('--until <when>', 'how long: an instant, or a length of time such as 8h; the whole gate when left out').option('--comment <text>', 'a remark for the record');
  other('defer', 'be reminded no sooner').requiredOption('--until <when>', 'an instant such as 2026-11-24T09:00:00Z, or a length of time such as 4h').option('--comment <text>', 'a remark for the record');
  other('check', 'answer an item of the checklist').requiredOption('--item <id>', 'the item').option('--comment <text>', 'what you found');
  other('bypass', 'break the glass: pass the gate alone in an incident; a review follows').requiredOption('--incident <id>', 'the incident').requiredOption('--reason <text>', 'why nobody could be waited for').addOption(evidence());

  program.command('cancel').description('stop a run; it undoes what it must').argument(...runId).option('--reason <text>', 'why; shown in the history').addOption(json())
    .action(async (id: string, options: CancelCommandOptions) => (await import('./commands/cancel.ts')).cancel(id, options));

  program.command('incident').description('act in an incident, or show it').argument('<id>', "the run, or the incident's own key")
    .addArgument(new Argument('[action]', 'left out: show it').choices(['acknowledge', 'assess', 'take-role', 'update', 'resolve', 'add-action', 'post-mortem']))
    .option(person, 'who you are; not needed after sign-in').option('--comment <text>', 'what you see, what is new, what resolved it, what is to be done, the root cause')
    .option('--severity <severity>', 'of an assessment: P0, P1, P2 or P3').option('--role <role>', 'commander, communications or scribe').option('--person <person>', 'who takes the role, or the action item; you, if left out')
    .addOption(timeout()).addOption(json())
    .action(async (id: string, action: string | undefined, options: IncidentCommandOptions) => (await import('./commands/incident.ts')).incident(id, action, options));

  program.command('freezes').description("the estate's freezes: which hold now, when each opens, and when it comes next").argument('[target]', 'a plant or a circuit, such as P001 or P001/C001')
    .option('--at <when>', 'as it will stand then: 2026-12-24T09:00:00Z, or a length of time such as 30d').addOption(json())
    .action(async (target: string | undefined, options: FreezesCommandOptions) => (await import('./commands/freezes.ts')).freezes(target, options));
  program.command('override-freeze').description('ask those who may to let a run go on in spite of the freeze that holds it').argument(...runId)
    .requiredOption('--reason <text>', 'why it cannot wait; on record').option(person, 'who asks, and so may not answer under four-eyes; not needed after sign-in').addOption(timeout()).addOption(json())
    .action(async (id: string, options: OverrideFreezeCommandOptions) => (await import('./commands/override-freeze.ts')).overrideFreeze(id, options));

  program.command('audit').description('what the record says: of one run, of a period of production, or whether all of it is whole').argument('[id]', 'a run, such as releaseModel:P001:C001:42-3f2a91c0')
    .option('--period <period>', 'every change of production in a year, month or day, in UTC: 2026-11, or from..to')
    .addOption(new Option('--environment <environment>', 'of the period').choices(['production']).default('production'))
    .option('--no-platform', 'do not ask the platform for changes that no run has recorded')
    .option('--verify', 'check every signature, and compare with the history as long as it exists').addOption(json())
    .action(async (id: string | undefined, options: AuditCommandOptions) => (await import('./commands/audit.ts')).audit(id, options));

  const schedules = program.command('schedules').description('what runs by itself, as the estate declares it');
  schedules.command('apply', { isDefault: true }).description('make them, bring them up to date, and remove what is declared no more; a paused one stays paused').option('--dry-run', 'change nothing, and tell what would change').addOption(json())
    .allowExcessArguments().action(async (options: ApplySchedulesOptions, { args: [unknown] }: Command) => (await import('./commands/schedules.ts')).schedules(options, unknown));
  schedules.command('list').description('as they are').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/schedules.ts')).showSchedules(options));
  schedules.command('pause').description('start no more runs').argument('<id>', 'the schedule').requiredOption('--reason <text>', 'why; shown with it').addOption(json())
    .action(async (id: string, options: TendScheduleOptions) => (await import('./commands/schedules.ts')).tendOne(id, 'pause', options));
  schedules.command('resume').description('go on').argument('<id>', 'the schedule').option('--reason <text>', 'why; shown with it').addOption(json())
    .action(async (id: string, options: TendScheduleOptions) => (await import('./commands/schedules.ts')).tendOne(id, 'resume', options));
  schedules.command('trigger').description('start a run now').argument('<id>', 'the schedule').addOption(json())
    .action(async (id: string, options: TendScheduleOptions) => (await import('./commands/schedules.ts')).tendOne(id, 'trigger', options));

  const keys = program.command('keys').description('the keys that decisions and the record are signed with');
  keys.command('list', { isDefault: true }).description('which sign, and which still verify').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/keys.ts')).listKeys(options));
  keys.command('mint').description('make those that are missing').addOption(json())
    .action(async (options: JsonOption) => (await import('./commands/keys.ts')).mint(options));
  keys.command('rotate').description('let a new key sign; older ones go on verifying').addArgument(new Argument('<which>', 'whose key').choices(['decisions', 'record'])).addOption(json())
    .action(async (which: 'decisions' | 'record', options: JsonOption) => (await import('./commands/keys.ts')).rotate(which, options));

  program.command('simulate').description('play a story: the real runbook on a clock that skips, with scripted people, delays and faults').argument('<runbook>', 'its name; `holdpoint runbooks` lists them')
    .option('--input <file>', 'JSON file with the input, or what of it the story does not make itself; - reads standard input').requiredOption('--story <file>', 'YAML: people, jobs, faults, events')
    .option('--svg <file>', 'also write the timeline as a picture').addOption(json())
    .action(async (name: string, options: SimulateCommandOptions) => (await import('./commands/simulate.ts')).simulate(name, options));

  const attach = program.command('attach').description('put Holdpoint in front of what exists already');
  attach.command('azure-pipelines').description('hold the stages of existing Azure pipelines that deploy to an environment, by a check of that environment')
    .requiredOption('--project <name>', 'the project of the environment').requiredOption('--environment <name>', 'the environment')
    .addOption(new Option('--mode <mode>', 'observe: stages pass at once, and what people would have said is recorded; enforce: stages wait').choices(['observe', 'enforce']).default('observe'))
    .addOption(new Option('--form <form>', 'callback: the decision is sent to Azure DevOps; polling: Azure DevOps asks for it every so often').choices(['callback', 'polling']).default('callback'))
    .addOption(new Option('--url <receiver>', 'where Azure DevOps reaches the receiver, such as https://holdpoint.example.com; kept when left out').argParser(webAddress))
    .addOption(new Option('--timeout <minutes>', 'how long Azure DevOps lets the check wait (default: 43200, of polling 1440)').argParser(minutes))
    .option('--remove', 'take the check away')
    .option('--print', 'change nothing, and print the settings for a person to fill in')
    .addOption(json())
    .action(async (options: AttachCommandOptions) => (await import('./commands/attach.ts')).attachAzurePipelines(options));

  const imports = program.command('import').description('draft an estate from what exists already; only reads');
  imports.command('azure-devops').description('from the pipelines, stages, environments, approvers, branches and workspaces of a project of Azure DevOps')
    .option('--project <name>', 'the project; the organisation is that of AZURE_DEVOPS_URL (default: its only project)')
    .option('--out <file>', 'write the draft here (default: standard output)').option('--force', 'overwrite that file')
    .addOption(json())
    .action(async (options: ImportCommandOptions) => (await import('./commands/import.ts')).importAzureDevOps(options));

  return program;
}

async function decideOneOrAll(verdict: 'approve' | 'reject', id: string | undefined, { all, gate, target, ...options }: DecisionCommandOptions): Promise<void> {
  if (all) {
    if (id !== undefined || options.evidence !== undefined || options.effectiveAt !== undefined) throw new CommandError(ExitCode.Usage, '--all takes no run, no --evidence and no --effective-at: each decision carries the evidence that the preview shows');
    return (await import('./commands/bulk.ts')).answerAll(verdict, { ...options, target, gate });
  }
  if (id === undefined) throw new CommandError(ExitCode.Usage, `${verdict} needs the run, or --all`);
  if (gate === undefined) throw new CommandError(ExitCode.Usage, `--gate <gate> is missing; \`${holdpoint} show ${id}\` shows what is open`);
  if (target !== undefined || options.yes || options.dryRun || (verdict === 'reject' && options.except)) throw new CommandError(ExitCode.Usage, `--target, --yes${verdict === 'reject' ? ', --except' : ''} and --dry-run go with --all`);
  return (await import('./commands/answer.ts')).answer(id, verdict, { ...options, gate });
}
