/** Invoking a batch endpoint: a POST without a key, made safe by searching for the run's own key first and by cancelling a late twin afterwards. */
import { activityInfo } from '@temporalio/activity';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { ArmClient } from '../azure-resource-manager/arm-client.ts';
import { ApiVersion, batchEndpointId } from '../azure-resource-manager/resource-ids.ts';
import { workspaceServices } from '../azure-resource-manager/workspace-services.ts';
import type { RestClient } from '../http/rest-client.ts';
import { settle } from '../settle.ts';
import { cancelJob } from './job-end.ts';

export interface BatchEndpointRef {
  workspace: WorkspaceRef;
  endpoint: string;
}

export interface InvokeBatchEndpointInput extends BatchEndpointRef {
  key: StepKey;
  deployment: string;
  /** `azureml://` URI of the readings to score. */
  dataUri: string;
  experimentName: string;
}

export interface Invocation {
  jobName: string;
  /** `azureml://` URI of the predictions; it carries the step's key. */
  outputUri: string;
  /** Whether an earlier attempt may have started another job that was not to be seen yet. */
  uncertain: boolean;
}

export interface CancelDuplicateInvocationsInput extends BatchEndpointRef {
  key: StepKey;
  /** The job that goes on; null: none does, for the run is being undone. */
  keep: string | null;
  /** How long a late twin is waited for, in milliseconds. */
  settleMs: number;
}

interface Clients {
  arm: ArmClient;
  scoring: RestClient;
}

export interface ListedJob {
  name: string;
  properties: { properties?: Record<string, string> | null; deploymentArmId?: string | null; status?: string };
  systemData?: { createdAt?: string };
}

const keyProperty = 'holdpoint_key';
/**
 * Lets a deployment score its input once, and answers the job that does it.
 *
 * Safe to retry because a job that carries this step's key is searched for before each POST and the oldest is taken; one that only shows later is found by
 * `cancelDuplicateInvocations`, and both would write to the same path.
 */
export async function invokeBatchEndpoint(clients: Clients, input: InvokeBatchEndpointInput): Promise<Invocation> {
  const { key, workspace, endpoint, deployment, dataUri, experimentName } = input;
  const outputUri = `azureml://datastores/workspaceblobstore/paths/inference/${key.key}/predictions.csv`;
  const uncertain = activityInfo().attempt > 1;
  const [oldest] = await jobsOf(clients, { workspace, endpoint }, key);
  if (oldest) return { jobName: oldest.name, outputUri, uncertain };

  const { body } = await clients.scoring.send<{ name: string }>({
    method: 'POST',
    url: await scoringUri(clients, { workspace, endpoint }),
    // The second header is what Microsoft's own client sends; whether the service heeds it is not known, so nothing here relies on it.
    headers: { 'azureml-model-deployment': deployment, 'repeatability_request-id': uuidOf(key) },
    body: {
      properties: {
        InputData: { readings: { JobInputType: 'UriFile', Uri: dataUri } },
        OutputData: { predictions: { JobOutputType: 'UriFile', Uri: outputUri } },
        properties: { experimentName, [keyProperty]: key.key },
      },
    },
  });
  return { jobName: body.name, outputUri, uncertain };
}

/**
 * Waits for late twins of an invocation and cancels every job of the step, but for one to keep.
 *
 * Safe to retry because cancelling twice is cancelling once.
 */
export async function cancelDuplicateInvocations(clients: Clients, { key, workspace, endpoint, keep, settleMs }: CancelDuplicateInvocationsInput): Promise<{ cancelled: string[] }> {
  await settle(settleMs);
  const twins = (await jobsOf(clients, { workspace, endpoint }, key)).filter(({ name }) => name !== keep);
  for (const { name } of twins) await cancelJob(clients, { workspace, jobName: name });
  return { cancelled: twins.map(({ name }) => name) };
}

/** The endpoint's jobs that carry the step's key, oldest first. */
async function jobsOf(clients: Clients, endpoint: BatchEndpointRef, { key }: StepKey): Promise<ListedJob[]> {
  return (await batchJobs(clients, endpoint)).filter(({ properties }) => properties.properties?.[keyProperty] === key);
}

/** The endpoint's jobs, oldest first. */
export async function batchJobs({ arm, scoring }: Clients, { workspace, endpoint }: BatchEndpointRef): Promise<ListedJob[]> {
  const { managementUrl } = await workspaceServices(arm, workspace);
  const found: ListedJob[] = [];
  let page: string | null | undefined = `${managementUrl}/batchEndpoints/${encodeURIComponent(endpoint)}/jobs?api-version=${ApiVersion.BatchScoringJobs}`;
  while (page) {
    const { body }: { body: { value: ListedJob[]; nextLink?: string | null } } = await scoring.send({ method: 'GET', url: page });
    found.push(...body.value);
    page = body.nextLink;
  }
  return found.sort((left, right) => Date.parse(left.systemData?.createdAt ?? '') - Date.parse(right.systemData?.createdAt ?? '') || 0);
}

/** The endpoint tells its own address; building it from names would break with the next region. */
async function scoringUri({ arm }: Clients, { workspace, endpoint }: BatchEndpointRef): Promise<string> {
  const { body } = await arm.send<{ properties: { scoringUri: string } }>({ method: 'GET', url: batchEndpointId(workspace, endpoint), query: { 'api-version': ApiVersion.MachineLearning } });
  return body.properties.scoringUri;
}

/** The step's key as a UUID, the same for each attempt. */
function uuidOf({ key }: StepKey): string {
  const digits = sha256Hex(key);
  return [digits.slice(0, 8), digits.slice(8, 12), `5${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`, digits.slice(20, 32)].join('-');
}
