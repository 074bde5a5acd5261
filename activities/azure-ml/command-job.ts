/** Command jobs, under names that are keys. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, jobId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

/** Where a job keeps what its definition was, so that a job of the same name can be told from another's. */
const fingerprintProperty = 'holdpoint.fingerprint';

interface JobBody {
  properties: { properties?: Record<string, string> | null };
}

/**
 * Submits a job. Repeated, it takes the job of this name that is there already, compared by its fingerprint, and submits none.
 *
 * @param job `properties` in the vendor's words
 * @throws Conflict (not retried) when a job of this name has other contents
 */
export async function submitCommandJob(arm: RestClient, { workspace, jobName, key, properties }: { workspace: WorkspaceRef; jobName: string; key: StepKey; properties: Record<string, unknown> }): Promise<void> {
  const request = { url: jobId(workspace, jobName), query: { 'api-version': ApiVersion.MachineLearning } };
  const fingerprint = jsonDigest({ properties });
  if (await isThere(arm, request, fingerprint, jobName)) return;
  try {
    await arm.send({ method: 'PUT', ...request, body: { properties: { ...properties, properties: { [fingerprintProperty]: fingerprint, holdpoint_key: key.key } } } });
  } catch (error) {
    // "A job with this name already exists": an earlier write of this step arrived in between, or somebody else's; reading tells which.
    const exists = (isFailure(error, FailureType.InvalidRequest) || isFailure(error, FailureType.Busy)) && (await isThere(arm, request, fingerprint, jobName));
    if (!exists) throw error;
  }
  if (!(await isThere(arm, request, fingerprint, jobName))) throw vendorFailure(FailureType.Unavailable, `job ${jobName} cannot be read back yet`);
}

async function isThere(arm: RestClient, request: { url: string; query: Record<string, string> }, fingerprint: string, jobName: string): Promise<boolean> {
  try {
    const { body } = await arm.send<JobBody>({ method: 'GET', ...request });
    if (body.properties.properties?.[fingerprintProperty] === fingerprint) return true;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return false;
    throw error;
  }
  throw vendorFailure(FailureType.Conflict, `a job ${jobName} with other contents exists already; it was left alone`);
}
