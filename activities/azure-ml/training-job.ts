import type { CircuitConfig } from '../../workflows/domain/circuit-config.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import { trainingJobName, type StepKey } from '../../workflows/domain/keys.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import { ApiVersion, assetId, jobId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { trainingCommand } from './training-command.ts';

export interface SubmitTrainingJobInput {
  key: StepKey;
  policy: TargetPolicy;
  /** Model version that the job trains. */
  version: string;
  config: CircuitConfig;
  /** Asset id of the model in production, scored on the same hold-out; null when there is none. */
  productionModel: string | null;
  pullRequestId: number;
}

/** Where a job keeps what its definition was, so that a job of the same name can be told from another's. */
const fingerprintProperty = 'holdpoint.fingerprint';

interface JobBody {
  properties: { properties?: Record<string, string> | null };
}

/**
 * Submits the command job that trains a circuit's model, under a name made of the step's key.
 *
 * Safe to retry because the name is the key: a job that is there already is compared by its fingerprint and taken, never submitted again.
 *
 * @throws Conflict (not retried) when a job of this name has other contents
 */
export async function submitTrainingJob({ arm }: { arm: RestClient }, input: SubmitTrainingJobInput): Promise<{ jobName: string }> {
  const { policy, key } = input;
  const jobName = trainingJobName(policy.target, key);
  const request = { url: jobId(policy.workspaces.dev, jobName), query: { 'api-version': ApiVersion.MachineLearning } };
  const definition = trainingJob(input, jobName);
  const fingerprint = jsonDigest(definition);

  if (!(await isThere(arm, request, fingerprint, jobName))) {
    const properties = { ...definition.properties, properties: { [fingerprintProperty]: fingerprint, holdpoint_key: key.key } };
    try {
      await arm.send({ method: 'PUT', ...request, body: { properties } });
    } catch (error) {
      // "A job with this name already exists": an earlier write of this step arrived in between, or somebody else's; reading tells which.
      const exists = (isFailure(error, FailureType.InvalidRequest) || isFailure(error, FailureType.Busy)) && (await isThere(arm, request, fingerprint, jobName));
      if (!exists) throw error;
    }
    if (!(await isThere(arm, request, fingerprint, jobName))) throw vendorFailure(FailureType.Unavailable, `job ${jobName} cannot be read back yet`);
  }
  return { jobName };
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

function trainingJob({ policy, version, config, productionModel, pullRequestId, key }: SubmitTrainingJobInput, jobName: string): { properties: Record<string, unknown> } {
  const { training, target, sensor, workspaces: { dev } } = policy;
  const model = modelName(target);
  const production = productionModel === null ? {} : { production_model: { jobInputType: 'custom_model', uri: productionModel, mode: 'ReadOnlyMount' } };
  return {
    properties: {
      jobType: 'Command',
      displayName: `train ${target.plant}/${target.circuit} ${version}`,
      experimentName: `train-${model}`,
      command: trainingCommand(training.command, { location: sensor.station, column: sensor.column }, productionModel !== null),
      codeId: assetId(dev, 'codes', training.code),
      environmentId: assetId(dev, 'environments', training.environment),
      computeId: assetId(dev, 'computes', training.compute),
      environmentVariables: { TRAINING_CONFIG: JSON.stringify({ cutoff_date: config.cutoffDate, hyperparameters: config.hyperparameters }) },
      inputs: { data: { jobInputType: 'uri_file', uri: training.dataUri, mode: 'ReadOnlyMount' }, ...production },
      outputs: { model: { jobOutputType: 'custom_model', mode: 'ReadWriteMount', uri: `azureml://datastores/workspaceblobstore/paths/models/${model}/${jobName}` } },
      tags: { plant: target.plant, circuit: target.circuit, model_version: version, pull_request: String(pullRequestId), run: `${key.workflowId}/${key.runId}` },
    },
  };
}
