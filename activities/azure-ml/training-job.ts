import type { CircuitConfig } from '../../workflows/domain/circuit-config.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import { trainingJobName, type StepKey } from '../../workflows/domain/keys.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import { assetId } from '../azure-resource-manager/resource-ids.ts';
import type { RestClient } from '../http/rest-client.ts';
import { submitCommandJob } from './command-job.ts';
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
  await submitCommandJob(arm, { workspace: policy.workspaces.dev, jobName, key, properties: trainingJob(input, jobName) });
  return { jobName };
}

function trainingJob({ policy, version, config, productionModel, pullRequestId, key }: SubmitTrainingJobInput, jobName: string): Record<string, unknown> {
  const { training, target, sensor, workspaces: { dev } } = policy;
  const model = modelName(target);
  const production = productionModel === null ? {} : { production_model: { jobInputType: 'custom_model', uri: productionModel, mode: 'ReadOnlyMount' } };
  return {
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
  };
}
