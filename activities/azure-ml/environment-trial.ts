/** The two ends of an integration test, each in one step: what an environment's update does for every model is to cost as few steps as can be. */
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { InferenceReport } from '../../workflows/domain/release.ts';
import { doubted, doubtsOf } from '../../workflows/domain/trial.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { readBatchDeployment, type BatchDeploymentRef } from './batch-deployment.ts';
import type { AzureMlClients } from './clients.ts';
import { deployBatchModel, type DeployBatchModelInput } from './deploy-batch-model.ts';
import { checkInference, type CheckInferenceInput } from './inference-check.ts';

export interface DeployTrialInput extends BatchDeploymentRef {
  key: StepKey;
  /** Where the model serves that is tried. */
  from: WorkspaceRef;
  template: DeployBatchModelInput['template'];
  /** `azureml:<name>:<version>` */
  environment: string;
  /** Of the test deployment from then on. */
  tags: { run: string; environment: string };
}

/**
 * Lets a deployment of the test workspace serve what production serves under the same name, in another environment. Answers the model; null where production serves none, and then nothing
 * was done.
 *
 * Safe to retry as `deployBatchModel` is: it reads first, and finds its own write.
 */
export async function deployTrial(clients: AzureMlClients, { from, ...input }: DeployTrialInput): Promise<{ model: string | null }> {
  const { workspace, endpoint, deployment } = input;
  const [{ model }, before] = await Promise.all([readBatchDeployment(clients, { workspace: from, endpoint, deployment }), readBatchDeployment(clients, { workspace, endpoint, deployment })]);
  if (model !== null) await deployBatchModel(clients, { ...input, before, model });
  return { model };
}

export interface CheckTrialInput extends CheckInferenceInput {
  endpoint: string;
  deployment: string;
  /** The tag `run` that the deployment must carry still. */
  run: string;
}

/** Checks a test inference, and that its deployment was not changed meanwhile. Safe to retry because it only reads. */
export async function checkTrial(clients: AzureMlClients, { endpoint, deployment, run, ...input }: CheckTrialInput): Promise<InferenceReport> {
  const [report, found] = await Promise.all([checkInference(clients, input), readBatchDeployment(clients, { workspace: input.workspace, endpoint, deployment })]);
  return doubted(report, doubtsOf(run, found));
}
