import { Operations } from './azure-resource-manager/operations.ts';
import { Resources } from './azure-resource-manager/resources.ts';
import { BlobStore } from './blob/blob-store.ts';
import type { CoreContext } from './core/context.ts';
import { AUDIENCE, machineLearningId } from './core/tenancy.ts';
import { JobPaces } from './jobs/job-pace.ts';
import { JobRuns } from './jobs/job-runs.ts';
import type { JobRun } from './jobs/job-runs.ts';
import { JobRunner } from './jobs/runner.ts';
import { MlflowRuns } from './mlflow/mlflow-runs.ts';
import { isSeedJob } from './seed/estate.ts';

/** What the platforms of machine learning share: resources, files, jobs and what jobs log. */
export interface MachineLearning {
  resources: Resources;
  operations: Operations;
  blobs: BlobStore;
  mlflow: MlflowRuns;
  jobs: JobRunner;
}

/** Longer than any job, also when a test moves the clock forward by days. */
const JOB_TOKEN_LIFETIME_S = 365 * 24 * 3600;

export function createMachineLearning(core: CoreContext): MachineLearning {
  const { store, clock, stateDir } = core;
  const resources = new Resources(store, clock);
  const blobs = new BlobStore(store, stateDir);
  const mlflow = new MlflowRuns(store);
  const runs = new JobRuns(store, clock);
  const environment = (run: JobRun) => jobEnvironment(core, run);
  const jobs = new JobRunner({ stateDir, runs, resources, blobs, mlflow, clock, paces: new JobPaces(store), environment });
  return { resources, operations: new Operations(store, clock), blobs, mlflow, jobs };
}

/** What Azure ML gives a job's process so that an MLflow client finds the job's run, and the authority to trust. */
function jobEnvironment({ baseUrl, tokens, stateDir }: CoreContext, { workspace, name }: JobRun): Record<string, string> {
  return {
    MLFLOW_TRACKING_URI: `${baseUrl()}/mlflow/v2.0${machineLearningId(`workspaces/${workspace}`)}`,
    MLFLOW_TRACKING_TOKEN: tokens.issue(AUDIENCE.resourceManager, JOB_TOKEN_LIFETIME_S, isSeedJob(name)),
    MLFLOW_RUN_ID: name,
    AZUREML_RUN_ID: name,
    NODE_EXTRA_CA_CERTS: `${stateDir}/certificates/ca.pem`,
  };
}
