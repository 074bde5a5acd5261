import type { AzureMlClients } from './clients.ts';
import type { JobRef } from './job-end.ts';
import { jobId } from '../azure-resource-manager/resource-ids.ts';
import { runDetails, userLogUrl, withoutSignature, type RunDetails } from './run-history.ts';

/** A log is read up to this size. */
const longestLogBytes = 16 * 1024 * 1024;

/** What a job's own process wrote, with what the run history says of it. `log` null: it has none, as a job that never started; `logUri` is fit for history and for people. */
export async function readJobLog({ arm, blob }: Pick<AzureMlClients, 'arm' | 'blob'>, { workspace, jobName }: JobRef): Promise<{ details: RunDetails; log: string | null; logUri: string }> {
  const details = await runDetails(arm, workspace, jobName);
  const url = userLogUrl(details);
  return { details, log: url === null ? null : await blob.readSigned(url, longestLogBytes), logUri: url === null ? jobId(workspace, jobName) : withoutSignature(url) };
}
