import { setTimeout as sleep } from 'node:timers/promises';
import { registryFolder, blobNameOf } from '../azure-resource-manager/asset-uri.ts';
import { writeVersion } from '../azure-resource-manager/assets.ts';
import { planOf } from '../azure-resource-manager/command-job.ts';
import type { ArmBody } from '../azure-resource-manager/resources.ts';
import type { SandboxContext } from '../core/context.ts';
import { DEV_WORKSPACE, LOCATION, machineLearningId, REGISTRY } from '../core/tenancy.ts';
import { isTerminal } from '../jobs/job-runs.ts';
import type { JobRun } from '../jobs/job-runs.ts';
import { DEFAULT_CIRCUIT, deploymentName, endpointName, FIRST_SETTINGS, modelName, seedJobName } from './estate.ts';
import type { Circuit } from './estate.ts';
import { SERVING_WORKSPACES, workspaceGuid } from './workspaces.ts';

const VERSION = '1';
const DEV = machineLearningId(`workspaces/${DEV_WORKSPACE}`);

/**
 * Trains, registers and deploys version 1 of a circuit's model, as a release would. Each step is left out when it has been done,
 * so that a seeding which was cut short goes on.
 */
export async function seedFirstModel(context: SandboxContext, circuit: Circuit, signal: AbortSignal): Promise<void> {
  const { jobs, resources, blobs } = context;
  const name = modelName(circuit);
  const job = seedJobName(circuit);
  if (!jobs.runs.get(DEV_WORKSPACE, job)) submitTraining(context, circuit, job);
  const run = await ended(context, job, signal);
  if (run.status !== 'Completed') throw new Error(`the training of ${name} ended ${run.status}: ${run.error?.message ?? ''}`);

  const modelUri = `azureml://jobs/${job}/outputs/model`;
  const tags = { run: 'seed', training_job: job, ...measured(context, run) };
  writeVersion(resources, `${DEV}/models/${name}/versions/${VERSION}`, { properties: { modelType: 'custom_model', modelUri, tags } });
  blobs.copyFolder(blobNameOf(resources, modelUri, DEV_WORKSPACE) ?? '', registryFolder(REGISTRY, name, VERSION));
  const source = `azureml://locations/${LOCATION}/workspaces/${workspaceGuid(DEV_WORKSPACE)}/models/${name}/versions/${VERSION}`;
  writeVersion(
    resources,
    machineLearningId(`registries/${REGISTRY}/models/${name}/versions/${VERSION}`),
    { properties: { modelType: 'custom_model', modelUri: source, tags } },
    { provisioningState: 'Succeeded' },
  );
  for (const workspace of SERVING_WORKSPACES) deploy(context, circuit, workspace);
}

function submitTraining({ resources, jobs }: SandboxContext, circuit: Circuit, job: string): void {
  const body: ArmBody = {
    properties: {
      jobType: 'Command',
      displayName: job,
      experimentName: `train-${modelName(circuit)}`,
      command: `node train.ts --data \${{inputs.data}} --location "${circuit.location}" --column ${circuit.column} --output \${{outputs.model}}`,
      codeId: `${DEV}/codes/sensor-training/versions/1`,
      environmentId: `${DEV}/environments/sensor-env/versions/1`,
      computeId: `${DEV}/computes/cpu-cluster`,
      environmentVariables: { TRAINING_CONFIG: JSON.stringify(FIRST_SETTINGS) },
      inputs: { data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', mode: 'ReadOnlyMount' } },
      outputs: {
        model: {
          jobOutputType: 'custom_model',
          mode: 'ReadWriteMount',
          uri: `azureml://datastores/workspaceblobstore/paths/models/${modelName(circuit)}/${job}`,
        },
      },
      tags: { run: 'seed' },
    },
  };
  resources.write(`${DEV}/jobs/${job}`, body);
  jobs.submit(DEV_WORKSPACE, job, planOf(body, job));
}

async function ended({ jobs }: SandboxContext, job: string, signal: AbortSignal): Promise<JobRun> {
  for (;;) {
    const run = jobs.runs.get(DEV_WORKSPACE, job);
    if (run && isTerminal(run.status)) return run;
    await sleep(50, undefined, { signal });
  }
}

/** What a release notes in the tags of a model version: its quality and how long its training took. */
function measured({ mlflow }: SandboxContext, { workspace, name, startTimeUtc = '', endTimeUtc = '' }: JobRun): Record<string, string> {
  const metrics = mlflow.metricsOf(workspace, name).filter(({ key }) => ['mae', 'rmse', 'r2'].includes(key));
  const quality = Object.fromEntries(metrics.map(({ key, value }) => [key, String(value)]));
  return { ...quality, training_ms: String(Date.parse(endTimeUtc) - Date.parse(startTimeUtc)) };
}

/** Lets a circuit's deployment serve version 1 of its own model, or of another circuit's. */
export function deploy({ resources }: SandboxContext, circuit: Circuit, workspace: string, served: Circuit = circuit): void {
  const workspaceId = machineLearningId(`workspaces/${workspace}`);
  const endpointId = `${workspaceId}/batchEndpoints/${endpointName(circuit.plant)}`;
  const name = deploymentName(circuit);
  const deployment: ArmBody = {
    location: LOCATION,
    tags: { model_version: VERSION, previous_version: '', released_by: 'seed', run: 'seed' },
    properties: {
      model: { referenceType: 'Id', assetId: `azureml://registries/${REGISTRY}/models/${modelName(served)}/versions/${VERSION}` },
      environmentId: `${workspaceId}/environments/sensor-env/versions/1`,
      codeConfiguration: { codeId: `${workspaceId}/codes/sensor-scoring/versions/1`, scoringScript: 'score.ts' },
      compute: `${workspaceId}/computes/cpu-cluster`,
      miniBatchSize: 10,
      errorThreshold: -1,
      maxConcurrencyPerInstance: 1,
      outputAction: 'AppendRow',
      outputFileName: 'predictions.csv',
      retrySettings: { maxRetries: 3, timeout: 'PT30S' },
      loggingLevel: 'Info',
      resources: { instanceCount: 1 },
    },
  };
  resources.write(`${endpointId}/deployments/${name}`, deployment, { provisioningState: 'Succeeded' });
  if (circuit.name === DEFAULT_CIRCUIT) resources.set(endpointId, { defaults: { deploymentName: name } });
}
