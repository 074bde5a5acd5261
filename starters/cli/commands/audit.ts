import type { Client } from '@temporalio/client';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { readEstate } from '../../../activities/estate/estate-file.ts';
import { KeyRingError } from '../../../activities/record/key-ring.ts';
import { isContainerUrl } from '../../../activities/record/write-once-store.ts';
import { readPlatformConfiguration, readRecordConfiguration, type RecordConfiguration } from '../../../workers/configuration.ts';
import { platformSettings } from '../../../workers/platform-settings.ts';
import { auditText } from '../../audit/audit-text.ts';
import { runAudit, type AuditRequest } from '../../audit/audit.ts';
import { openRecord, type OpenedRecord } from '../../audit/open-record.ts';
import { readPeriod } from '../../audit/period.ts';
import { readDeployments } from '../../audit/production-changes.ts';
import { createLazyClient, isUnanswered } from '../../temporal-connection.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { print, printJson } from '../output.ts';
import { reachingPlatform } from '../platform-errors.ts';
import type { AuditCommandOptions } from '../command-options.ts';

/** Examines the record: of one run, of a period of production, or all of it. Findings are exit code 1. */
export async function audit(workflowId: string | undefined, { period: text, environment, platform: asksPlatform, verify = false, json }: AuditCommandOptions): Promise<void> {
  if (workflowId === undefined && text === undefined && !verify) throw new CommandError(ExitCode.Usage, 'Nothing to audit', 'Name a run, or a period such as --period 2026-11, or verify the whole record with --verify.');
  if (workflowId !== undefined && text !== undefined) throw new CommandError(ExitCode.Usage, 'A run or a period, not both', 'Leave one of them out: a run is audited whole, whenever it changed something.');
  const configuration = configured(() => readRecordConfiguration());
  const record = await opened(configuration);
  const period = text === undefined ? undefined : { ...periodOf(text), environment };
  const notes: string[] = [];
  if (period && !asksPlatform) notes.push('The platform was not asked: changes that no run has recorded are not found.');
  const request: Omit<AuditRequest, 'client'> = { record, workflowId, verify, notes, ...(period && { period, ...(asksPlatform && { platform: await readPlatform() }) }) };
  const result = verify ? await withHistory(configuration, notes, (client) => runAudit({ ...request, client })) : await runAudit(request);
  if (workflowId !== undefined && result.runs.length === 0 && result.findings.length === 0) throw new CommandError(ExitCode.NotFound, `The record has no run ${workflowId}`, `It is in ${record.location} and has ${record.blocks.length} blocks; HOLDPOINT_RECORD names another.`);
  if (json) printJson(result);
  else print(auditText(result));
  if (result.findings.length > 0) process.exitCode = ExitCode.Refused;
}

async function opened(configuration: RecordConfiguration): Promise<OpenedRecord> {
  // For a container of Azure Blob Storage only; the project of Azure DevOps is not needed for that.
  const platform = [configuration.recordLocation, configuration.anchorsLocation].some(isContainerUrl) ? configured(() => readPlatformConfiguration(), 'The record is in Azure Blob Storage, and these are the variables of the record worker.') : null;
  try {
    return await reachingPlatform(`The record at ${configuration.recordLocation} could not be read`, platform ?? {}, async () => await openRecord(configuration, () => platformSettings(platform!, { azureDevOps: { project: '' } })));
  } catch (error) {
    if (error instanceof KeyRingError) throw new CommandError(ExitCode.Usage, error.message, 'The record can be believed only with the public keys that it was signed with.');
    throw error;
  }
}

async function readPlatform(): Promise<NonNullable<AuditRequest['platform']>> {
  const withoutIt = '--no-platform audits the record alone, and so misses what no run has recorded.';
  const configuration = configured(() => readPlatformConfiguration(), `These are the variables of the worker. ${withoutIt}`);
  try {
    return await reachingPlatform('Production could not be read', configuration, async () => {
      const estate = await readEstate(configuration.estateFile);
      return { deployments: await readDeployments(createAzureMlClients(platformSettings(configuration, estate)), estate), workspace: estate.azure.workspaces.production };
    });
  } catch (error) {
    throw error instanceof CommandError ? new CommandError(error.exitCode, error.message, [error.advice, withoutIt].filter(Boolean).join('\n')) : error;
  }
}

/** Temporal need not be there: the record stands by itself, and the report says what was not compared. */
async function withHistory<T>(configuration: RecordConfiguration, notes: string[], work: (client?: Client) => Promise<T>): Promise<T> {
  const client = createLazyClient(configuration);
  const unanswered = `Temporal does not answer at ${configuration.temporalAddress}: the history was not compared with the record.`;
  try {
    await client.connection.ensureConnected();
  } catch {
    await client.connection.close();
    notes.push(unanswered);
    return await work();
  }
  try {
    return await work(client);
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    notes.push(unanswered);
    return await work();
  } finally {
    await client.connection.close();
  }
}

function periodOf(text: string): { from: string; to: string } {
  const period = readPeriod(text);
  if (period === null) throw new CommandError(ExitCode.Usage, `${text} is no period`, 'Write a year, a month (2026-11), a day (2026-11-21), or from..to with any of these or instants.');
  return period;
}
