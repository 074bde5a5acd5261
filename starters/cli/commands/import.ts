import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { readAzureConfiguration } from '../../../workers/configuration.ts';
import { platformSettings } from '../../../workers/platform-settings.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { importApi, projectNames } from '../../import/azure-devops-rest.ts';
import { checkedDraft, type CheckedDraft } from '../../import/draft-text.ts';
import { buildDraft, type Draft } from '../../import/draft.ts';
import { ImportError, readInventory } from '../../import/inventory.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { note, print, printJson } from '../output.ts';
import { isSignIn, platformError } from '../platform-errors.ts';
import type { ImportCommandOptions } from '../command-options.ts';

/** Said with every draft. */
const unverified = 'Never run against a live Azure DevOps: its answers are taken from its documentation. Read the draft before you use it.';

/** Drafts an estate from a project of Azure DevOps; it only reads there, and overwrites no file unasked. */
export async function importAzureDevOps({ project: named, out, force, json }: ImportCommandOptions): Promise<void> {
  const configuration = configured(readAzureConfiguration, 'These are the variables of the worker: AZURE_DEVOPS_URL is the organisation, https://dev.azure.com/<organisation>.');
  if (out !== undefined && !force && existsSync(out)) throw exists(out);
  const organisation = configuration.AZURE_DEVOPS_URL;
  let draft: Draft;
  try {
    const { rest } = createAzureDevOpsClients(platformSettings(configuration, { azureDevOps: { project: named ?? '' } }));
    const api = importApi(rest, named ?? onlyOne(await projectNames(rest), organisation), organisation);
    draft = await buildDraft(await readInventory(api), api);
  } catch (error) {
    throw explained(error, named ?? 'it', organisation, configuration);
  }
  const checked = checkedDraft(draft, { organisation, file: out ?? 'estate.yml' });
  if (out !== undefined) await writeFile(out, checked.text, { flag: force ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => { throw error.code === 'EEXIST' ? exists(out) : new CommandError(ExitCode.Refused, `${out} cannot be written (${error.code ?? error.message})`, 'Give --out a file in a folder that is there and that you may write to.'); });
  if (json) printJson(report(draft, checked, { organisation, out }));
  else show(draft, checked, out);
  // A draft without what nobody may read is there, but not whole.
  if (draft.refused.length > 0) process.exitCode = ExitCode.Refused;
}

/** The shape of `--json`. `draft`: its text, where it did not go to a file. */
function report({ project, counts, unmapped, refused }: Draft, { text, toFill, problems }: CheckedDraft, { organisation, out }: { organisation: string; out: string | undefined }): object {
  return { organisation, project, verified: false, file: out ?? null, isValid: toFill.length === 0 && problems.length === 0, read: counts, toFill, problems, unmapped, refused, ...(out === undefined && { draft: text }) };
}

/** The draft alone on standard output, or a report of it where it went to a file; what is missing always where people read. */
function show({ counts, unmapped, refused }: Draft, { text, toFill, problems }: CheckedDraft, out: string | undefined): void {
  const say = out === undefined ? note : print;
  if (out === undefined) print(text.trimEnd());
  const { pipelines, releases, environments, people, groups, circuits } = counts;
  say(`${out === undefined ? 'Drafted' : `${out}: drafted`} from ${pipelines} pipelines, ${releases} classic releases, ${environments} environments; it has ${people} people, ${groups} groups and ${circuits} circuits.`);
  say(toFill.length === 0 ? 'Nothing is left to fill in.' : `To fill in, ${toFill.length}:\n${toFill.map(({ line, field, what }) => `  line ${line}, ${field}: ${what}`).join('\n')}`);
  if (problems.length > 0) say(`The estate's validation objects as well:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  if (unmapped.length > 0) say(`Not mapped, ${unmapped.length}:\n${unmapped.map(({ what, why }) => `  ${what}: ${why}`).join('\n')}`);
  if (refused.length > 0) say(`Not read, for want of a permission:\n${refused.map(({ what, permission, reason }) => `  ${what}: ${permission} (${reason})`).join('\n')}`);
  note(unverified);
}

function onlyOne(projects: readonly string[], organisation: string): string {
  const [only] = projects;
  if (only === undefined) throw new CommandError(ExitCode.NotFound, `${organisation} has no project that the sign-in sees`, 'docs/import.md lists what the sign-in must be allowed.');
  if (projects.length > 1) throw new CommandError(ExitCode.Usage, `${organisation} has ${projects.length} projects: ${projects.slice(0, 20).join(', ')}${projects.length > 20 ? ', …' : ''}`, 'Say which with --project <name>.');
  return only;
}

function exists(out: string): CommandError {
  return new CommandError(ExitCode.Refused, `${out} is there already, and was left as it is`, 'Give another --out, or overwrite it with --force.');
}

function explained(error: unknown, project: string, organisation: string, configuration: ReturnType<typeof readAzureConfiguration>): unknown {
  if (error instanceof CommandError) return error;
  if (error instanceof ImportError) return new CommandError(error.kind === 'notFound' ? ExitCode.NotFound : ExitCode.Refused, error.message, error.kind === 'notFound' ? `Is ${project} a project of ${organisation} (AZURE_DEVOPS_URL), and is the sign-in a member of it?` : 'docs/import.md lists what the sign-in must be allowed.');
  if (!(error instanceof ApplicationFailure) || isSignIn(error)) return platformError(error, `Azure DevOps at ${organisation} was not asked`, configuration);
  if (error.type === FailureType.Unavailable || error.type === FailureType.Throttled) return new CommandError(ExitCode.Refused, `Azure DevOps does not answer at ${organisation}: ${error.message}`, 'Try again.');
  return new CommandError(ExitCode.Refused, error.message);
}
