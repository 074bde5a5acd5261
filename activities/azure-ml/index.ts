/** Activities against Azure Machine Learning: training, registering, promoting, deploying, scoring. */
import { deployBatchModel, type DeployBatchModelInput } from './deploy-batch-model.ts';
import { cancelDuplicateInvocations, invokeBatchEndpoint, type CancelDuplicateInvocationsInput, type InvokeBatchEndpointInput } from './batch-invocation.ts';
import { awaitNextJob, findFailedJob, findLaterJobs, readBatchJob, readJobFailure, type AwaitNextJobInput, type FindFailedJobInput, type FindLaterJobsInput, type ReadBatchJobInput } from './batch-job.ts';
import { checkBatchData, checkEnvironment } from './batch-needs.ts';
import type { AzureMlClients } from './clients.ts';
import { readBatchDeployment, type BatchDeploymentRef } from './batch-deployment.ts';
import { findLastChanges, type FindLastChangesInput } from './last-changes.ts';
import { readBatchSuccess, type ReadBatchSuccessInput } from './batch-success.ts';
import { checkTrial, deployTrial, type CheckTrialInput, type DeployTrialInput } from './environment-trial.ts';
import { registerEnvironment, type RegisterEnvironmentInput } from './environment-versions.ts';
import { keepReport, type KeepReportInput } from './kept-report.ts';
import { checkNotebook, type CheckNotebookInput } from './notebook-evidence.ts';
import { checkInference, type CheckInferenceInput } from './inference-check.ts';
import { awaitJob, cancelJob, type AwaitJobInput, type CancelJobInput, type JobRef } from './job-end.ts';
import { readModelFiles, readModelVersion } from './model-evidence.ts';
import { fixModelVersion, readModelHistory, registerModel, type FixModelVersionInput, type ReadModelHistoryInput, type RegisterModelInput } from './model-versions.ts';
import { promoteModel, type PromoteModelInput } from './promotion.ts';
import { readPublishedVersion, type ReadPublishedVersionInput } from './published-versions.ts';
import { restoreBatchDeployment, type RestoreBatchDeploymentInput } from './restore-batch-deployment.ts';
import { readTrainingEvidence, type ReadTrainingEvidenceInput } from './training-evidence.ts';
import { readBatchJobLog, type ReadBatchJobLogInput } from './batch-job-log.ts';
import { switchBatchDeployment, type SwitchBatchDeploymentInput } from './switch-batch-deployment.ts';
import { readRegisteredModels, recordVerdict, type RecordVerdictInput, type RegistryModelRef } from './verdicts.ts';
import { submitTrainingJob, type SubmitTrainingJobInput } from './training-job.ts';
import { readComputeQuota, type ReadComputeQuotaInput } from './compute-quota.ts';
import { planEnvironmentRebuild, type PlanEnvironmentRebuildInput } from './environment-rebuild.ts';
import { retryTrainingJob, type RetryTrainingJobInput } from './retry-training-job.ts';
import { findFailedTrainings, readTrainingFailure, type FindFailedTrainingsInput } from './training-failures.ts';

export const createAzureMlActivities = (clients: AzureMlClients) => ({
  fixModelVersion: (input: FixModelVersionInput) => fixModelVersion(clients, input),
  submitTrainingJob: (input: SubmitTrainingJobInput) => submitTrainingJob(clients, input),
  awaitJob: (input: AwaitJobInput) => awaitJob(clients, input),
  cancelJob: (input: CancelJobInput) => cancelJob(clients, input),
  registerModel: (input: RegisterModelInput) => registerModel(clients, input),
  readModelHistory: (input: ReadModelHistoryInput) => readModelHistory(clients, input),
  readPublishedVersion: (input: ReadPublishedVersionInput) => readPublishedVersion(clients, input),
  readTrainingEvidence: (input: ReadTrainingEvidenceInput) => readTrainingEvidence(clients, input),
  promoteModel: (input: PromoteModelInput) => promoteModel(clients, input),
  readBatchDeployment: (input: BatchDeploymentRef) => readBatchDeployment(clients, input),
  findLastChanges: (input: FindLastChangesInput) => findLastChanges(clients, input),
  deployBatchModel: (input: DeployBatchModelInput) => deployBatchModel(clients, input),
  restoreBatchDeployment: (input: RestoreBatchDeploymentInput) => restoreBatchDeployment(clients, input),
  switchBatchDeployment: (input: SwitchBatchDeploymentInput) => switchBatchDeployment(clients, input),
  readRegisteredModels: (input: RegistryModelRef) => readRegisteredModels(clients, input),
  recordVerdict: (input: RecordVerdictInput) => recordVerdict(clients, input),
  readBatchJobLog: (input: ReadBatchJobLogInput) => readBatchJobLog(clients, input),
  invokeBatchEndpoint: (input: InvokeBatchEndpointInput) => invokeBatchEndpoint(clients, input),
  cancelDuplicateInvocations: (input: CancelDuplicateInvocationsInput) => cancelDuplicateInvocations(clients, input),
  readModelVersion: (input: Parameters<typeof readModelVersion>[1]) => readModelVersion(clients, input),
  readModelFiles: (input: Parameters<typeof readModelFiles>[1]) => readModelFiles(clients, input),
  readBatchJob: (input: ReadBatchJobInput) => readBatchJob(clients, input),
  readJobFailure: (input: JobRef) => readJobFailure(clients, input),
  findFailedJob: (input: FindFailedJobInput) => findFailedJob(clients, input),
  findLaterJobs: (input: FindLaterJobsInput) => findLaterJobs(clients, input),
  awaitNextJob: (input: AwaitNextJobInput) => awaitNextJob(clients, input),
  checkBatchData: (input: Parameters<typeof checkBatchData>[1]) => checkBatchData(clients, input),
  checkEnvironment: (input: Parameters<typeof checkEnvironment>[1]) => checkEnvironment(clients, input),
  checkInference: (input: CheckInferenceInput) => checkInference(clients, input),
  deployTrial: (input: DeployTrialInput) => deployTrial(clients, input),
  checkTrial: (input: CheckTrialInput) => checkTrial(clients, input),
  registerEnvironment: (input: RegisterEnvironmentInput) => registerEnvironment(clients, input),
  readBatchSuccess: (input: ReadBatchSuccessInput) => readBatchSuccess(clients, input),
  checkNotebook: (input: CheckNotebookInput) => checkNotebook(clients, input),
  keepReport: (input: KeepReportInput) => keepReport(clients, input),
  findFailedTrainings: (input: FindFailedTrainingsInput) => findFailedTrainings(clients, input),
  readTrainingFailure: (input: JobRef) => readTrainingFailure(clients, input),
  retryTrainingJob: (input: RetryTrainingJobInput) => retryTrainingJob(clients, input),
  readComputeQuota: (input: ReadComputeQuotaInput) => readComputeQuota(clients, input),
  planEnvironmentRebuild: (input: PlanEnvironmentRebuildInput) => planEnvironmentRebuild(clients, input),
});
