import { ApplicationFailure } from '@temporalio/common';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { readAttachConfiguration, type AttachConfiguration } from '../../../workers/configuration.ts';
import { platformSettings } from '../../../workers/platform-settings.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { AttachError } from '../../attach/attach-error.ts';
import { attachCheck, detachCheck, type Attached, type AttachOptions } from '../../attach/azure-pipelines.ts';
import { formFields, longestTimeoutMinutes, minutesBetweenEvaluations, type CheckPlan } from '../../attach/check-settings.ts';
import { holdpoint } from '../../command-line.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { note, print, printJson } from '../output.ts';
import { isSignIn, platformError } from '../platform-errors.ts';
import type { AttachCommandOptions } from '../command-options.ts';

/** Said with every call: the API's address is documented, the settings of this kind of check are not. */
const unverified = 'The REST call for this kind of check was never made against a live Azure DevOps here: look at the check in the environment once, or fill it in by hand from `--print`.';
/** Of the polling form: a day, so that Azure DevOps asks every 144 minutes. */
const pollingTimeoutMinutes = 1_440;

/** Puts the product's check before an environment, changes its mode, or takes it away. */
export async function attachAzurePipelines({ project, environment, mode, form, url, timeout, remove, print: printOnly, json }: AttachCommandOptions): Promise<void> {
  const configuration = configured(readAttachConfiguration, 'These are the variables of the worker and the receiver; with `npm run up` take those that it was started with.');
  const credentials = { user: configuration.HOLDPOINT_WEBHOOK_USER, password: configuration.HOLDPOINT_WEBHOOK_PASSWORD };
  const timeoutMinutes = timeout ?? (form === 'polling' ? pollingTimeoutMinutes : longestTimeoutMinutes);
  const options: AttachOptions = { project, environment, mode, form, url, timeoutMinutes, credentials, markKey: configuration.HOLDPOINT_SECRETS_KEY ?? configuration.AZURE_CLIENT_SECRET };
  if (printOnly) return showForm({ environment: { id: 0, name: environment }, mode, form, connection: '', timeoutMinutes }, url ?? '<address of the receiver>', credentials.user, json);

  try {
    const { rest } = createAzureDevOpsClients(platformSettings(configuration, { azureDevOps: { project } }));
    if (remove) return showRemoved(await detachCheck(rest, options), options, json);
    showAttached(await attachCheck(rest, options), options, json);
  } catch (error) {
    throw explained(error, options, configuration);
  }
}

function showAttached({ action, checkId, plan, connection, receiverUrl }: Attached, { project, environment, mode, form }: AttachOptions, json: true | undefined): void {
  const minutes = minutesBetweenEvaluations(plan);
  if (json) return printJson({ action, verified: false, project, environment: plan.environment, checkId, serviceConnection: plan.connection, serviceConnectionAction: connection.action, mode, form, url: receiverUrl, timeoutMinutes: plan.timeoutMinutes, minutesBetweenEvaluations: minutes });
  const did = { created: 'has a new check', changed: 'has its check changed', unchanged: 'has the check as wished already' }[action];
  print(`Environment ${environment} of ${project} ${did}: ${mode} mode, ${form === 'callback' ? 'callback' : `asked every ${minutes} minutes`}, at ${receiverUrl}.`);
  print(connection.action === 'unchanged' ? `Its service connection ${connection.name} is as wished already${action === 'unchanged' ? ': nothing was changed' : ''}.` : `Its service connection ${connection.name} was ${connection.action === 'created' ? 'made' : 'renewed, with the user, password and address of now'}.`);
  print(mode === 'observe' ? 'Its stages pass at once; people are asked, and what they would have said is recorded.' : 'Its stages wait until people have decided.');
  if (mode === 'observe') print(`When you trust it:  ${holdpoint} attach azure-pipelines --project ${project} --environment ${environment} --mode enforce`);
  if (receiverUrl.startsWith('http:')) note('The address is not HTTPS: password and token of each check would travel in the clear. That is for a receiver on this machine only.');
  note(unverified);
}

function showRemoved({ action, connection }: Awaited<ReturnType<typeof detachCheck>>, { project, environment }: AttachOptions, json: true | undefined): void {
  if (json) return printJson({ action, verified: false, project, environment, serviceConnectionWas: connection });
  print(action === 'removed' ? `Environment ${environment} of ${project} has no check of Holdpoint any more.` : `Environment ${environment} of ${project} had no check of Holdpoint.`);
  print(connection === 'removed' ? 'The service connection was removed too.' : connection === 'kept' ? 'The service connection stays: another environment uses it, or it was not made by this command.' : 'There was no service connection.');
}

/** The settings for a person: the environment's own id is filled in where it is known. */
function showForm(plan: CheckPlan, url: string, user: string, json: true | undefined): void {
  const fields = formFields(plan, url, user);
  if (json) return printJson({ action: 'printed', verified: false, fields: Object.fromEntries(fields) });
  for (const [field, value] of fields) print(`${field}:\n  ${value.replaceAll('\n', '\n  ')}`);
  note('Put the id of the environment, the number in the address of its page, in place of "environmentId" in the body.');
}

const attachExits = { notFound: ExitCode.NotFound, usage: ExitCode.Usage, refused: ExitCode.Refused } as const;

function explained(error: unknown, { project, environment }: AttachOptions, configuration: AttachConfiguration): unknown {
  const { AZURE_DEVOPS_URL: url } = configuration;
  if (error instanceof AttachError) return new CommandError(attachExits[error.kind], error.message);
  if (!(error instanceof ApplicationFailure) || isSignIn(error)) return platformError(error, `Azure DevOps at ${url} was not asked`, configuration);
  const byHand = `To do it by hand:  ${holdpoint} attach azure-pipelines --project ${project} --environment ${environment} --print`;
  if (error.type === FailureType.Unavailable || error.type === FailureType.Throttled) return new CommandError(ExitCode.Refused, `Azure DevOps does not answer at ${url}: ${error.message}`, 'Try again.');
  if (error.type === FailureType.NotFound) return new CommandError(ExitCode.NotFound, error.message, `Is ${project} a project of ${url}?`);
  if (error.type === FailureType.Unauthorized) return new CommandError(ExitCode.Refused, error.message, `The credential must be administrator of the environment and of the project's service connections.\n${byHand}`);
  return new CommandError(ExitCode.Refused, error.message, byHand);
}
