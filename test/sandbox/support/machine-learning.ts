import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning';
import type { OperationSpec } from '@azure/core-client';
import { createSerializer } from '@azure/core-client';
import { ClientSecretCredential } from '@azure/identity';
import { BlobServiceClient } from '@azure/storage-blob';
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, DEV_WORKSPACE, machineLearningId, RESOURCE_GROUP, STORAGE_ACCOUNT, STORAGE_CONTAINER, SUBSCRIPTION_ID, TENANT_ID } from '../../../sandbox/core/tenancy.ts';
import { layGround } from '../../../sandbox/seed/seed.ts';
import { eventually, type StandIn } from './stand-in.ts';

const ANY = { type: { name: 'any' } } as never;

/** A resource as it is on the wire. */
export interface WireResource {
  id: string;
  name: string;
  tags?: Record<string, string>;
  properties: Record<string, unknown> & { status?: string; provisioningState?: string };
}

/** The real clients of machine learning, signed in at a stand-in whose workspaces exist; no model is trained. */
export class MachineLearningClients {
  readonly standIn: StandIn;

  constructor(standIn: StandIn) {
    this.standIn = standIn;
    layGround(standIn.context);
  }

  get credential(): ClientSecretCredential {
    return new ClientSecretCredential(TENANT_ID, CLIENT_ID, CLIENT_SECRET, { authorityHost: this.standIn.url, disableInstanceDiscovery: true });
  }

  get arm(): AzureMachineLearningWorkspaces {
    return new AzureMachineLearningWorkspaces(this.credential, SUBSCRIPTION_ID, {
      endpoint: this.standIn.url,
      credentialScopes: `${AUDIENCE.resourceManager}/.default`,
      retryOptions: { maxRetries: 0 },
    });
  }

  get container() {
    return new BlobServiceClient(`${this.standIn.url}/${STORAGE_ACCOUNT}`, this.credential, { retryOptions: { maxTries: 1 } }).getContainerClient(STORAGE_CONTAINER);
  }

  /** A request through the SDK's pipeline whose body and answer the SDK's models do not touch. */
  async raw<T = WireResource>(httpMethod: OperationSpec['httpMethod'], path: string, body?: object, apiVersion = '2022-10-01'): Promise<T> {
    const success = { bodyMapper: ANY };
    const answer: unknown = await this.arm.sendOperationRequest(body ? { body } : {}, {
      path: `${machineLearningId(path)}?api-version=${apiVersion}`,
      httpMethod,
      ...(body ? { requestBody: { parameterPath: 'body', mapper: ANY }, mediaType: 'json', contentType: 'application/json' } : {}),
      responses: { 200: success, 201: success, 202: success, 204: {}, default: { bodyMapper: ANY, isError: true } },
      serializer: createSerializer({}, false),
      baseUrl: this.standIn.url,
    });
    return (typeof answer === 'object' && answer !== null && 'body' in answer ? answer.body : answer) as T;
  }

  /** A token for a platform that has no client library. */
  async bearer(audience: string): Promise<Record<string, string>> {
    const { token } = (await this.credential.getToken(`${audience}/.default`)) ?? {};
    return { authorization: `Bearer ${token}` };
  }

  /** Puts a command job into the dev workspace. */
  async putJob(name: string, properties: object): Promise<WireResource> {
    return this.raw('PUT', `workspaces/${DEV_WORKSPACE}/jobs/${name}`, { properties: { ...COMMAND_JOB, ...properties } });
  }

  async jobStatus(name: string, workspace = DEV_WORKSPACE): Promise<string> {
    const { status } = await this.arm.jobs.get(RESOURCE_GROUP, workspace, name).then(({ properties }) => properties);
    return status ?? 'none';
  }

  async jobReaches(status: string, name: string, workspace = DEV_WORKSPACE): Promise<void> {
    await eventually(async () => (await this.jobStatus(name, workspace)) === status);
  }

  /** `/details` of the run history. */
  async details(name: string, workspace = DEV_WORKSPACE) {
    const path = `/history/v1.0${machineLearningId(`workspaces/${workspace}`)}/runs/${name}/details`;
    const { body } = await this.standIn.call<{ status: string; error?: { error: { code: string; message: string } }; logFiles: Record<string, string> }>(
      'GET', path, undefined, await this.bearer(AUDIENCE.resourceManager));
    return body;
  }

  /** The text of a job's log, by the address in the run history. */
  async log(name: string, workspace = DEV_WORKSPACE): Promise<string> {
    const { logFiles } = await this.details(name, workspace);
    return (await fetch(logFiles['user_logs/std_log.txt'] ?? '')).text();
  }

  /** What MLflow's REST API gives for a job's run. */
  async mlflowRun(name: string, workspace = DEV_WORKSPACE) {
    const path = `/mlflow/v2.0${machineLearningId(`workspaces/${workspace}`)}/api/2.0/mlflow/runs/get?run_id=${name}`;
    type Run = { run: { info: { status: string }; data: { metrics: { key: string; value: number; step: number }[]; params: { key: string; value: string }[] } } };
    const { body } = await this.standIn.call<Run>('GET', path, undefined, await this.bearer(AUDIENCE.resourceManager));
    return body.run;
  }
}

/** The least that a command job needs. */
export const COMMAND_JOB = {
  jobType: 'Command',
  command: 'echo done',
  environmentId: machineLearningId(`workspaces/${DEV_WORKSPACE}/environments/sensor-env/versions/1`),
  computeId: machineLearningId(`workspaces/${DEV_WORKSPACE}/computes/cpu-cluster`),
};

const WEATHER = { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv' };

/** The properties of a job that trains a model of Seattle's maximum temperature. */
export function trainingJob(name: string, hyperparameters: object) {
  return {
    command: 'node train.ts --data ${{inputs.data}} --location Seattle --column temp_max --output ${{outputs.model}}',
    codeId: machineLearningId(`workspaces/${DEV_WORKSPACE}/codes/sensor-training/versions/1`),
    environmentVariables: { TRAINING_CONFIG: JSON.stringify({ cutoff_date: '2015-06-30', hyperparameters }) },
    inputs: { data: WEATHER },
    outputs: { model: { jobOutputType: 'custom_model', uri: `azureml://datastores/workspaceblobstore/paths/models/P001-C001/${name}` } },
  };
}
